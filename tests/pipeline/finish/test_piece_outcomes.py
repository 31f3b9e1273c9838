import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from pipeline.domain.drop import Drop
from pipeline.domain.execution import Execution
from pipeline.domain.part import Part
from pipeline.domain.progress import PartStatus, Progress
from pipeline.domain.state_fields import MalformedState
from pipeline.executions.compact_input import compact_input
from pipeline.executions.pieces import PieceLists
from pipeline.finish.finish_input import EndedExecution
from pipeline.finish.outcomes import Outcomes
from pipeline.finish.piece_outcomes import LONGEST_CAUSE, note_outcome, with_pieces
from pipeline.ledger.parts import PartRecord, Parts
from pipeline.ledger.shared_files import SharedFiles
from pipeline.storage.results_bucket import ResultsBucket
from shared import join_plan
from tests.support.pipeline.builders import a_drop, a_part
from tests.support.pipeline.clouds import RESULTS, cloud
from tests.support.pipeline.finish_fixture import (
    COLLECTED,
    MACHINE,
    FinishFixture,
    a_record,
    body_of,
    write_record,
)

DROP = a_drop(size=200)
FAILED = Progress(status=PartStatus.FAILED, operation_id="op-2", reason="line 3 is odd")


def a_piece(drop: Drop, number: int) -> Part:
    part = a_part(drop)
    (segment,) = part.segments
    half = replace(segment, first_byte=100 * (number - 1), last_byte=100 * number - 1)
    name = f"{drop.drop_id}-{number:04d}"
    return replace(part, part_id=name, bytes=100, segments=(half,), piece=number)


PIECES = (a_piece(DROP, 1), a_piece(DROP, 2))


class Pieces:
    """A file in two pieces, whose execution has come to finish."""

    def __init__(self, fixture: FinishFixture) -> None:
        self.fixture = fixture
        self.parts = Parts(fixture.aws.ledger, fixture.io.clock)
        self.lists = PieceLists(ResultsBucket(fixture.aws.s3, RESULTS))
        fixture.drops.accept(DROP)
        listed = compact_input(Execution(drops=(DROP,), parts=PIECES))
        self.state = self.lists.put_in_place(listed, DROP.results_prefix)

    def ended(self, number: int, progress: Progress) -> None:
        """A child's last state, through JSON; the state has the piece as the list does."""
        part = json.loads(self.fixture.aws.result(self.state["parts"]["key"]))[number - 1]
        assert note_outcome({"part": part, "progress": progress.to_state()}, self.parts) == {}

    def full(self) -> EndedExecution:
        arn = MACHINE.replace(":stateMachine:", ":execution:") + ":jobs"
        state = {**self.state, "execution": arn}
        return EndedExecution.from_state(with_pieces(state, self.lists, self.outcomes))

    @property
    def outcomes(self) -> Outcomes:
        """As one call of finish has them."""
        shared_files = SharedFiles(self.fixture.aws.ledger, self.fixture.io.clock)
        return Outcomes(parts=self.parts, shared_files=shared_files)

    def finish(self) -> dict[str, Any]:
        return self.fixture.finisher.finish(self.full(), has_time=lambda: True)


class NotedReads(Parts):
    """The ledger's parts, and which of them were read."""

    def __init__(self, pieces: Pieces) -> None:
        super().__init__(pieces.fixture.aws.ledger, pieces.fixture.io.clock)
        self.read: list[str] = []

    def records(self, part_ids: Iterable[str]) -> dict[str, PartRecord]:
        wanted = list(part_ids)
        self.read += wanted
        return super().records(wanted)


@pytest.fixture
def pieces() -> Iterator[Pieces]:
    with cloud() as aws:
        yield Pieces(FinishFixture(aws))


def should_hand_finish_all_pieces_in_order_with_their_outcomes(pieces: Pieces) -> None:
    pieces.ended(2, FAILED)
    pieces.ended(1, COLLECTED)
    found = pieces.full().parts_of(DROP.drop_id)
    assert [(each.piece, each.progress) for each in found] == [(1, COLLECTED), (2, FAILED)]


def should_read_the_record_of_each_piece_once_when_a_drop_is_finished(pieces: Pieces) -> None:
    for number in (1, 2):
        pieces.ended(number, COLLECTED)
    noted = NotedReads(pieces)
    pieces.parts = noted
    outcomes = pieces.outcomes
    arn = MACHINE.replace(":stateMachine:", ":execution:") + ":jobs"
    state = with_pieces({**pieces.state, "execution": arn}, pieces.lists, outcomes)
    outcome = outcomes.of(DROP.drop_id, EndedExecution.from_state(state))
    assert [each.number for each in outcome.pieces] == [1, 2]
    assert sorted(noted.read) == [each.part_id for each in PIECES]


def should_take_the_last_outcome_when_an_execution_was_started_again(pieces: Pieces) -> None:
    pieces.ended(1, COLLECTED)
    pieces.ended(2, FAILED)
    pieces.ended(2, COLLECTED)
    assert {each.progress for each in pieces.full().parts} == {COLLECTED}


def should_tell_the_drop_once_which_piece_failed_and_why(pieces: Pieces) -> None:
    pieces.ended(1, COLLECTED)
    pieces.ended(2, FAILED)
    body = body_of(pieces.finish())
    assert (body["status"], body["dropId"]) == ("failed", DROP.drop_id)
    assert body["reason"].startswith("Piece 2 of 2: ")
    assert "line 3 is odd" in body["reason"]


def should_cut_a_long_cause_that_the_ledger_keeps(pieces: Pieces) -> None:
    cause = json.dumps({"errorMessage": "why", "stackTrace": ["x" * 32_000]})
    pieces.ended(1, replace(FAILED, error="ServiceRefused", cause=cause))
    pieces.ended(2, COLLECTED)
    first, _ = pieces.full().parts
    assert len(first.progress.cause or "") == LONGEST_CAUSE
    assert "Why" in body_of(pieces.finish())["reason"]


def should_refuse_to_finish_when_the_outcome_of_a_piece_is_unknown(pieces: Pieces) -> None:
    pieces.ended(1, COLLECTED)
    with pytest.raises(MalformedState, match=PIECES[1].part_id):
        pieces.full()


def should_say_so_when_the_list_is_gone(pieces: Pieces) -> None:
    pieces.fixture.aws.s3.delete_object(Bucket=RESULTS, Key=pieces.state["parts"]["key"])
    with pytest.raises(MalformedState, match="drop the file again"):
        pieces.full()


def should_say_what_to_do_and_where_the_pieces_lie_when_s3_can_not_join_them(
    pieces: Pieces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(join_plan, "MAX_PARTS", 1)
    monkeypatch.setattr(join_plan, "MAX_COPY_BYTES", 6 << 20)
    content = b"x" * ((7 << 20) - 1) + b"\n"
    for piece in PIECES:
        key = f".pieces/{DROP.results_prefix}{piece.piece:04d}/output.jsonl"
        pieces.fixture.aws.s3.put_object(Bucket=RESULTS, Key=key, Body=content)
        record = a_record(DROP, key=key, bytes=len(content))
        write_record(pieces.fixture.aws, replace(record, part_id=piece.part_id))
        pieces.ended(piece.piece or 0, COLLECTED)
    body = body_of(pieces.finish())
    assert body["status"] == "failed"
    assert "14,680,064 bytes in 2 objects are more than S3 joins" in body["reason"]
    assert "smaller files" in body["nextStep"]
    assert f"s3://{RESULTS}/.pieces/{DROP.results_prefix}" in body["nextStep"]
