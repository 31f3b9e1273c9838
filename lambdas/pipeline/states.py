"""What travels through the state machine: drops, parts, progress, outcomes.

Every type has `from_state` (a decoded JSON object of the execution; raises `MalformedState`) and
`to_state`. None of them ever holds a presigned URL, a token or a secret: an execution's state is
readable by anybody who may open the console.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self


class MalformedState(ValueError):
    """The state handed to a function is not what the state machine hands over; names the field."""


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
            execution=_optional_text(state, "execution"),
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
        rejection, failure = _get(state, "rejection"), _get(state, "failure")
        return cls(
            drop_id=text_of(state, "drop_id"),
            bucket=text_of(state, "bucket"),
            key=text_of(state, "key"),
            version_id=text_of(state, "version_id"),
            size=_whole(state, "size"),
            etag=text_of(state, "etag"),
            topic=_optional_text(state, "topic"),
            model=_optional_text(state, "model"),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A byte range of one object version; `last_byte` is included, as in HTTP ranges."""

    drop_id: str
    bucket: str
    key: str
    version_id: str
    etag: str
    """Of the whole object version, without quotes."""
    first_byte: int
    last_byte: int
    results_prefix: str
    """Of the segment's drop; ends with a slash."""

    @property
    def length(self) -> int:
        """Bytes."""
        return self.last_byte - self.first_byte + 1

    @classmethod
    def from_state(cls, state: Any) -> Self:
        segment = cls(
            drop_id=text_of(state, "drop_id"),
            bucket=text_of(state, "bucket"),
            key=text_of(state, "key"),
            version_id=text_of(state, "version_id"),
            etag=text_of(state, "etag"),
            first_byte=_whole(state, "first_byte"),
            last_byte=_whole(state, "last_byte"),
            results_prefix=text_of(state, "results_prefix"),
        )
        if not 0 <= segment.first_byte <= segment.last_byte:
            raise MalformedState("a segment's first_byte must not be behind its last_byte")
        return segment

    def to_state(self) -> dict[str, Any]:
        return {
            "drop_id": self.drop_id,
            "bucket": self.bucket,
            "key": self.key,
            "version_id": self.version_id,
            "etag": self.etag,
            "first_byte": self.first_byte,
            "last_byte": self.last_byte,
            "results_prefix": self.results_prefix,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one operation codes: segments, in order."""

    part_id: str
    topic: str
    model: str | None
    bytes: int
    """Of all segments together: the upload's Content-Length."""
    segments: tuple[Segment, ...]
    piece: int | None = None
    """Which piece of its drop's file the part is, from 1; None where it is whole files."""

    @property
    def is_shared(self) -> bool:
        """Whether several drops share the part's operation."""
        return len(self.segments) > 1

    @classmethod
    def from_state(cls, state: Any) -> Self:
        part = cls(
            part_id=text_of(state, "part_id"),
            topic=text_of(state, "topic"),
            model=_optional_text(state, "model"),
            bytes=_whole(state, "bytes"),
            segments=tuple(Segment.from_state(each) for each in whole_list(state, "segments")),
            piece=None if _get(state, "piece") is None else _whole(state, "piece"),
        )
        if not part.segments:
            raise MalformedState("a part must have a segment")
        if part.bytes != sum(segment.length for segment in part.segments):
            raise MalformedState("a part's bytes must be the sum of its segments' lengths")
        return part

    def to_state(self) -> dict[str, Any]:
        state: dict[str, Any] = {
            "part_id": self.part_id,
            "topic": self.topic,
            "model": self.model,
            "bytes": self.bytes,
            "segments": [segment.to_state() for segment in self.segments],
        }
        if self.piece is not None:
            state["piece"] = self.piece
        return state


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a part is; each task takes one and returns the next."""

    status: PartStatus
    wait_seconds: int = 0
    turn: str | None = None
    """With `awaiting_slot`: the place in the queue for a call."""
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

    @classmethod
    def from_state(cls, state: Any) -> Self:
        text = text_of(state, "status")
        try:
            status = PartStatus(text)
        except ValueError:
            raise MalformedState(f"a part's status can't be {text[:40]!r}") from None
        resubmit = _get(state, "resubmit")
        return cls(
            status=status,
            wait_seconds=_whole(state, "wait_seconds", 0),
            turn=_optional_text(state, "turn"),
            operation_id=_optional_text(state, "operation_id"),
            attempt=_whole(state, "attempt", 0),
            polls=_whole(state, "polls", 0),
            uploaded_at=_optional_text(state, "uploaded_at"),
            resubmit=resubmit is True,
            reason=_optional_text(state, "reason"),
            faults=None if _get(state, "faults") is None else _whole(state, "faults"),
            error=_optional_text(state, "error"),
            cause=_optional_text(state, "cause"),
        )

    def to_state(self) -> dict[str, Any]:
        state: dict[str, Any] = {
            "status": str(self.status),
            "wait_seconds": self.wait_seconds,
            "operation_id": self.operation_id,
            "attempt": self.attempt,
            "polls": self.polls,
            "uploaded_at": self.uploaded_at,
            "resubmit": self.resubmit,
            "reason": self.reason,
        }
        for name in ("turn", "faults", "error", "cause"):
            value = getattr(self, name)
            if value is not None:
                state[name] = value
        return state

    def awaiting_slot(self, wait_seconds: int, turn: str | None = None) -> Self:
        """The same progress, to be taken up again when a call is free."""
        return replace(self, status=PartStatus.AWAITING_SLOT, wait_seconds=wait_seconds, turn=turn)


@dataclass(frozen=True, slots=True)
class Ticket:
    """The input of submit, check and collect."""

    part: Part
    progress: Progress

    @classmethod
    def from_state(cls, state: Any) -> Self:
        return cls(
            part=Part.from_state(required(state, "part")),
            progress=Progress.from_state(required(state, "progress")),
        )

    def to_state(self) -> dict[str, Any]:
        return {"part": self.part.to_state(), "progress": self.progress.to_state()}


def asked_about(state: Any) -> tuple[str, Progress]:
    """Topic and progress of a ticket's part, in whichever form its segments are."""
    part = required(state, "part")
    return text_of(part, "topic"), Progress.from_state(required(state, "progress"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a part ended."""

    part_id: str
    progress: Progress

    @classmethod
    def from_state(cls, state: Any) -> Self:
        return cls(
            part_id=text_of(state, "part_id"),
            progress=Progress.from_state(required(state, "progress")),
        )

    def to_state(self) -> dict[str, Any]:
        return {"part_id": self.part_id, "progress": self.progress.to_state()}


@dataclass(frozen=True, slots=True)
class Execution:
    """The input of an execution; with outcomes, the input of finish."""

    drops: tuple[Drop, ...]
    parts: tuple[Part, ...]
    outcomes: tuple[Outcome, ...] = ()

    @classmethod
    def from_state(cls, state: Any) -> Self:
        return cls(
            drops=tuple(Drop.from_state(each) for each in whole_list(state, "drops")),
            parts=tuple(Part.from_state(each) for each in whole_list(state, "parts")),
            outcomes=tuple(
                Outcome.from_state(each)
                for each in (whole_list(state, "outcomes") if _get(state, "outcomes") else ())
            ),
        )

    def to_state(self) -> dict[str, Any]:
        """The execution's input: drops and parts."""
        return {
            "drops": [drop.to_state() for drop in self.drops],
            "parts": [part.to_state() for part in self.parts],
        }


def _get(state: Any, name: str) -> Any:
    if not isinstance(state, Mapping):
        raise MalformedState(f"the state around {name!r} must be an object")
    return state.get(name)


def required(state: Any, name: str) -> Any:
    """The field `name` of a decoded state. Raises `MalformedState`."""
    value = _get(state, name)
    if value is None:
        raise MalformedState(f"the state lacks {name!r}")
    return value


def text_of(state: Any, name: str) -> str:
    """The text `name` of a decoded state. Raises `MalformedState`."""
    value = required(state, name)
    if not isinstance(value, str):
        raise MalformedState(f"the state's {name!r} must be text")
    return value


def _optional_text(state: Any, name: str) -> str | None:
    return None if _get(state, name) is None else text_of(state, name)


def _whole(state: Any, name: str, default: int | None = None) -> int:
    value = _get(state, name)
    if value is None and default is not None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise MalformedState(f"the state's {name!r} must be a whole number")
    return value


def whole_list(state: Any, name: str) -> Sequence[Any]:
    """The list `name` of a decoded state. Raises `MalformedState`."""
    value = required(state, name)
    if not isinstance(value, list):
        raise MalformedState(f"the state's {name!r} must be a list")
    return value
