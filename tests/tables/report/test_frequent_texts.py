"""The most frequent texts: exact while all have slots, and within its bounds beyond."""

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tables.report import frequent_texts
from tables.report.frequent_texts import MAX_TEXT_CHARACTERS, FrequentTexts
from tables.report.state_size import TEXTS_BUDGET

Texts = tuple[str, ...]


def should_see_no_difference_in_case_and_spaces() -> None:
    texts = FrequentTexts()
    texts.add([("Manager", ""), ("manager ", ""), ("MANAGER", ""), ("Manager", ""), ("man", "")])
    assert [(each.texts, each.least, each.most) for each in texts.top(9)] == [
        (("Manager", ""), 4, 4),
        (("man", ""), 1, 1),
    ]


def should_tell_apart_the_fields_of_a_text() -> None:
    texts = FrequentTexts()
    texts.add([("a b", ""), ("a", "b"), ("", "a b")])
    assert len(texts.top(9)) == 3


def should_cut_long_texts_together() -> None:
    texts = FrequentTexts()
    texts.add([("a" * 150, "b" * 150)])
    (only,) = texts.top(1)
    assert sum(map(len, only.texts)) == MAX_TEXT_CHARACTERS
    assert only.texts[1].endswith("b…")


def should_find_the_frequent_ones_among_many_that_come_once() -> None:
    texts = FrequentTexts()
    for batch in range(100):
        rare = [(f"rare {batch} {each}", "") for each in range(97)]
        texts.add([*rare, ("manager", ""), ("manager", ""), ("office", "")])
    assert not texts.is_exact
    first, second = texts.top(2)
    assert (first.texts, first.least, first.most) == (("manager", ""), 200, 200)
    assert (second.texts, second.least, second.most) == (("office", ""), 100, 100)


@pytest.fixture
def few_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frequent_texts, "SLOTS", 4)
    monkeypatch.setattr(frequent_texts, "_MOST_SLOTS", 8)


BATCHES = st.lists(st.lists(st.integers(0, 30), max_size=12), max_size=12)


@pytest.mark.usefixtures("few_slots")
@settings(max_examples=80)
@given(BATCHES, st.booleans())
def should_never_say_more_than_is_known(batches: list[list[int]], is_kept: bool) -> None:
    texts = FrequentTexts()
    truth: Counter[Texts] = Counter()
    for batch in batches:
        rows = [(f"text {each}", "") for each in batch]
        texts.add(rows)
        truth.update(rows)
        if is_kept:
            texts = FrequentTexts.from_state(json.loads(json.dumps(texts.to_state())))
    found = {each.texts: each for each in texts.top(100)}
    for each, count in truth.items():
        if each in found:
            assert found[each].least <= count <= found[each].most
        else:
            assert count <= texts.floor
    if texts.is_exact:
        assert {each: slot.least for each, slot in found.items()} == truth


def should_say_that_counts_are_bounds_when_a_state_has_no_place_for_all() -> None:
    texts = FrequentTexts()
    wide = "\N{GRINNING FACE}" * 190
    texts.add([(f"{each} {wide}", "") for each in range(900) for _ in range(1 + each % 3)])
    state = texts.to_state()
    assert len(json.dumps(state)) < TEXTS_BUDGET + 100
    back = FrequentTexts.from_state(state)
    assert texts.is_exact
    assert not back.is_exact
    assert back.floor == 3
    assert back.top(3) == texts.top(3)
