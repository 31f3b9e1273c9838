"""Every API call takes a slot: one pace and one daily budget for all functions together.

The service allows a client so many requests a second and a day (its user guide: 1 and 10,000).
One ledger item, `limiter`/`calls`, holds the next free slot; a conditional write takes it. A
slot that is at most two seconds away is waited for; otherwise nothing is taken and the caller
learns, with `CallNotDue`, when to come back: the state machine waits, no function does.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Self

from pipeline.clock import Clock, next_midnight
from pipeline.ledger import Item, Ledger

LONGEST_SLEEP_MS = 2_000  # ours: a function that sleeps is paid for; a waiting execution is not
PACE_SLACK = 1.05  # ours: slots are 5 % further apart than allowed, for jitter on the way there
SUBMISSIONS_SHARE = 0.8  # of the day's calls. The rest is for status checks: results vanish in 24 h
CLOSED_AT_LEAST = timedelta(minutes=15)  # ours: near midnight, leave the service time to turn over
SLOW_DOWN_INTERVALS = 5  # ours: after a 429 everybody skips this many slots
LONGEST_QUEUE_MS = 3_600_000  # ours: nobody is sent away for over an hour by the queue alone
TRIES = 20  # ours: conditional writes lost in a row before the caller is sent away
PK, SK = "limiter", "calls"
UNCHANGED = "attribute_not_exists(#version) OR #version = :seen"


class CallNotDue(Exception):
    """No call is free yet; come back in `wait_seconds`. Becomes the status `awaiting_slot`."""

    def __init__(self, wait_seconds: int) -> None:
        super().__init__(f"no call is free for {wait_seconds} s")
        self.wait_seconds = wait_seconds


class Lane(Enum):
    """What a call is for. Status checks go before submissions."""

    SUBMISSION = "submissions"
    STATUS = "checks"


@dataclass(frozen=True, slots=True)
class _Calls:
    """The ledger's item. All times are milliseconds since 1970."""

    version: int
    """Counts the writes that took a slot or closed the gate; conditions name it."""
    next_at: int
    checks_wait_until: int
    closed_until: int
    day: str
    used: int
    """Calls taken in `day`."""
    tails: dict[Lane, int]
    """For each lane a hint at the end of its queue."""

    @classmethod
    def of(cls, item: Item | None, day: str) -> Self:
        item = item or {}
        return cls(
            version=item.get("version", 0),
            next_at=item.get("next_at", 0),
            checks_wait_until=item.get("checks_wait_until", 0),
            closed_until=item.get("closed_until", 0),
            day=day,
            used=item.get("used", 0) if item.get("day") == day else 0,
            tails={lane: item.get(f"{lane.value}_tail", 0) for lane in Lane},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limiter:
    """Hands out call times. Every method may raise `AwsBusy`."""

    ledger: Ledger
    requests_per_second: float
    requests_per_day: int
    clock: Clock = field(default_factory=Clock)
    chance: Callable[[], float] = random.random
    """Uniform in [0, 1)."""
    on_wait: Callable[[], None] = lambda: None
    """Called for each call that was sent away; counts a metric."""

    def take(self, lane: Lane) -> None:
        """Returns when the call may be made; raises `CallNotDue` where that is not soon."""
        for _ in range(TRIES):
            calls = self._read()
            not_before = self._shut_until(calls, lane)
            now = self.clock.milliseconds()
            slot = max(now, calls.next_at, not_before)
            if lane is Lane.SUBMISSION and calls.checks_wait_until > now:
                slot = max(slot, calls.checks_wait_until)
            if slot - now > LONGEST_SLEEP_MS:
                self._send_away(calls, lane, slot)
            if self._take(calls, slot):
                self.clock.sleep(max(0.0, (slot - self.clock.milliseconds()) / 1000))
                return
        raise self._not_due(round(self._interval_ms * TRIES * (0.5 + self.chance())))

    def slow_down(self) -> None:
        """After "Too Many Requests": nobody calls for a few intervals."""
        resume = self.clock.milliseconds() + round(self._interval_ms * SLOW_DOWN_INTERVALS)
        self._raise_to("next_at", resume)

    def close(self) -> CallNotDue:
        """After "Limit Exceeded": nobody calls until the day's quota returns.

        Returns what the caller has to raise."""
        now = self.clock.now()
        opens = max(next_midnight(now), now + CLOSED_AT_LEAST)
        until = _milliseconds(opens)
        self._raise_to("closed_until", until)
        spread = self.chance() * min(LONGEST_QUEUE_MS, self._interval_ms * self.requests_per_day)
        return self._not_due(until - self.clock.milliseconds() + round(spread))

    def budget_left(self) -> float:
        """Share of the day's calls that is still free, 0 to 1."""
        return max(0.0, 1 - self._read().used / self.requests_per_day)

    @property
    def _interval_ms(self) -> float:
        return 1000 / self.requests_per_second * PACE_SLACK

    def _read(self) -> _Calls:
        return _Calls.of(self.ledger.get(PK, SK), self.clock.now().date().isoformat())

    def _shut_until(self, calls: _Calls, lane: Lane) -> int:
        """Until when no call of the lane is allowed at all; 0 if it is now."""
        share = SUBMISSIONS_SHARE if lane is Lane.SUBMISSION else 1
        shut = calls.closed_until if calls.closed_until > self.clock.milliseconds() else 0
        if calls.used >= self.requests_per_day * share:
            shut = max(shut, _milliseconds(next_midnight(self.clock.now())))
        return shut

    def _take(self, calls: _Calls, slot: int) -> bool:
        return self.ledger.update(
            PK,
            SK,
            set={
                "next_at": slot + math.ceil(self._interval_ms),
                "day": calls.day,
                "used": calls.used + 1,
                "version": calls.version + 1,
            },
            when=UNCHANGED,
            names={"#version": "version"},
            values={":seen": calls.version},
        )

    def _send_away(self, calls: _Calls, lane: Lane, slot: int) -> None:
        """Queues behind those that were sent away before. The tail is a hint and may be lost:
        whoever comes back too early is sent away again."""
        furthest = slot + LONGEST_QUEUE_MS
        position = round(max(calls.tails[lane], slot) + self._interval_ms)
        if position >= furthest:
            position = round(furthest - self.chance() * LONGEST_QUEUE_MS / 2)
        marks = {f"{lane.value}_tail": max(calls.tails[lane], position)}
        if lane is Lane.STATUS and slot < self.clock.milliseconds() + LONGEST_QUEUE_MS:
            marks["checks_wait_until"] = max(calls.checks_wait_until, position)
        self.ledger.update(PK, SK, set=marks)
        raise self._not_due(position - self.clock.milliseconds())

    def _raise_to(self, name: str, until: int) -> None:
        """Moves a time of the item ahead, never back; slots taken on an old view are refused."""
        for _ in range(TRIES):
            item = self.ledger.get(PK, SK) or {}
            if item.get(name, 0) >= until:
                return
            version = item.get("version", 0)
            if self.ledger.update(
                PK,
                SK,
                set={name: until, "version": version + 1},
                when=UNCHANGED,
                names={"#version": "version"},
                values={":seen": version},
            ):
                return

    def _not_due(self, milliseconds: int) -> CallNotDue:
        self.on_wait()
        return CallNotDue(max(1, math.ceil(milliseconds / 1000)))


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
