"""Words are found in whatever people write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_service.coder.text import terms, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R.N. (Aged Care)", ["rn", "aged", "care"]),
        ("Driver's mate / off-sider", ["drivers", "mate", "off", "sider"]),
        ("I am the CAFÉ owner", ["cafe", "owner"]),
        ("ＩＴ support", ["it", "support"]),
        ("会社員 営業", ["会社員", "営業"]),
        ("snake_case", ["snake", "case"]),
        ("\u0000\u2028 \ud800 !!!", []),
        ("", []),
    ],
)
def should_find_the_words_when_a_text_is_written_as_people_do(
    text: str, expected: list[str]
) -> None:
    assert words(text) == expected


def should_count_a_term_once_at_its_highest_weight_when_it_stands_in_two_fields() -> None:
    record = {"occp_text": "bus driver", "tasks_text": "driver of bus, bus driver"}

    found = terms(record, {"occp_text": 1.0, "tasks_text": 0.3})

    assert found == {
        "bus": 1.0,
        "driver": 1.0,
        "bus driver": 1.0,
        "driver bus": 0.3,
        "bus bus": 0.3,
    }


@given(st.text(alphabet=st.characters(), max_size=300))
def should_give_only_words_without_spaces_when_any_text_comes(text: str) -> None:
    assert all(word and " " not in word for word in words(text))
