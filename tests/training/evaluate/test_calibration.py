"""Confidence is compared with how often it was right."""

import pytest

from training.evaluate.calibration import calibration_error, reliability


def should_have_no_error_when_confidence_is_how_often_it_is_right() -> None:
    bins = reliability([0.75] * 4 + [0.25] * 4, [True] * 3 + [False] + [True] + [False] * 3)

    assert [(each.low, each.records, each.accuracy) for each in bins] == [
        (0.2, 4, 0.25),
        (0.7, 4, 0.75),
    ]
    assert calibration_error(bins) == pytest.approx(0.0)


def should_weigh_the_gap_by_records_when_confidence_is_too_high() -> None:
    bins = reliability([1.0, 1.0, 1.0, 0.0], [True, False, False, False])

    assert calibration_error(bins) == pytest.approx(0.5)


def should_be_empty_when_there_is_no_record() -> None:
    assert reliability([], []) == ()
    assert calibration_error(()) == 0.0
