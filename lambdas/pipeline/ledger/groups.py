"""The groups of drops that share an execution: written before it starts, never changed after.

Events that are delivered again may be grouped otherwise. So that no drop runs twice, each is
assigned to one execution by name (`Drops.assign`), and the group of that name says whether its
execution could have been started:

    pending     its drops are being assigned; the execution has not been started
    ready       the execution has been started, or may be at any time, with the input given here
    cancelled   the execution was never started and never will be; its drops are free

Item `roster#<execution name>`/`roster`. The stored states are older words: `forming`, `sealed` and
`broken`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pipeline.clock import Clock
from pipeline.ledger.table import Ledger

KEPT_SECONDS = 120 * 86_400  # Step Functions keeps a name for 90 days after its execution's end
SK = "roster"


class GroupState(StrEnum):
    PENDING = "forming"
    READY = "sealed"
    CANCELLED = "broken"


class GroupedBy(StrEnum):
    """Which function forms a group; only groups of receive may be cancelled."""

    RECEIVE = "intake"
    """It groups what is delivered together; a second delivery may be grouped otherwise."""
    FINISH = "finish"
    """It groups what failed together, always in the same way."""


@dataclass(frozen=True, slots=True)
class ExecutionGroup:
    state: GroupState
    by: GroupedBy
    input: dict[str, Any] | None
    """The input of the execution, once the group is ready."""


@dataclass(frozen=True, slots=True)
class ExecutionGroups:
    """The groups' items. All methods may raise `AwsBusy`."""

    ledger: Ledger
    clock: Clock

    def read(self, execution: str) -> ExecutionGroup | None:
        item = self.ledger.get(_pk(execution), SK)
        if item is None:
            return None
        given = item.get("input")
        return ExecutionGroup(
            state=GroupState(item["state"]),
            by=GroupedBy(item["by"]),
            input=None if given is None else json.loads(given),
        )

    def form(self, execution: str, by: GroupedBy) -> ExecutionGroup:
        """Writes a pending group; gives it, or the group that is there already."""
        new = self.ledger.put_new(
            {
                "pk": _pk(execution),
                "sk": SK,
                "state": GroupState.PENDING.value,
                "by": by.value,
                "expires_at": int(self.clock.seconds()) + KEPT_SECONDS,
            }
        )
        known = None if new else self.read(execution)
        return known or ExecutionGroup(GroupState.PENDING, by, None)

    def make_ready(self, execution: str, given: Mapping[str, Any]) -> bool:
        """Writes the execution's input. False where the group was cancelled or ready before."""
        return self._leave_pending(
            execution,
            {"state": GroupState.READY.value, "input": json.dumps(given, ensure_ascii=False)},
        )

    def cancel(self, execution: str) -> bool:
        """Keeps the execution from ever being started. False where the group is ready."""
        if self._leave_pending(execution, {"state": GroupState.CANCELLED.value}):
            return True
        known = self.read(execution)
        return known is not None and known.state is GroupState.CANCELLED

    def _leave_pending(self, execution: str, values: Mapping[str, Any]) -> bool:
        return self.ledger.update(
            _pk(execution),
            SK,
            set=values,
            when="#state = :pending",
            names={"#state": "state"},
            values={":pending": GroupState.PENDING.value},
        )


def _pk(execution: str) -> str:
    return f"roster#{execution}"
