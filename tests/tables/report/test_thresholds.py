"""Coverage, expected precision and work left at each threshold, and the sentence of one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tables.report.thresholds import by_threshold, entry_at, sentence
from tables.report.words import NO_BREAK
from tests.support.tables.reports import A_BLANK, A_KNOWN, A_REFUSED, a_coded, a_suggested, tally_of


def should_expect_the_mean_confidence_of_what_is_at_or_above_the_threshold() -> None:
    tally = tally_of(
        [a_coded(confidence=each) for each in (0.75, 0.85, 0.95, 0.74)]
        + [a_suggested(confidence=0.8), A_BLANK, A_REFUSED]
    )
    entry = by_threshold(tally, 2)[75]
    assert entry == {
        "threshold": 0.75,
        "coded": 3,
        "coverage": round(3 / 7, 6),
        "expectedPrecision": 0.85,
        "left": 3,
        "hours": 1.5,
        "withSuggestions": {
            "coded": 4,
            "coverage": round(4 / 7, 6),
            "expectedPrecision": 0.8375,
        },
    }


def should_expect_nothing_where_nothing_is_so_sure() -> None:
    entry = by_threshold(tally_of([a_coded(confidence=0.5)]), 100)[99]
    assert (entry["coded"], entry["expectedPrecision"], entry["left"]) == (0, None, 1)


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1), max_size=50))
def should_code_fewer_and_expect_more_right_as_the_threshold_rises(values: list[float]) -> None:
    tally = tally_of([a_coded(confidence=value) for value in values])
    entries = by_threshold(tally, 100)
    coded = [each["coded"] for each in entries]
    right = [each["expectedPrecision"] for each in entries if each["coded"]]
    assert coded == sorted(coded, reverse=True)
    assert right == sorted(right)
    assert all(each["coded"] + each["left"] == len(values) for each in entries)


def _entry(coded: int, left: int, precision: float | None = 0.96) -> dict[str, object]:
    return {"threshold": 0.75, "coded": coded, "left": left, "expectedPrecision": precision}


LONG = "At 0.75, 8,412 of 10,000 rows are coded, about 96 % right; "
NONE = "At 0.75, 0 of 2 rows are coded; 1 has nothing to code; 1 is left: "


@pytest.mark.parametrize(
    ("entry", "rows", "blank", "words"),
    [
        (
            _entry(8412, 1588),
            10_000,
            0,
            LONG + "1,588 are left: 16 hours by hand at 100 an hour.",
        ),
        (
            _entry(8412, 1530),
            10_000,
            58,
            LONG + "58 have nothing to code; 1,530 are left: 15 hours by hand at 100 an hour.",
        ),
        (_entry(1, 0), 1, 0, "At 0.75, 1 of 1 row is coded, about 96 % right; 0 are left."),
        (_entry(0, 1, None), 2, 1, NONE + "less than an hour by hand at 100 an hour."),
    ],
)
def should_say_what_a_manager_needs(
    entry: dict[str, object], rows: int, blank: int, words: str
) -> None:
    assert sentence(entry, rows, blank, 100).replace(NO_BREAK, " ") == words


def should_leave_nobody_the_rows_that_the_dictionary_has() -> None:
    entries = by_threshold(tally_of([a_coded(), A_KNOWN, a_suggested()]), 100)
    assert [each["left"] for each in entries[::99]] == [1, 2]
    said = sentence(entries[75], 3, 0, 100, known=1).replace(NO_BREAK, " ")
    assert (
        "1 of 3 rows is coded, about 90 % right; 1 is known from the dictionary; 1 is left" in said
    )


@pytest.mark.parametrize(("wanted", "at"), [(0.75, 0.75), (0.7, 0.7), (1.0, 0.99), (-1, 0.0)])
def should_find_the_nearest_hundredth(wanted: float, at: float) -> None:
    assert entry_at(by_threshold(tally_of([]), 100), wanted)["threshold"] == at
