"""Confidences fall in the right bins, and their sums are exact."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tables.report.confidences import BINS, UNIT, Confidences


@pytest.mark.parametrize("hundredth", range(BINS))
def should_put_a_confidence_at_or_above_its_own_hundredth(hundredth: int) -> None:
    confidences = Confidences()
    confidences.add([hundredth / 100])
    assert confidences.counts[hundredth] == 1
    assert confidences.sums[hundredth] == hundredth * UNIT // 100


def should_hold_certainty_in_the_last_bin() -> None:
    confidences = Confidences()
    confidences.add([1.0, 1])
    assert confidences.counts[99] == 2
    assert confidences.mean == 1.0


def should_count_what_is_no_number_as_unknown() -> None:
    confidences = Confidences()
    confidences.add([None, math.nan, math.inf, -math.inf, 10**400, 0.5])
    assert (confidences.known, confidences.unknown) == (1, 5)
    assert confidences.mean == 0.5


def should_have_no_mean_without_any() -> None:
    assert Confidences().mean is None


@pytest.mark.parametrize(("written", "place"), [(-3.0, 0), (1.2, 99), (98.0, 99), (1e305, 99)])
def should_take_what_is_out_of_bounds_as_the_bound(written: float, place: int) -> None:
    confidences = Confidences()
    confidences.add([written])
    assert confidences.counts[place] == 1
    assert 0 <= confidences.sums[place] <= UNIT


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def should_have_the_mean_of_all(values: list[float]) -> None:
    confidences = Confidences()
    for value in values:
        confidences.add([value])
    assert confidences.mean == pytest.approx(math.fsum(values) / len(values), abs=1 / UNIT)


def should_stay_small_when_confidences_are_all_different() -> None:
    confidences = Confidences()
    for start in range(5):
        confidences.add([start * 1e5 + place for place in range(20_000)])
    assert confidences.known == 100_000
    assert confidences.counts[99] == 99_999
