from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.mapping.names import KNOWN_NAMES, RECORD_ID_NAMES, listed, plain_name, shown


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("occp_text", "occptext"),
        (" Job-Title ", "jobtitle"),
        ("JOB TITLE:", "jobtitle"),
        ("Métier (actuel)", "metieractuel"),
        ("me\u0301tier actuel", "metieractuel"),
        ("Tätigkeit", "tatigkeit"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("\ufeffid", "id"),
        ("職 業", "職業"),
        ("Ｊｏｂ", "job"),
        ("#", ""),
    ],
)
def should_compare_names_by_their_letters_and_digits(name: str, expected: str) -> None:
    assert plain_name(name) == expected


@given(st.text(max_size=20))
def should_find_a_plain_name_plain(text: str) -> None:
    assert plain_name(plain_name(text)) == plain_name(text)


def should_know_no_name_twice() -> None:
    names = [plain_name(n) for n in chain(*KNOWN_NAMES.values(), RECORD_ID_NAMES)]

    assert "" not in names
    assert sorted(names) == sorted(set(names))


@given(st.text(max_size=60))
def should_show_a_name_so_that_a_message_stays_one_line(name: str) -> None:
    assert shown(name).isprintable()
    assert len(shown(name)) <= 41


def should_make_visible_what_can_not_be_seen() -> None:
    assert shown("a\nb\x1b[31m\u202e\xa0c") == "a␊b␛[31m\\u202e c"
    assert shown("x" * 50) == "x" * 40 + "…"


def should_list_few_names_and_say_how_many_more_there_are() -> None:
    assert listed(["a", " ", "c"]) == "“a”, one without a name, “c”"
    assert listed([str(n) for n in range(1000)]) == "“0”, “1”, “2”, “3”, “4” and 995 more"
    assert len(listed(["x" * 100] * 9)) < 200
