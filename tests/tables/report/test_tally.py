"""The tally counts each row once, however the rows come, in bounded memory and state."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tables.coded.coded_rows import CodedStatus
from tables.report.report import report_of
from tables.report.state_size import MAX_STATE
from tables.report.tally import Tally
from tests.support.tables.reports import (
    A_BLANK,
    A_KNOWN,
    A_NOTHING,
    A_REFUSED,
    ABOUT,
    MODEL,
    PLAN,
    CodedRow,
    a_coded,
    a_report,
    a_suggested,
    batch_of,
    some_rows,
    tally_of,
)

CONFIDENCES = st.none() | st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 1)
ROWS = st.one_of(
    st.just(A_BLANK),
    st.just(A_REFUSED),
    st.just(A_KNOWN),
    st.builds(
        a_coded, st.sampled_from(["241213", "2412", "261313"]), st.just("Label"), CONFIDENCES
    ),
    st.builds(a_suggested, st.text(max_size=4), st.text(max_size=4), confidence=CONFIDENCES),
)


def should_count_each_row_by_its_status_and_level() -> None:
    shortened = replace(a_coded("2412"), status=CodedStatus.SHORTENED)
    unsent = [A_BLANK, A_REFUSED, A_KNOWN]
    tally = tally_of([a_coded(), a_coded("2412"), a_suggested(), A_NOTHING, *unsent, shortened])
    assert tally.rows == 8
    assert tally.empty == 2
    assert tally.known == 1
    assert tally.statuses == dict.fromkeys(CodedStatus, 1)
    assert tally.levels == {6: 2, 4: 2}
    assert tally.coded == 4
    assert tally.results.known == 3, "the dictionary is no machine that could be sure"
    assert tally.results.unknown == 0
    assert tally.best_suggestions.known == 1


def should_count_a_shortened_row_without_a_code_among_the_uncoded() -> None:
    shortened = replace(a_suggested("long", "text"), status=CodedStatus.SHORTENED)
    tally = tally_of([shortened])
    assert [(each.texts, each.least) for each in tally.uncoded.top(9)] == [(("long", "text"), 1)]


def should_keep_levels_few_when_codes_are_long() -> None:
    tally = tally_of([a_coded("1" * length) for length in range(20, 2_000, 7)])
    assert set(tally.levels) == {20}


@settings(max_examples=60)
@given(st.lists(ROWS, max_size=40), st.lists(st.integers(0, 40), max_size=4))
def should_be_the_same_wherever_batches_and_checkpoints_are_cut(
    rows: list[CodedRow], cuts: list[int]
) -> None:
    whole = tally_of(rows)
    tally = Tally()
    bounds = [0, *sorted(cuts), len(rows)]
    for first, last in pairwise(bounds):
        tally.add(batch_of(rows[first:last]))
        tally = Tally.from_state(json.loads(json.dumps(tally.to_state())))
    assert tally.to_state() == Tally.from_state(whole.to_state()).to_state()
    assert tally.uncoded.top(50) == whole.uncoded.top(50)


def should_make_the_same_report_when_it_goes_on_from_a_state() -> None:
    rows = some_rows(3_000)
    first = tally_of(rows[:1_000])
    second = Tally.from_state(json.loads(json.dumps(first.to_state())))
    second.add(batch_of(rows[1_000:]))
    again = report_of(second, plan=PLAN, about=ABOUT, model=MODEL, previous=None)
    assert again == a_report(rows)


def _hostile(count: int) -> Sequence[CodedRow]:
    """Every code, label and text is another one, as long as it gets, of the widest letters."""
    wide = "\N{GRINNING FACE}"
    return [
        row
        for place in range(count)
        for row in (
            a_coded(f"{place:06}" + wide * 60, f"{place}" + wide * 400, place / count),
            a_suggested(f"{place}" + wide * 290, "", confidence=place / count),
        )
    ]


def should_keep_its_state_small_whatever_comes() -> None:
    tally = Tally()
    rows = _hostile(6_000)
    for first in range(0, len(rows), 1_000):
        tally.add(batch_of(rows[first : first + 1_000]))
    state = json.dumps(tally.to_state())
    assert len(state) < MAX_STATE
    back = Tally.from_state(json.loads(state))
    assert back.rows == tally.rows == 12_000
    assert back.codes.rows == tally.codes.rows == 6_000
    assert not back.uncoded.is_exact
