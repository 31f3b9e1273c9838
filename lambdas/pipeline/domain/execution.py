"""The inputs of the functions: an execution of drops and parts, and a part's task.

Their parts are in `drop`, `part` and `progress`; `state_fields` reads their fields.
"""

from dataclasses import dataclass
from typing import Any, Self

from pipeline.domain.drop import Drop
from pipeline.domain.part import Part, Segment
from pipeline.domain.progress import Progress
from pipeline.domain.state_fields import field_of, required, text_of, whole_list


@dataclass(frozen=True, slots=True)
class TaskInput:
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


def topic_and_progress(state: Any) -> tuple[str, Progress]:
    """The topic and progress of a task's part, whose segments may be compact.

    Raises `MalformedState`.
    """
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
                for each in (whole_list(state, "outcomes") if field_of(state, "outcomes") else ())
            ),
        )

    def to_state(self) -> dict[str, Any]:
        """The input of the execution: drops and parts, without outcomes."""
        return {
            "drops": [drop.to_state() for drop in self.drops],
            "parts": [part.to_state() for part in self.parts],
        }


def shared_execution(name: str, drops: tuple[Drop, ...]) -> Execution:
    """The execution of several drops: their whole files, one after the other, in one part."""
    return Execution(drops=drops, parts=(whole_files(f"{name}-0001", drops),))


def whole_files(part_id: str, drops: tuple[Drop, ...]) -> Part:
    """A part of the whole files of drops, which have the same topic and model."""
    first = drops[0]
    return Part(
        part_id=part_id,
        topic=first.topic or "",
        model=first.model,
        bytes=sum(drop.size for drop in drops),
        segments=tuple(whole_file(drop) for drop in drops),
    )


def whole_file(drop: Drop) -> Segment:
    """The segment of all bytes of a drop."""
    return Segment(
        drop_id=drop.drop_id,
        bucket=drop.bucket,
        key=drop.key,
        version_id=drop.version_id,
        etag=drop.etag,
        first_byte=0,
        last_byte=drop.size - 1,
        results_prefix=drop.results_prefix,
    )
