"""The inputs of the functions: an execution of drops and parts, and a part's task.

Their parts are in `drop`, `part` and `progress`; `state_fields` reads and writes them.
"""

from dataclasses import dataclass

from pipeline.domain.drop import Drop
from pipeline.domain.part import Part, Segment
from pipeline.domain.progress import Progress
from pipeline.domain.state_fields import State


@dataclass(frozen=True, slots=True)
class TaskInput(State):
    """The input of submit and collect."""

    part: Part
    progress: Progress


@dataclass(frozen=True, slots=True)
class PartTopic:
    """What check needs of a part, whose segments may be compact."""

    topic: str


@dataclass(frozen=True, slots=True)
class CheckInput(State):
    """The input of check."""

    part: PartTopic
    progress: Progress


@dataclass(frozen=True, slots=True)
class Outcome(State):
    """How a part ended."""

    part_id: str
    progress: Progress


@dataclass(frozen=True, slots=True)
class Execution(State):
    """The input of an execution."""

    drops: tuple[Drop, ...]
    parts: tuple[Part, ...]


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
