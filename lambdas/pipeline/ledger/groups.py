"""Who travels in a shared execution: written down before it starts, and never changed after.

A group of drops is put together anew when an event is delivered again, and then it may be another
group. So that no drop runs twice, each is claimed for one execution by name (`Drops.assign`), and
the roster says whether that execution could have been started:

    forming   its drops are being claimed; it has not been started
    sealed    with its input: it has been started, or may be at any time, with this input
    broken    it was never started and never will be; its drops are free

Item `roster#<execution name>`/`group`.
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
    """Who forms a roster, and so who may break it."""

    RECEIVE = "intake"
    """Groups what is delivered together; a second delivery may group otherwise."""
    FINISH = "finish"
    """Groups what failed together, always in the same way."""


@dataclass(frozen=True, slots=True)
class ExecutionGroup:
    state: GroupState
    by: GroupedBy
    input: dict[str, Any] | None
    """The execution's input, once sealed."""


@dataclass(frozen=True, slots=True)
class ExecutionGroups:
    """The rosters' items. All methods may raise `AwsBusy`."""

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
        """Begins a roster, or gives the one that has been begun."""
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
        """The execution will run with this input. False where it was broken or sealed before."""
        return self._leave_pending(
            execution,
            {"state": GroupState.READY.value, "input": json.dumps(given, ensure_ascii=False)},
        )

    def cancel(self, execution: str) -> bool:
        """The execution will never run. False where it was sealed."""
        if self._leave_pending(execution, {"state": GroupState.CANCELLED.value}):
            return True
        known = self.read(execution)
        return known is not None and known.state is GroupState.CANCELLED

    def _leave_pending(self, execution: str, values: Mapping[str, Any]) -> bool:
        return self.ledger.update(
            _pk(execution),
            SK,
            set=values,
            when="#state = :forming",
            names={"#state": "state"},
            values={":forming": GroupState.PENDING.value},
        )


def _pk(execution: str) -> str:
    return f"roster#{execution}"
