"""Every API call takes a slot: one pace and one daily quota for all functions together.

The service allows a client so many requests a second and a day (its user guide: 1 and 10,000). One
item of the ledger (`state`) says which slot is the next. Slots follow each other at a fixed
distance, a little more than allowed: a caller that wakes too late for its slot lets it pass. A
caller sleeps until a slot that is near; otherwise `RateLimited` gives it a turn in the queue
and the seconds after which to come back with it: the state machine waits, no function does.

How the pace, the queues and the quota were chosen, and what holds them: docs/limits.md.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from pipeline.clock import Clock, next_midnight
from pipeline.domain.progress import Progress
from pipeline.errors import ServiceThrottled
from pipeline.ledger.table import Ledger
from pipeline.rate_limit.daily_quota import ChecksAhead
from pipeline.rate_limit.polling import STANDARD, CallLoad
from pipeline.rate_limit.state import PK, SK, TRIES, CallKind, RateLimitState, RateLimitTable
from pipeline.rate_limit.wait_queue import PACE_SHARE

__all__ = ["PK", "SK", "CallKind", "Limiter", "RateLimited", "Throttled", "sent_away"]

SLACK = 1.04  # slots are 4 % further apart than allowed, as no call leaves on the tick; ours
LATEST = 0.03  # of a slot's second: who wakes later lets it pass. The rest of the slack is for the
# way to the service; ours
LEAD_MS = 100  # a slot is taken so long before it is due: the ledger takes time to answer; ours
SLEEPS_MS = 3_000  # the longest sleep until a slot: so much costs less than being sent away; ours
CHECKS_SLEEP_MS = 5_000  # that of status checks: they take slots further ahead, so go first; ours
YIELD_SLOTS = 0.5  # by half a slot for each turn before it a caller sleeps less long: so that the
# turns at the front take the slots in their order; ours
RETURN_SHARE = 0.6  # of the longest sleep: so long before its slot a caller comes back, to be there
# in time and to sleep little; ours
CLOSED_AT_LEAST = timedelta(minutes=15)  # near midnight: the service's day may begin later; ours
SLOW_DOWN_SLOTS = 5  # after a 429 everybody skips so many slots, as calls came too close; ours
CHECKS_SHARE = 0.5  # of the calls, while many operations are under way: the other half begins
# operations and collects (see `polling`); ours
LONGEST_QUEUE_MS = 1_800_000  # the longest wait for the queue alone: its pace may change; ours
ENDS_SEEN_MS = (10_000, 1_200_000)  # least and most wait for an operation's end, which lets others
# begin: between them a caller comes back after as long as none has begun; ours
ENDS_TURNS = 20  # so many turns behind the first, callers wait twice that time: one end lets few
# begin; ours

MOST_THROTTLES = 15  # in a row: with the waits an hour and a half, as a busy service is tried; ours
LONGEST_THROTTLE_SECONDS = 600  # of the waits after them, as in the state machine's Retry; ours


class RateLimited(Exception):
    """No call may be made yet; the caller comes back in `wait_seconds`.

    Becomes the status `awaiting_slot`."""

    def __init__(self, wait_seconds: int, turn: str | None = None) -> None:
        super().__init__(f"no call is free for {wait_seconds} s")
        self.wait_seconds = wait_seconds
        self.turn = turn
        """The caller's place in the queue, to be given when it comes back; None: it has none."""


class Throttled(RateLimited):
    """The service itself has said that there are too many requests."""

    def __init__(self, wait_seconds: int, said: str) -> None:
        super().__init__(wait_seconds)
        self.said = said
        """Who answered what, for messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limiter:
    """Says when a call may be made, to all functions together.

    Every method may raise `AwsBusy`."""

    ledger: Ledger
    requests_per_second: float
    requests_per_day: int
    clock: Clock = field(default_factory=Clock)
    chance: Callable[[], float] = random.random
    """Uniform in [0, 1)."""
    on_wait: Callable[[], None] = lambda: None
    """Called for each call that was sent away; counts a metric."""
    checks_ahead: ChecksAhead = STANDARD.most_checks

    def take(self, kind: CallKind, *, turn: str | None = None) -> None:
        """Takes the next slot, and sleeps until the call may be made.

        `turn` is what the last `RateLimited` gave this caller, which so keeps its place. Raises
        `RateLimited`, with a turn, where the slot is not soon or is somebody else's."""
        place = _place(turn, kind)
        lead = LEAD_MS
        for _ in range(TRIES):
            calls = self._table.read()
            now = self.clock.milliseconds()
            slot = max(now + lead, calls.next_at)
            if not self._is_due(calls, kind, place, slot, now):
                self._send_away(calls, kind, place, now)
            after = calls.after_call(kind, place, slot, self._spacing)
            if self._table.take(calls, after, kind):
                self.clock.sleep(max(0.0, (slot - self.clock.milliseconds()) / 1000))
                if self.clock.milliseconds() <= slot + self._lateness:
                    return
                lead *= 2  # a slow machine: the slot passed unused
                if kind is CallKind.SUBMISSION:
                    self.release(slot / 1000)
        raise self._not_due(round(self._spacing * TRIES * (0.5 + self.chance())), turn)

    def check_available(self, kind: CallKind, *, turn: str | None = None) -> None:
        """Raises `RateLimited` where `take` would raise it again for this turn; takes no slot.

        Spares a caller that comes back the work before its call. Without a turn it returns: a
        newcomer does that work once, and `take` gives it a turn."""
        place, now = _place(turn, kind), self.clock.milliseconds()
        if place is None:
            return
        calls = self._table.read()
        if not self._is_due(calls, kind, place, max(now + LEAD_MS, calls.next_at), now):
            self._send_away(calls, kind, place, now)

    def release(self, started_at: float) -> None:
        """Frees the calls that were reserved for an operation: it needs no more checks.

        `started_at` is when it began, or about then, in seconds since 1970. Where this is never
        called, the reservation ends within a day."""
        self._table.end(round(started_at * 1000))

    def slow_down(self, said: str) -> Throttled:
        """Lets a few slots pass for everybody, after "Too Many Requests": who `said` that.

        Returns the `Throttled` that the caller has to raise."""
        pause = round(self._spacing * SLOW_DOWN_SLOTS)
        self._table.move("next_at", self.clock.milliseconds() + pause)
        return Throttled(max(1, math.ceil(pause / 1000)), said)

    def close(self) -> RateLimited:
        """Stops all calls until the day's quota returns, after "Limit Exceeded".

        Returns the `RateLimited` that the caller has to raise."""
        now = self.clock.now()
        until = round(max(next_midnight(now), now + CLOSED_AT_LEAST).timestamp() * 1000)
        self._table.move("closed_until", until)
        spread = self.chance() * min(LONGEST_QUEUE_MS, self._spacing * self.requests_per_day)
        return self._not_due(until - self.clock.milliseconds() + round(spread), None)

    def load(self) -> CallLoad:
        """What is left of a day's calls, and how long it takes to ask each operation once."""
        quota, now = self._table.read().quota, self.clock.milliseconds()
        return CallLoad(
            quota_left=max(0.0, 1 - quota.used(now) / self.requests_per_day),
            round_seconds=quota.under_way(now) * self._spacing / 1000 / CHECKS_SHARE,
        )

    @property
    def _table(self) -> RateLimitTable:
        return RateLimitTable(self.ledger, self.requests_per_day, self.checks_ahead)

    @property
    def _spacing(self) -> float:
        """Milliseconds between slots."""
        return 1000 / self.requests_per_second * SLACK

    @property
    def _lateness(self) -> float:
        """Milliseconds by which a slot may be missed, so that as many calls as a second allows
        are never closer together than a second (or two calls than their interval)."""
        return LATEST * 1000 * max(1.0, 1 / self.requests_per_second)

    def _is_due(
        self, calls: RateLimitState, kind: CallKind, place: int | None, slot: int, now: int
    ) -> bool:
        """Whether the caller may take the slot."""
        if calls.closed_until > slot or calls.affordable_at(kind, slot) > slot:
            return False
        if calls.next_at <= now:
            return True  # nobody has taken a slot ahead: this one would pass unused
        yielded = YIELD_SLOTS * self._spacing * calls.queues[kind].before(place)
        ahead = _sleeps(kind) - round(yielded)
        if kind is not CallKind.STATUS and calls.checks_wait:
            ahead = min(ahead, round(self._spacing))
        return slot - now <= ahead and calls.queues[kind].may_go(place)

    def _send_away(
        self, calls: RateLimitState, kind: CallKind, place: int | None, now: int
    ) -> None:
        """Raises `RateLimited`. A caller that has no turn yet gets the next one."""
        if place is None:
            place = self._table.next_turn(kind)
        queue, soonest = calls.queues[kind], max(now, calls.next_at)
        delay = self._shortened(queue.delay(place, self._spacing))
        opens = max(calls.closed_until, calls.affordable_at(kind, soonest))
        due = max(soonest - RETURN_SHARE * _sleeps(kind), opens if opens > soonest else 0) + delay
        if opens > max(soonest, calls.closed_until) and self._ends_help(calls, kind):
            least, most = ENDS_SEEN_MS
            again = min(most, max(least, now - queue.last_at))
            a_turn = max(again / ENDS_TURNS, queue.pace * PACE_SHARE)
            due = min(due, now + again + a_turn * queue.ahead(place))
        raise self._not_due(math.ceil(due - now), f"{kind.value}-{place}")

    def _ends_help(self, calls: RateLimitState, kind: CallKind) -> bool:
        """Whether the end of an operation would make room for the call."""
        return kind is CallKind.SUBMISSION and len(calls.quota.running) > 0

    def _shortened(self, delay: float) -> float:
        """Cuts a long delay and spreads those that were cut: a later estimate is better."""
        if delay <= LONGEST_QUEUE_MS:
            return delay
        return LONGEST_QUEUE_MS * (1 - self.chance() / 4)

    def _not_due(self, milliseconds: float, turn: str | None) -> RateLimited:
        self.on_wait()
        return RateLimited(max(1, math.ceil(milliseconds / 1000)), turn)


def sent_away(progress: Progress, pending: RateLimited) -> Progress:
    """The same progress, to be taken up again when a call is free.

    Step Functions' Retry begins anew each time its state is entered from a Wait. So the state
    itself counts how often in a row the service has refused for too many requests; each wait is
    longer, and at last this raises `ServiceThrottled`."""
    if not isinstance(pending, Throttled):
        return progress.awaiting_slot(pending.wait_seconds, pending.turn)
    times = (progress.throttled or 0) + 1
    if times > MOST_THROTTLES:
        raise ServiceThrottled(
            f"{pending.said} {times} times in a row; ask the service's operator whether the "
            "setting requestsPerSecond and other programs of the client keep within its limit, "
            "and drop the file again"
        )
    wait = min(LONGEST_THROTTLE_SECONDS, pending.wait_seconds * 2 ** (times - 1))
    return replace(progress.awaiting_slot(wait), throttled=times)


def _place(turn: str | None, kind: CallKind) -> int | None:
    """The number of a turn of this kind; None for newcomers and those of another kind."""
    name, _, number = (turn or "").rpartition("-")
    return int(number) if name == kind.value and number.isdigit() else None


def _sleeps(kind: CallKind) -> int:
    return CHECKS_SLEEP_MS if kind is CallKind.STATUS else SLEEPS_MS
