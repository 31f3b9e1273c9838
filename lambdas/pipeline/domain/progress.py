"""Where a part is, in the state of an execution."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, Self

from pipeline.domain.state_fields import State


class PartStatus(StrEnum):
    """Where a part is. Five are the service's documented statuses, the others are ours."""

    NEW = "new"
    AWAITING_SLOT = "awaiting_slot"
    """The service's limits leave no call yet; `wait_seconds` says when to come back."""
    AWAITING_INPUT = "awaiting_input"
    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"
    TIMED_OUT = "timed_out"
    FAILED = "failed"
    REJECTED = "rejected"
    COLLECTING = "collecting"
    """Some of the results are collected; the next invocation goes on."""
    COLLECTED = "collected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(State):
    """Where a part is; each task takes one and returns the next."""

    LEFT_OUT: ClassVar = frozenset({"turn", "throttled", "not_found", "faults", "error", "cause"})
    status: PartStatus
    wait_seconds: int = 0
    turn: str | None = None
    """With `awaiting_slot`: the place in the queue for a call."""
    throttled: int | None = None
    """With `awaiting_slot`: how often in a row the service has refused for too many requests."""
    not_found: int | None = None
    """With `awaiting_slot`: how often in a row the results were not found."""
    operation_id: str | None = None
    attempt: int = 0
    """Operations created for the part so far."""
    polls: int = 0
    """Status checks of the current operation so far."""
    uploaded_at: str | None = None
    """ISO 8601, UTC: when the current operation's upload ended."""
    resubmit: bool = False
    """With `timed_out`: whether another operation may be tried."""
    reason: str | None = None
    """With `failed`: the service's error. With `rejected`: a summary of the faults."""
    faults: int | None = None
    """With `rejected`: how many lines are faulty."""
    error: str | None = None
    """With `failed` after a caught error: the error's name."""
    cause: str | None = None
    """With `failed` after a caught error: the runtime's JSON about it."""

    def awaiting_slot(self, wait_seconds: int, turn: str | None = None) -> Self:
        """The same progress, to be taken up again when a call is free."""
        return replace(self, status=PartStatus.AWAITING_SLOT, wait_seconds=wait_seconds, turn=turn)
