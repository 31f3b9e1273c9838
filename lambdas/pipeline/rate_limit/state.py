"""The ledger's one item about calls: read whole, changed only as it was seen.

Item `limiter`/`calls`: the next free slot, the gate, the calls of the last day, and a queue for
each lane. Every change names the version that was read, so that of two callers who saw the same
slot free only one gets it. Turns alone are counted up without that: many callers may come at once.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Self

from pipeline.ledger.table import Ledger
from pipeline.rate_limit.daily_quota import CallBudget, ChecksAhead
from pipeline.rate_limit.wait_queue import CallQueue

TRIES = 20  # ours: conditional writes lost in a row before a caller gives up
PK, SK = "limiter", "calls"
UNCHANGED = "attribute_not_exists(#version) OR #version = :seen"


class Lane(Enum):
    """What a call is for. Status checks go before the others."""

    SUBMISSION = "submissions"
    """Begins an operation, whose status checks must be affordable too."""
    MODEL = "models"
    STATUS = "checks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """What the item says. All times are milliseconds since 1970."""

    version: int
    """Counts the writes that took a slot or moved the gate; conditions name it."""
    next_at: int
    """The first slot that nobody has taken."""
    closed_until: int
    budget: CallBudget
    queues: Mapping[Lane, CallQueue]

    @property
    def checks_wait(self) -> bool:
        return self.queues[Lane.STATUS].waiting > 0

    def affordable_at(self, lane: Lane, slot: int) -> int:
        """When the day has room for a call of that lane, `slot` or later."""
        return self.budget.opens(slot, begins=lane is Lane.SUBMISSION)

    def after_call(self, lane: Lane, turn: int | None, slot: int, spacing: float) -> Self:
        """After the slot was taken; the next is `spacing` milliseconds later."""
        return replace(
            self,
            next_at=slot + math.ceil(spacing),
            budget=self.budget.after_call(slot, begins=lane is Lane.SUBMISSION),
            queues={**self.queues, lane: self.queues[lane].served(turn, slot, spacing)},
        )


@dataclass(frozen=True, slots=True)
class CallBook:
    """The item in the ledger. All methods may raise `AwsBusy`."""

    ledger: Ledger
    per_day: int
    checks_ahead: ChecksAhead

    def read(self) -> Calls:
        item = self.ledger.get(PK, SK) or {}
        return Calls(
            version=item.get("version", 0),
            next_at=item.get("next_at", 0),
            closed_until=item.get("closed_until", 0),
            budget=CallBudget.of(item, self.per_day, self.checks_ahead),
            queues={lane: CallQueue.of(item, lane.value) for lane in Lane},
        )

    def take(self, seen: Calls, after: Calls, lane: Lane) -> bool:
        """Writes a slot down as taken; False where somebody else was faster."""
        queue = after.queues[lane].to_item(lane.value)
        return self._write(seen, {"next_at": after.next_at, **queue, **after.budget.to_item()})

    def end(self, begun_at: int) -> None:
        """An operation that began at about that time has ended."""
        for _ in range(TRIES):
            calls = self.read()
            budget = calls.budget.after_end(begun_at)
            if budget is None or self._write(calls, {"running": budget.to_item()["running"]}):
                return

    def move(self, name: str, until: int) -> None:
        """Moves `next_at` or `closed_until` ahead, never back; slots that are being taken on an
        old view are refused."""
        for _ in range(TRIES):
            calls = self.read()
            if getattr(calls, name) >= until or self._write(calls, {name: until}):
                return

    def next_turn(self, lane: Lane) -> int:
        return self.ledger.add(PK, SK, f"{lane.value}_issued", 1)

    def _write(self, seen: Calls, values: Mapping[str, Any]) -> bool:
        return self.ledger.update(
            PK,
            SK,
            set={**values, "version": seen.version + 1},
            when=UNCHANGED,
            names={"#version": "version"},
            values={":seen": seen.version},
        )
