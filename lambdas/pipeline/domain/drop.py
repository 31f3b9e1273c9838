"""One dropped file as it travels through the state machine, and why it may be refused."""

from dataclasses import dataclass
from typing import Any, Self

from pipeline.domain.state_fields import field_of, optional_text, text_of, whole_number


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a drop was refused at the door, and what its dropper can do."""

    reason: str
    next_step: str

    @classmethod
    def from_state(cls, state: Any) -> Self:
        return cls(reason=text_of(state, "reason"), next_step=text_of(state, "next_step"))

    def to_state(self) -> dict[str, Any]:
        return {"reason": self.reason, "next_step": self.next_step}


@dataclass(frozen=True, slots=True)
class Failure:
    """The error and cause with which an execution died, as Step Functions reports them."""

    error: str
    cause: str
    execution: str | None = None
    """Its name."""

    @classmethod
    def from_state(cls, state: Any) -> Self:
        return cls(
            error=text_of(state, "error"),
            cause=text_of(state, "cause"),
            execution=optional_text(state, "execution"),
        )

    def to_state(self) -> dict[str, Any]:
        return {"error": self.error, "cause": self.cause, "execution": self.execution}


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
    """Of the results bucket; ends with a slash."""
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
        state: dict[str, Any] = {
            "drop_id": self.drop_id,
            "bucket": self.bucket,
            "key": self.key,
            "version_id": self.version_id,
            "size": self.size,
            "etag": self.etag,
            "topic": self.topic,
            "model": self.model,
            "results_prefix": self.results_prefix,
            "dropped_at": self.dropped_at,
        }
        if self.rejection is not None:
            state["rejection"] = self.rejection.to_state()
        if self.failure is not None:
            state["failure"] = self.failure.to_state()
        return state
