"""The input of finish: an execution whose parts have ended, and how far its drops have.

The drops are in the form that the execution's input has, compact or full: finish completes a page
of them at a time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pipeline.domain.execution import Outcome
from pipeline.domain.progress import Progress
from pipeline.domain.state_fields import MalformedState, required, text_of, whole_list


@dataclass(frozen=True, slots=True)
class FinishCursor:
    """How far finish has come with an execution's drops, handed from page to page."""

    at: int = 0
    """The first of the execution's drops that has not been looked at, from 0."""
    status: str = "complete"
    """The worst status so far."""
    cause: str = ""
    """What the worst drop's failure says; empty before a drop has ended."""

    @classmethod
    def from_state(cls, state: Any) -> Self:
        """Raises `MalformedState`."""
        at = required(state, "at")
        if isinstance(at, bool) or not isinstance(at, int) or at < 0:
            raise MalformedState("the state's 'at' must be a whole number")
        return cls(at, text_of(state, "status"), text_of(state, "cause"))


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

    @classmethod
    def from_state(cls, state: Any) -> Self:
        """Raises `MalformedState`: a field is missing, or a drop to be coded has no outcome."""
        before, name = _execution_of(text_of(state, "execution"))
        outcomes = {
            each.part_id: each.progress
            for each in map(Outcome.from_state, whole_list(state, "outcomes"))
        }
        ended = cls(
            name=name,
            state_machine_arn=before,
            drops=tuple(whole_list(state, "drops")),
            parts=tuple(_ended_part(each, outcomes) for each in whole_list(state, "parts")),
            cursor=FinishCursor.from_state(required(state, "ended")),
        )
        if not ended.drops:
            raise MalformedState("an execution must have a drop")
        return ended

    def parts_of(self, drop_id: str) -> tuple[EndedPart, ...]:
        """The drop's parts, in the order of its file."""
        return tuple(part for part in self.parts if drop_id in part.drop_ids)


def _execution_of(arn: str) -> tuple[str, str]:
    """State machine and name out of `arn:…:execution:<machine>:<name>`."""
    before, separator, name = arn.rpartition(":")
    if not separator or ":execution:" not in before:
        raise MalformedState("the state's 'execution' is no execution's ARN")
    return before.replace(":execution:", ":stateMachine:"), name


def _ended_part(part: Any, outcomes: Mapping[str, Progress]) -> EndedPart:
    part_id = text_of(part, "part_id")
    if part_id not in outcomes:
        raise MalformedState(f"part {part_id} has no outcome")
    return EndedPart(
        part_id=part_id,
        piece=part.get("piece"),
        drop_ids=tuple(text_of(each, "drop_id") for each in whole_list(part, "segments")),
        progress=outcomes[part_id],
    )
