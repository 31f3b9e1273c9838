"""Whether confidence is probability: of records coded at 0.8, eight in ten should be right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Records whose confidence lies in [low, high): how sure on average, and how often right."""

    low: float
    high: float
    records: int
    confidence: float
    accuracy: float


def reliability(confidence: Sequence[float], right: Sequence[bool]) -> tuple[Bin, ...]:
    """The records by confidence, in tenths; a tenth without a record is left out."""
    sure, correct = np.asarray(confidence, np.float64), np.asarray(right, np.bool_)
    places = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    return tuple(
        Bin(
            place / BINS,
            (place + 1) / BINS,
            int((places == place).sum()),
            float(sure[places == place].mean()),
            float(correct[places == place].mean()),
        )
        for place in sorted(set(places.tolist()))
    )


def calibration_error(bins: Sequence[Bin]) -> float:
    """The expected calibration error (ECE): the mean gap between sure and right, over records."""
    records = sum(each.records for each in bins)
    gaps = sum(each.records * abs(each.confidence - each.accuracy) for each in bins)
    return gaps / records if records else 0.0
