"""The inputs of the functions: an execution of drops and parts, and a part's task.

Their parts are in `drop`, `part` and `progress`; `state_fields` reads and writes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.domain.drop import Drop
from pipeline.domain.part import Part, whole_files
from pipeline.domain.progress import Progress
from pipeline.domain.state_fields import State

NOTHING_TOLD: Mapping[str, Any] = {"at": 0, "status": "complete", "cause": ""}
"""What an execution's input says of its drops' ends: finish goes on from there, page by page."""


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
    """An execution's drops and parts; its input is made of them (`executions.compact_input`)."""

    drops: tuple[Drop, ...]
    parts: tuple[Part, ...]

    @property
    def has_pieces(self) -> bool:
        """Whether it codes one file in several parts."""
        return len(self.parts) > 1


@dataclass(frozen=True, slots=True)
class PieceList(State):
    """Where the parts of a file that is coded in several are listed, in the place of the list."""

    bucket: str
    key: str
    count: int


def shared_execution(name: str, drops: tuple[Drop, ...]) -> Execution:
    """The execution of several drops: their whole files, one after the other, in one part."""
    return Execution(drops=drops, parts=(whole_files(f"{name}-0001", drops),))
