"""The calls of a day: how many were made, and how many are reserved for running operations.

A day is every window of 24 hours, not a date: the service does not say when its day begins, and
what holds for every window holds for its day. Calls are counted by two minutes, and count until
the last of their two minutes is a day old.

An operation that was begun will ask for its status; those calls are reserved for it from its
beginning until it is known to have ended. Reserved is what checks need while calls are scarce
(`polling.SCARCE`), never more than what is left when that begins; and what is needed in the next
minutes and hours must fit into what is free by then. So those calls are there however fast the rest
is used up, and however long operations take. Operations are counted by the hour of their beginning.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any, Self

from pipeline.rate_limit.polling import SCARCE

DAY_MS, HOUR_MS = 86_400_000, 3_600_000
COUNTED_MS = 120_000  # of one count: a day's 720 fit into an item of the ledger with ease; ours
MARGIN_MS = 1_000  # for clocks that differ, and calls that leave a moment late; ours
RESULT_CALLS = 2  # to fetch results: fresh URLs, and once more where they expire on the way
LARGEST_SHARE = 0.02  # of the day: one operation holds no more, so that some always run; ours
AHEAD_MS = (0, 60_000, 300_000, 1_200_000, HOUR_MS, 4 * HOUR_MS, DAY_MS)
"""The reserved calls must be free in each of these steps of the time to come: checks are dense at
first, and rare later; ours."""
RESERVED_HOURS = 24  # an operation whose end nobody reports holds calls no longer than a day; ours

Counts = Mapping[int, int]
ChecksAhead = Callable[[float, float], int]
"""Status checks that an operation of an age may need within a time; both in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyQuota:
    """The calls of the last day, as the ledger's item holds them.

    Times are milliseconds since 1970."""

    per_day: int
    checks_ahead: ChecksAhead
    made: Counts
    """Calls, by their two minutes (counted since 1970)."""
    running: Counts
    """Operations under way, by the hour in which they began (counted since 1970)."""

    @classmethod
    def of(cls, item: Mapping[str, Any], per_day: int, checks_ahead: ChecksAhead) -> Self:
        return cls(
            per_day=per_day,
            checks_ahead=checks_ahead,
            made=_counts(item.get("made", "")),
            running=_counts(item.get("running", "")),
        )

    def to_item(self) -> dict[str, Any]:
        return {"made": _text(self.made), "running": _text(self.running)}

    def used(self, at: int) -> int:
        """Calls of the 24 hours before `at`."""
        first = _first_counted(at)
        return sum(count for period, count in self.made.items() if period >= first)

    def under_way(self, at: int) -> int:
        """Operations that have begun and are not known to have ended."""
        hour = at // HOUR_MS
        return sum(n for began, n in self.running.items() if hour < began + RESERVED_HOURS)

    def reserved(self, at: int, within: int) -> int:
        """Calls that the operations under way, and one more, may need within so long."""
        return self._of_one(0, within) + sum(
            count * self._of_one(max(0, at - (hour + 1) * HOUR_MS), within)
            for hour, count in self.running.items()
            if at < (hour + RESERVED_HOURS) * HOUR_MS
        )

    def available_at(self, at: int, *, begins: bool) -> int:
        """When the quota has room for a call, `at` or later; and for its checks, where it `begins`
        an operation.

        Where operations under way hold the room, it is the time at which old calls leave the day;
        it will be earlier when some of those operations end."""
        if not begins:
            return self._room_for(1, at)
        reserved = self.reserved(at, DAY_MS)
        if reserved > self.per_day * SCARCE:
            return at + HOUR_MS
        if self.per_day - sum(self.made.values()) > reserved:
            return at  # without looking closer: the common case
        return max(
            self._room_for(1 + self.reserved(at, until), at + since) - since
            for since, until in pairwise(AHEAD_MS)
        )

    def after_call(self, at: int, *, begins: bool) -> Self:
        first = _first_counted(at)
        made = {period: n for period, n in self.made.items() if period >= first}
        made[at // COUNTED_MS] = made.get(at // COUNTED_MS, 0) + 1
        running = self.running
        if begins:
            hour = at // HOUR_MS
            running = {h: n for h, n in running.items() if h + RESERVED_HOURS > hour}
            running[hour] = running.get(hour, 0) + 1
        return replace(self, made=made, running=running)

    def after_end(self, started_at: int) -> Self | None:
        """The quota without the operation that began nearest to then; None where none is known."""
        if not self.running:
            return None
        nearest = min(self.running, key=lambda hour: abs(hour - started_at // HOUR_MS))
        running = {h: n - (h == nearest) for h, n in self.running.items()}
        return replace(self, running={h: n for h, n in running.items() if n > 0})

    def _room_for(self, calls: int, at: int) -> int:
        """When so many calls are free, `at` or later, if no others are made meanwhile."""
        room = self.per_day - self.used(at)
        if room >= calls:
            return at
        first = _first_counted(at)
        for period in sorted(period for period in self.made if period >= first):
            room += self.made[period]
            if room >= calls:
                return _leaves(period)
        return at + HOUR_MS

    def _of_one(self, age_ms: int, within_ms: int) -> int:
        most = int(self.per_day * LARGEST_SHARE)
        return min(most, self.checks_ahead(age_ms / 1000, within_ms / 1000) + RESULT_CALLS)


def _leaves(period: int) -> int:
    """When the last call of these two minutes is a day old."""
    return (period + 1) * COUNTED_MS + DAY_MS + MARGIN_MS


def _first_counted(at: int) -> int:
    """The first two minutes that still count at that time."""
    return (at - DAY_MS - MARGIN_MS) // COUNTED_MS


def _text(counts: Counts) -> str:
    """One text, e.g. `14961960:58 14961961:57`: hundreds of numbers would be slow to read."""
    return " ".join(f"{period}:{count}" for period, count in counts.items())


@lru_cache(maxsize=4)  # the same text is read by many who are sent away
def _counts(text: str) -> Counts:
    pairs = (pair.split(":") for pair in text.split())
    return {int(period): int(count) for period, count in pairs}
