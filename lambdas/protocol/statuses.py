"""The documented statuses of a batch operation."""

from enum import StrEnum


class OperationStatus(StrEnum):
    """`operationStatus` as the service spells it."""

    AWAITING_INPUT = "awaiting_input"
    """Created; nothing has been uploaded yet."""
    IN_PROGRESS = "in_progress"
    """Uploaded; being coded, or queued for it."""
    COMPLETE = "complete"
    """Coded; the two download URLs come with it."""
    TIMED_OUT = "timed_out"
    """Never uploaded; the operation can no longer be used."""
    FAILED = "failed"
    """Inference failed; `error` says why."""
