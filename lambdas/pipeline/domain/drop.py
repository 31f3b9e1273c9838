"""A dropped file in the state of an execution, and why it was rejected or failed."""

from dataclasses import dataclass
from typing import Any, Self

from pipeline.domain.state_fields import field_of, optional_text, state_of, text_of, whole_number


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a drop was rejected before it got a part, and what its dropper can do."""

    reason: str
    next_step: str

    @classmethod
    def from_state(cls, state: Any) -> Self:
        return cls(reason=text_of(state, "reason"), next_step=text_of(state, "next_step"))

    def to_state(self) -> dict[str, Any]:
        return state_of(self)


@dataclass(frozen=True, slots=True)
class Failure:
    """The error and cause with which an execution failed, as Step Functions reports them."""

    error: str
    cause: str
    execution: str | None = None
    """The execution's name."""

    @classmethod
    def from_state(cls, state: Any) -> Self:
        return cls(
            error=text_of(state, "error"),
            cause=text_of(state, "cause"),
            execution=optional_text(state, "execution"),
        )

    def to_state(self) -> dict[str, Any]:
        return state_of(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """One version of one dropped object, and where its results go."""

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

    @classmethod
    def from_state(cls, state: Any) -> Self:
        rejection, failure = field_of(state, "rejection"), field_of(state, "failure")
        return cls(
            drop_id=text_of(state, "drop_id"),
            bucket=text_of(state, "bucket"),
            key=text_of(state, "key"),
            version_id=text_of(state, "version_id"),
            size=whole_number(state, "size"),
            etag=text_of(state, "etag"),
            topic=optional_text(state, "topic"),
            model=optional_text(state, "model"),
            results_prefix=text_of(state, "results_prefix"),
            dropped_at=text_of(state, "dropped_at"),
            rejection=None if rejection is None else Rejection.from_state(rejection),
            failure=None if failure is None else Failure.from_state(failure),
        )

    def to_state(self) -> dict[str, Any]:
        state = state_of(self, "rejection", "failure")
        nested = {"rejection": self.rejection, "failure": self.failure}
        return state | {name: each.to_state() for name, each in nested.items() if each is not None}
