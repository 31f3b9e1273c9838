"""The ledger's one item about calls: read whole, changed only where nobody else has changed it.

Item `limiter`/`calls`: the next free slot, the gate, the calls of the last day, and a queue for
each kind. Every change names the version that was read, so that of two callers who saw the same
slot free only one gets it. Turns alone are counted up without that: many callers may come at once.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Self

from pipeline.ledger.table import Ledger
from pipeline.rate_limit.daily_quota import ChecksAhead, DailyQuota
from pipeline.rate_limit.wait_queue import WaitQueue

TRIES = 20  # conditional writes lost in a row, after which a caller is sent away; ours
PK, SK = "limiter", "calls"
UNCHANGED = "attribute_not_exists(#version) OR #version = :seen"


class CallKind(Enum):
    """What a call is for. Status checks go before the others."""

    SUBMISSION = "submissions"
    """Begins an operation, whose status checks must be affordable too."""
    MODEL = "models"
    STATUS = "checks"
    CODING = "codings"
    """Has a small batch coded, at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitState:
    """The item, as it was read. All times are milliseconds since 1970."""

    version: int
    """How many writes there were, turns apart; each names the version that it was made from."""
    next_at: int
    """The first slot that nobody has taken."""
    closed_until: int
    quota: DailyQuota
    queues: Mapping[CallKind, WaitQueue]

    @property
    def checks_wait(self) -> bool:
        return self.queues[CallKind.STATUS].waiting > 0

    def affordable_at(self, kind: CallKind, slot: int) -> int:
        """When the day's quota has room for a call of that kind, `slot` or later."""
        return self.quota.available_at(slot, begins=kind is CallKind.SUBMISSION)

    def after_call(self, kind: CallKind, turn: int | None, slot: int, spacing: float) -> Self:
        """The state once the slot was taken; the next is `spacing` milliseconds later."""
        return replace(
            self,
            next_at=slot + math.ceil(spacing),
            quota=self.quota.after_call(slot, begins=kind is CallKind.SUBMISSION),
            queues={**self.queues, kind: self.queues[kind].after_call(turn, slot, spacing)},
        )


@dataclass(frozen=True, slots=True)
class RateLimitTable:
    """The item in the ledger. All methods may raise `AwsBusy`."""

    ledger: Ledger
    per_day: int
    checks_ahead: ChecksAhead

    def read(self) -> RateLimitState:
        item = self.ledger.get(PK, SK) or {}
        return RateLimitState(
            version=item.get("version", 0),
            next_at=item.get("next_at", 0),
            closed_until=item.get("closed_until", 0),
            quota=DailyQuota.of(item, self.per_day, self.checks_ahead),
            queues={kind: WaitQueue.of(item, kind.value) for kind in CallKind},
        )

    def take(self, seen: RateLimitState, after: RateLimitState, kind: CallKind) -> bool:
        """Writes that a slot was taken; False where somebody else was faster."""
        queue = after.queues[kind].to_item(kind.value)
        return self._write(seen, {"next_at": after.next_at, **queue, **after.quota.to_item()})

    def end(self, started_at: int) -> None:
        """Writes that an operation has ended which began at about that time."""
        for _ in range(TRIES):
            calls = self.read()
            quota = calls.quota.after_end(started_at)
            if quota is None or self._write(calls, {"running": quota.to_item()["running"]}):
                return

    def move(self, name: str, until: int) -> None:
        """Moves `next_at` or `closed_until` ahead, never back.

        Who has read the state before and takes a slot now finds it changed."""
        for _ in range(TRIES):
            calls = self.read()
            if getattr(calls, name) >= until or self._write(calls, {name: until}):
                return

    def next_turn(self, kind: CallKind) -> int:
        return self.ledger.add(PK, SK, f"{kind.value}_issued", 1)

    def _write(self, seen: RateLimitState, values: Mapping[str, Any]) -> bool:
        return self.ledger.update(
            PK,
            SK,
            set={**values, "version": seen.version + 1},
            when=UNCHANGED,
            names={"#version": "version"},
            values={":seen": seen.version},
        )
