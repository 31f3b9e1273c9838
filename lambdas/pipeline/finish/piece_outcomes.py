"""The outcomes of a large file's pieces: noted one by one in the ledger, and read together.

Each piece is coded in a child execution of its own, whose last state notes how it ended. So the
state of the file's execution has neither the pieces nor their outcomes, and finish puts both in
their places before it does its work.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipeline.domain.execution import Outcome, PieceList
from pipeline.domain.progress import Progress
from pipeline.domain.state_fields import MalformedState, read_state
from pipeline.executions.pieces import PieceLists
from pipeline.finish.outcomes import Outcomes
from pipeline.ledger.parts import Parts
from protocol.short_texts import cut

LONGEST_CAUSE = 4_000  # characters: a stack trace is in the function's log; ours


@dataclass(frozen=True, slots=True)
class _EndedPiece:
    part: "_PieceId"
    progress: Progress


@dataclass(frozen=True, slots=True)
class _PieceId:
    part_id: str


def is_of_a_piece(event: Mapping[str, Any]) -> bool:
    """Whether a piece has ended, and not an execution's parts."""
    return "part" in event


def note_outcome(event: Mapping[str, Any], parts: Parts) -> dict[str, Any]:
    """Writes how a piece ended; gives nothing, as Step Functions gathers what all children give.

    Raises `MalformedState`, `AwsBusy`.
    """
    ended = read_state(event, _EndedPiece)
    progress = ended.progress
    if progress.cause is not None:
        progress = replace(progress, cause=cut(progress.cause, LONGEST_CAUSE))
    parts.end(ended.part.part_id, progress)
    return {}


def with_pieces(
    event: Mapping[str, Any], lists: PieceLists, outcomes: Outcomes
) -> Mapping[str, Any]:
    """The input of finish, with the pieces and their outcomes where it only says where they are.

    Raises `MalformedState`, `AwsBusy`.
    """
    if not isinstance(event.get("parts"), Mapping):
        return event
    listed = lists.parts_of(read_state(event["parts"], PieceList))
    known = outcomes.records(part["part_id"] for part in listed)
    ended = []
    for part_id, record in known.items():
        if record.outcome is None:
            raise MalformedState(f"the ledger does not know how the piece {part_id} ended")
        ended.append(Outcome(part_id, record.outcome).to_state())
    return {**event, "parts": listed, "outcomes": ended}
