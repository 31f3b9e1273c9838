"""How sure the codes are: confidences, counted and added up in a hundred bins."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

BINS = 100  # of 0.01; the last holds 1.00 too; ours
# Confidences are kept as whole ten-thousandths. Their sums are equal in whatever order they grow,
# and 0.29 is at or above 0.29.
UNIT = 10_000
_BIN = UNIT // BINS
_MAX_PENDING = UNIT + 1  # so many different ones there are


def _zeros() -> list[int]:
    return [0] * BINS


@dataclass(slots=True)
class Confidences:
    """The confidences of many rows. A bin holds what is at or above its lower bound."""

    _counts: list[int] = field(default_factory=_zeros)
    _sums: list[int] = field(default_factory=_zeros)
    unknown: int = 0
    """Rows whose code came without a confidence, or with one that is no number."""
    _pending: Counter[int] = field(default_factory=Counter)
    """Confidences → rows, not yet in the bins: a Counter counts quicker than we do."""

    @property
    def counts(self) -> list[int]:
        """Rows by bin."""
        self._put_in_bins()
        return self._counts

    @property
    def sums(self) -> list[int]:
        """The rows' confidences by bin, together, in `UNIT`."""
        self._put_in_bins()
        return self._sums

    @property
    def known(self) -> int:
        """Rows with a confidence."""
        return sum(self.counts)

    @property
    def mean(self) -> float | None:
        """Of those that are known; None without any."""
        return mean_of(sum(self.sums), self.known)

    def add(self, confidences: Sequence[float | None]) -> None:
        """One for each row. What is below 0 or above 1 counts as 0 or 1."""
        known = [each for each in confidences if each is not None]
        try:
            whole = [int(each * UNIT + 0.5) for each in known]
        except (ValueError, OverflowError):  # not a number, infinite, or nearly so
            known = [min(max(each, 0), 1) for each in known if _is_number(each)]
            whole = [int(each * UNIT + 0.5) for each in known]
        self.unknown += len(confidences) - len(known)
        self._pending.update(whole)
        if len(self._pending) > _MAX_PENDING:
            self._put_in_bins()

    def _put_in_bins(self) -> None:
        for value, count in self._pending.items():
            within = min(max(value, 0), UNIT)
            place = min(within // _BIN, BINS - 1)
            self._counts[place] += count
            self._sums[place] += within * count
        self._pending.clear()

    def to_state(self) -> dict[str, Any]:
        """What `from_state` takes."""
        return {"counts": list(self.counts), "sums": list(self.sums), "unknown": self.unknown}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """As it was."""
        return cls(list(state["counts"]), list(state["sums"]), state["unknown"])


def _is_number(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond the greatest float
        return False


def mean_of(whole: int, count: int) -> float | None:
    """The mean of so many confidences with that sum, in `UNIT`; None of none."""
    return whole / UNIT / count if count else None
