"""A dropped file in the state of an execution, and why it was rejected or failed."""

from dataclasses import dataclass
from typing import ClassVar

from pipeline.domain.state_fields import State


@dataclass(frozen=True, slots=True)
class Rejection(State):
    """Why a drop was rejected before it got a part, and what its dropper can do."""

    reason: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Failure(State):
    """The error and cause with which an execution failed, as Step Functions reports them."""

    error: str
    cause: str
    execution: str | None = None
    """The execution's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop(State):
    """One version of one dropped object, and where its results go."""

    LEFT_OUT: ClassVar = frozenset({"rejection", "failure"})
    drop_id: str
    bucket: str
    key: str
    version_id: str
    size: int
    """Bytes."""
    etag: str
    """Without quotes."""
    topic: str | None
    model: str | None
    """GUID, or None for the topic's latest model."""
    results_prefix: str
    """The prefix of its keys in the results bucket; ends with a slash."""
    dropped_at: str
    """ISO 8601, UTC."""
    rejection: Rejection | None = None
    failure: Failure | None = None
