import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.review import distinct_texts
from tables.review.distinct_texts import MAX_TEXT_CHARACTERS, DistinctTexts, text_id
from tests.support.tables.reports import CodedRow, a_coded, a_suggested, batch_of

DROP = "3f2a" * 8
rows_of_texts = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.booleans()).map(
        lambda each: a_suggested(each[0], "") if each[1] else _a_coded_text(each[0] * 2)
    ),
    max_size=60,
)


def _a_coded_text(text: str) -> CodedRow:
    coded = a_coded()
    return CodedRow(coded.status, coded.result, (), (text, ""))


def _collected(rows: list[CodedRow], size: int, **how: Any) -> DistinctTexts:
    texts = DistinctTexts(DROP, **how)
    for start in range(0, len(rows), size):
        texts.add(batch_of(rows[start : start + size]))
        texts = DistinctTexts.from_state(json.loads(json.dumps(texts.to_state())))
    return texts


@given(rows_of_texts, st.integers(1, 7), st.sampled_from([0, 0.3, 1]))
def should_hold_the_same_however_rows_are_cut(
    rows: list[CodedRow], size: int, share: float
) -> None:
    whole = _collected(rows, 100, blind_share=share)
    assert _collected(rows, size, blind_share=share) == whole
    assert whole.is_complete
    assert sum(each.rows for each in whole.uncoded.values()) == sum(
        each.result is None for each in rows
    )


def should_count_texts_as_one_when_case_and_spaces_differ() -> None:
    texts = _collected([a_suggested("Head  Cook", ""), a_suggested("head cook ", "")], 1)
    (found,) = texts.most_frequent().values()
    assert (found.texts, found.rows) == (("Head  Cook", ""), 2)
    assert text_id(("a", "b"), DROP) != text_id(("a b", ""), DROP)
    assert text_id(("a",), DROP) != text_id(("a",), "other")


def should_keep_the_most_frequent_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distinct_texts, "MOST_TEXTS", 10)
    monkeypatch.setattr(distinct_texts, "_MOST_SLOTS", 15)
    often = [a_suggested(f"often {number % 5}", "") for number in range(200)]
    rare = [a_suggested(f"rare {number}", "") for number in range(200)]
    mixed = [each for pair in zip(often, rare, strict=True) for each in pair]
    texts = _collected(mixed, 10, blind_share=0)
    found = list(texts.most_frequent().values())
    assert len(found) == 10
    assert {each.texts[0] for each in found[:5]} == {f"often {number}" for number in range(5)}
    assert all(each.rows <= 40 <= each.rows + each.before for each in found[:5])
    assert not texts.is_complete
    assert len(texts.uncoded) <= 15


def should_draw_the_blind_share_from_coded_texts_too_and_always_the_same() -> None:
    rows = [_a_coded_text(f"coded {number}") for number in range(2_000)]
    rows += [a_suggested(f"uncoded {number}", "") for number in range(2_000)]
    drawn = _collected(rows, 500, blind_share=0.05).blind_sample()
    again = _collected(rows[::-1], 333, blind_share=0.05).blind_sample()
    assert drawn.keys() == again.keys()
    assert 140 <= len(drawn) <= 260
    kinds = [each.texts[0].split()[0] for each in drawn.values()]
    assert min(kinds.count("coded"), kinds.count("uncoded")) > 60
    assert not any(each.suggestions for each in drawn.values())


def should_draw_each_text_with_all_its_rows_when_the_share_is_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distinct_texts, "MOST_BLIND", 20)
    rows = [_a_coded_text(f"coded {number % 300}") for number in range(1_200)]
    texts = _collected(rows, 100, blind_share=1)
    drawn = texts.blind_sample()
    assert len(texts.blind) <= 40
    assert len(drawn) == 20
    assert {each.rows for each in drawn.values()} == {4}
    smallest = sorted(text_id((f"coded {number}", ""), DROP) for number in range(300))[:20]
    assert list(drawn) == smallest


def should_cut_what_is_shown_and_tell_long_texts_apart() -> None:
    texts = _collected([a_suggested("x" * 900 + end, "tasks") for end in "ab"], 2)
    assert len(texts.uncoded) == 2
    for each in texts.uncoded.values():
        assert sum(map(len, each.texts)) <= MAX_TEXT_CHARACTERS + len(each.texts)


def should_hold_text_that_no_encoding_has() -> None:
    texts = _collected([a_suggested("half \ud800", "")], 1)
    (found,) = texts.uncoded.values()
    assert found.texts[0].encode() == b"half \xef\xbf\xbd"
