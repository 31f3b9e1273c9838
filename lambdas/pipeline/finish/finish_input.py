"""The input of finish: an execution whose parts have ended, and how far its drops have.

The drops are in the form that the execution's input has, compact or full: finish completes a page
of them at a time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pipeline.domain.drop import Failure
from pipeline.domain.execution import Outcome
from pipeline.domain.progress import Progress
from pipeline.domain.state_fields import MalformedState, read_state


@dataclass(frozen=True, slots=True)
class FinishCursor:
    """How far finish has come with an execution's drops, handed from page to page."""

    at: int
    """The first of the execution's drops that has not been looked at, from 0."""
    status: str
    """The worst status so far."""
    cause: str
    """What the worst drop's failure says; empty before a drop has ended."""

    def __post_init__(self) -> None:
        if self.at < 0:
            raise MalformedState("the number of a drop can't be negative")


@dataclass(frozen=True, slots=True)
class EndedPart:
    """A part as it ended, with the drops that it codes."""

    part_id: str
    piece: int | None
    drop_ids: tuple[str, ...]
    """In the order of the segments."""
    progress: Progress

    @property
    def is_shared(self) -> bool:
        return len(self.drop_ids) > 1


@dataclass(frozen=True, slots=True)
class EndedExecution:
    """One execution, as its last task sees it."""

    name: str
    state_machine_arn: str
    drops: tuple[Mapping[str, Any], ...]
    parts: tuple[EndedPart, ...]
    cursor: FinishCursor
    failure: Failure | None = None
    """Why the execution died that had the drops before; None where none did. It stands with the
    first drop, and holds for all that have no reason of their own."""

    @classmethod
    def from_state(cls, state: Any) -> Self:
        """Raises `MalformedState`: a field is missing, or a drop to be coded has no outcome."""
        given = read_state(state, _FinishInput)
        before, _, name = given.execution.rpartition(":")
        if ":execution:" not in before:
            raise MalformedState("the state's 'execution' is no execution's ARN")
        if not given.drops:
            raise MalformedState("an execution must have a drop")
        outcomes = {each.part_id: each.progress for each in given.outcomes}
        if missing := {part.part_id for part in given.parts} - outcomes.keys():
            raise MalformedState(f"part {missing.pop()} has no outcome")
        return cls(
            name=name,
            state_machine_arn=before.replace(":execution:", ":stateMachine:"),
            drops=given.drops,
            parts=tuple(
                EndedPart(
                    part_id=part.part_id,
                    piece=part.piece,
                    drop_ids=tuple(segment.drop_id for segment in part.segments),
                    progress=outcomes[part.part_id],
                )
                for part in given.parts
            ),
            cursor=given.ended,
            failure=read_state(given.drops[0], _FirstDrop).failure if not given.parts else None,
        )

    def parts_of(self, drop_id: str) -> tuple[EndedPart, ...]:
        """The drop's parts, in the order of its file."""
        return tuple(part for part in self.parts if drop_id in part.drop_ids)


@dataclass(frozen=True, slots=True)
class _FirstDrop:
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class _Segment:
    drop_id: str


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the execution's input, compact or full."""

    part_id: str
    segments: tuple[_Segment, ...]
    piece: int | None = None


@dataclass(frozen=True, slots=True)
class _FinishInput:
    execution: str
    """The execution's ARN: `arn:…:execution:<machine>:<name>`."""
    drops: tuple[dict[str, Any], ...]
    parts: tuple[_Part, ...]
    outcomes: tuple[Outcome, ...]
    ended: FinishCursor
