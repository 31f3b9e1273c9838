"""Every API call takes a slot: one pace and one daily budget for all functions together.

The service allows a client so many requests a second and a day (its user guide: 1 and 10,000).
One ledger item, `limiter`/`calls`, holds the next free slot, the calls of the last day and a queue
for each lane; a write that fails where somebody else was faster takes a slot. Slots follow each
other at a fixed distance, a little more than allowed: a caller that wakes too late for its slot
lets it pass. A slot that is seconds away is waited for; otherwise the caller learns, with
`CallNotDue`, its turn and when to come back with it: the state machine waits, no function does.

How the pace, the queues and the budget were chosen, and what holds them: docs/limits.md.
"""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from typing import Any, Self

from pipeline.call_budget import CallBudget, ChecksAhead
from pipeline.call_queue import PATIENCE, CallQueue
from pipeline.clock import Clock, next_midnight
from pipeline.ledger import Ledger
from pipeline.polling import STANDARD

SLACK = 1.04  # ours: slots are 4 % further apart than allowed, for calls that are not in time
LATEST = 0.03  # ours: of a slot's second; who wakes later has missed its slot. The rest of the
# slack is for the way to the service
LEAD_MS = 100  # ours: a slot is taken so long before it is due, for the ledger's answer
SLEEPS_MS = 3_000  # ours: a function that sleeps is paid for, but less than being sent away
CHECKS_SLEEP_MS = 5_000  # ours: checks take slots further ahead than others, and so go first
ARRIVAL_SHARE = 0.6  # ours: of that sleep; callers are told to be back so much before their slot
CLOSED_AT_LEAST = timedelta(minutes=15)  # ours: near midnight, leave the service time to turn over
SLOW_DOWN_SLOTS = 5  # ours: after a 429 everybody skips so many slots
LONGEST_QUEUE_MS = 1_800_000  # ours: nobody is sent away for over half an hour by the queue alone
ENDS_SEEN_MS = (10_000, 1_200_000)  # ours: an operation's end lets others begin. It is looked for
# again after as long as nothing began, but at least and at most so long
ENDS_A_WAIT = 20  # ours: so many turns later, after twice that time
TRIES = 20  # ours: conditional writes lost in a row before the caller is sent away
PK, SK = "limiter", "calls"
UNCHANGED = "attribute_not_exists(#version) OR #version = :seen"


class CallNotDue(Exception):
    """No call is free yet; come back in `wait_seconds`. Becomes the status `awaiting_slot`."""

    def __init__(self, wait_seconds: int, turn: str | None = None) -> None:
        super().__init__(f"no call is free for {wait_seconds} s")
        self.wait_seconds = wait_seconds
        self.turn = turn
        """The caller's place in the queue, to be shown when it comes back."""


class Lane(Enum):
    """What a call is for. Status checks go before the others."""

    SUBMISSION = "submissions"
    """Begins an operation, whose status checks must be affordable too."""
    MODEL = "models"
    STATUS = "checks"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Calls:
    """The ledger's item. All times are milliseconds since 1970."""

    version: int
    """Counts the writes that took a slot or closed the gate; conditions name it."""
    next_at: int
    closed_until: int
    budget: CallBudget
    queues: Mapping[Lane, CallQueue]

    @property
    def checks_wait(self) -> bool:
        return self.queues[Lane.STATUS].waiting > 0

    def after_call(self, lane: Lane, turn: int | None, slot: int, spacing: float) -> Self:
        queue = self.queues[lane].served(turn, slot, spacing)
        return replace(
            self,
            next_at=slot + math.ceil(spacing),
            budget=self.budget.after_call(slot, begins=lane is Lane.SUBMISSION),
            queues={**self.queues, lane: queue},
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
    checks_ahead: ChecksAhead = STANDARD.most_checks

    def take(self, lane: Lane, *, turn: str | None = None) -> None:
        """Returns when the call may be made; raises `CallNotDue` where that is not soon.

        `turn` is what the last `CallNotDue` gave this caller: who waits keeps its place.
        """
        place = _place(turn, lane)
        lead = LEAD_MS
        for _ in range(TRIES):
            calls = self._read()
            now = self.clock.milliseconds()
            slot = max(now + lead, calls.next_at)
            if not self._is_due(calls, lane, place, slot, now):
                self._send_away(calls, lane, place, now)
            after = calls.after_call(lane, place, slot, self._spacing)
            written = {"next_at": after.next_at, **after.queues[lane].to_item(lane.value)}
            if self._write(calls, {**written, **after.budget.to_item()}):
                self.clock.sleep(max(0.0, (slot - self.clock.milliseconds()) / 1000))
                if self.clock.milliseconds() <= slot + self._lateness:
                    return
                lead *= 2  # a slow machine: the slot passed unused
                if lane is Lane.SUBMISSION:
                    self.ended(slot / 1000)
        raise self._not_due(round(self._spacing * TRIES * (0.5 + self.chance())), turn)

    def ended(self, begun_at: float) -> None:
        """An operation needs no more checks; its share of the budget is free for others.

        `begun_at`: when it began, or about then, in seconds since 1970. Should this never be
        called, the operation is forgotten within a day.
        """
        for _ in range(TRIES):
            calls = self._read()
            budget = calls.budget.after_end(round(begun_at * 1000))
            if budget is None or self._write(calls, {"running": budget.to_item()["running"]}):
                return

    def slow_down(self) -> None:
        """After "Too Many Requests": nobody calls for a few slots."""
        self._raise_to(
            "next_at", self.clock.milliseconds() + round(self._spacing * SLOW_DOWN_SLOTS)
        )

    def close(self) -> CallNotDue:
        """After "Limit Exceeded": nobody calls until the day's quota returns.

        Returns what the caller has to raise."""
        now = self.clock.now()
        until = round(max(next_midnight(now), now + CLOSED_AT_LEAST).timestamp() * 1000)
        self._raise_to("closed_until", until)
        spread = self.chance() * min(LONGEST_QUEUE_MS, self._spacing * self.requests_per_day)
        return self._not_due(until - self.clock.milliseconds() + round(spread), None)

    def budget_left(self) -> float:
        """Share of a day's calls that is still free, 0 to 1."""
        used = self._read().budget.used(self.clock.milliseconds())
        return max(0.0, 1 - used / self.requests_per_day)

    @property
    def _spacing(self) -> float:
        """Milliseconds between slots."""
        return 1000 / self.requests_per_second * SLACK

    @property
    def _lateness(self) -> float:
        """Milliseconds by which a slot may be missed, so that as many calls as a second allows
        are never closer together than a second (or two calls than their interval)."""
        return LATEST * 1000 * max(1.0, 1 / self.requests_per_second)

    def _read(self) -> _Calls:
        item = self.ledger.get(PK, SK) or {}
        return _Calls(
            version=item.get("version", 0),
            next_at=item.get("next_at", 0),
            closed_until=item.get("closed_until", 0),
            budget=CallBudget.of(item, self.requests_per_day, self.checks_ahead),
            queues={lane: CallQueue.of(item, lane.value) for lane in Lane},
        )

    def _write(self, seen: _Calls, values: Mapping[str, Any]) -> bool:
        """Changes the item unless somebody else has changed it since it was read."""
        return self.ledger.update(
            PK,
            SK,
            set={**values, "version": seen.version + 1},
            when=UNCHANGED,
            names={"#version": "version"},
            values={":seen": seen.version},
        )

    def _is_due(self, calls: _Calls, lane: Lane, place: int | None, slot: int, now: int) -> bool:
        """Whether the caller may take the slot."""
        if calls.closed_until > slot or self._affordable_at(calls, lane, slot) > slot:
            return False
        if calls.next_at <= now:
            return True  # nobody else is here, and the slot would pass unused
        ahead = _sleeps(lane)
        if lane is not Lane.STATUS and calls.checks_wait:
            ahead = min(ahead, round(self._spacing))
        return slot - now <= ahead and calls.queues[lane].admits(place)

    def _send_away(self, calls: _Calls, lane: Lane, place: int | None, now: int) -> None:
        """Raises `CallNotDue`. A caller that has no turn yet gets the next one."""
        if place is None:
            place = self.ledger.add(PK, SK, f"{lane.value}_issued", 1)
        queue, soonest = calls.queues[lane], max(now, calls.next_at)
        delay = self._cut(queue.delay(place, self._spacing))
        opens = max(calls.closed_until, self._affordable_at(calls, lane, soonest))
        due = max(soonest - ARRIVAL_SHARE * _sleeps(lane), opens if opens > soonest else 0) + delay
        if opens > soonest and calls.closed_until <= soonest and calls.budget.running:
            least, most = ENDS_SEEN_MS
            again = min(most, max(least, now - queue.last_at))
            a_turn = max(again / ENDS_A_WAIT, queue.pace * PATIENCE)
            due = min(due, now + again + a_turn * queue.ahead(place))
        raise self._not_due(math.ceil(due - now), f"{lane.value}-{place}")

    def _affordable_at(self, calls: _Calls, lane: Lane, slot: int) -> int:
        return calls.budget.opens(slot, begins=lane is Lane.SUBMISSION)

    def _cut(self, delay: float) -> float:
        """Long delays, cut and spread: whoever is back then is told better how long it takes."""
        if delay <= LONGEST_QUEUE_MS:
            return delay
        return LONGEST_QUEUE_MS * (1 - self.chance() / 4)

    def _raise_to(self, name: str, until: int) -> None:
        """Moves a time of the item ahead, never back; slots taken on an old view are refused."""
        for _ in range(TRIES):
            calls = self._read()
            if getattr(calls, name) >= until or self._write(calls, {name: until}):
                return

    def _not_due(self, milliseconds: float, turn: str | None) -> CallNotDue:
        self.on_wait()
        return CallNotDue(max(1, math.ceil(milliseconds / 1000)), turn)


def _place(turn: str | None, lane: Lane) -> int | None:
    """The number of a turn of this lane; None for newcomers and those of another lane."""
    name, _, number = (turn or "").rpartition("-")
    return int(number) if name == lane.value and number.isdigit() else None


def _sleeps(lane: Lane) -> int:
    return CHECKS_SLEEP_MS if lane is Lane.STATUS else SLEEPS_MS
