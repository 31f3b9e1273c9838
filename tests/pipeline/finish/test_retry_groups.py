"""Drops that shared an operation: each ends by itself, or is retried in a smaller batch."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from pipeline.domain.drop import Drop, Failure
from pipeline.domain.execution import Execution, Outcome, shared_execution
from pipeline.domain.progress import PartStatus, Progress
from pipeline.ledger.parts import PartRecord
from pipeline.ledger.shared_files import FileStatus, SharedFile, SharedFiles
from tests.support.pipeline.builders import a_drop
from tests.support.pipeline.clouds import cloud, stepfunctions
from tests.support.pipeline.finish_fixture import (
    COLLECTED,
    MACHINE,
    FinishFixture,
    a_record,
    schema,
)


@pytest.fixture
def fixture() -> Iterator[FinishFixture]:
    with cloud() as aws:
        yield FinishFixture(aws)


def many(count: int) -> tuple[Drop, ...]:
    return tuple(a_drop(f"anzsco/{number}.jsonl") for number in range(count))


def included_file(drop: Drop, **changes: Any) -> SharedFile:
    record = a_record(drop)
    known = SharedFile(
        drop_id=drop.drop_id,
        fate=FileStatus.INCLUDED,
        input=record.input,
        output=record.output,
        metadata=record.metadata,
    )
    return replace(known, **changes)


class SharedOperation:
    """An execution of several drops in one part, `shared-n`."""

    def __init__(self, fixture: FinishFixture, drops: tuple[Drop, ...], progress: Progress) -> None:
        self.fixture, self.drops, self.progress = fixture, drops, progress
        self.name = f"shared-{len(drops)}"
        for drop in drops:
            fixture.drops.accept(drop)
            fixture.drops.assign(drop.drop_id, self.name)
        fixture.record = PartRecord(part_id=f"{self.name}-0001", operation_id="op-1", attempt=1)
        self.write(*(included_file(drop) for drop in drops))

    def write(self, *shared_files: SharedFile) -> None:
        known = SharedFiles(self.fixture.aws.ledger, self.fixture.io.clock)
        known.write(f"{self.name}-0001", shared_files)

    def ended(self, cursor: Any = None) -> dict[str, Any]:
        execution = shared_execution(self.name, self.drops)
        outcome = Outcome(f"{self.name}-0001", self.progress)
        return self.fixture.ended(execution, [outcome], cursor=cursor, name=self.name)

    def started(self) -> list[list[str]]:
        """The keys of the drops of each execution that was started."""
        listed = stepfunctions().list_executions(stateMachineArn=MACHINE)["executions"]
        given = [
            stepfunctions().describe_execution(executionArn=each["executionArn"])["input"]
            for each in listed
        ]
        return sorted([drop["key"] for drop in json.loads(each)["drops"]] for each in given)


def should_end_each_drop_of_a_shared_operation_with_its_own_manifest(
    fixture: FinishFixture,
) -> None:
    shared = SharedOperation(fixture, many(3), COLLECTED)
    ended = shared.ended()
    assert [each["status"] for each in ended["announcements"]] == ["complete"] * 3
    assert ended["more"] is False
    for drop in shared.drops:
        manifest = fixture.document("manifest.json", drop)
        schema("manifest").validate(manifest)
        assert manifest["key"] == drop.key


@pytest.mark.slow
def should_notify_page_by_page_when_there_are_many(fixture: FinishFixture) -> None:
    shared = SharedOperation(fixture, many(120), COLLECTED)
    page: Any = None
    keys: list[str] = []
    pages = 0
    while page is None or page["more"]:
        page = shared.ended(page)
        keys += [json.loads(each["detail"])["key"] for each in page["announcements"]]
        assert len(json.dumps(page)) < 200_000
        pages += 1
    assert keys == [drop.key for drop in shared.drops]
    assert pages > 2


def should_end_the_rejected_at_once_and_retry_the_others_in_halves_when_the_operation_failed(
    fixture: FinishFixture,
) -> None:
    failed = Progress(status=PartStatus.FAILED, operation_id="op-1", reason="out of order")
    shared = SharedOperation(fixture, many(5), failed)
    bad = shared.drops[2]
    shared.write(
        SharedFile(drop_id=bad.drop_id, fate=FileStatus.REJECTED, reason="line 1 is odd", faults=1)
    )
    ended = shared.ended()
    (notification,) = ended["announcements"]
    assert (notification["status"], ended["status"]) == ("rejected", "rejected")
    keys = [[f"anzsco/{n}.jsonl" for n in half] for half in ((0, 1), (3, 4))]
    assert shared.started() == keys
    record = fixture.drops.record(shared.drops[0].drop_id)
    assert record is not None
    assert record.ending is None
    assert record.execution is not None
    assert record.execution.startswith("shared-2-")
    assert shared.ended() == ended  # tried again: the same comes out, and nothing is started twice
    assert shared.started() == keys


@pytest.mark.parametrize("error", ["UploadsFailed", "ServiceThrottled"])
def should_retry_nothing_when_it_is_none_of_the_files_fault(
    fixture: FinishFixture, error: str
) -> None:
    failed = Progress(status=PartStatus.FAILED, error=error, cause="none of 6 operations")
    shared = SharedOperation(fixture, many(4), failed)
    ended = shared.ended()
    assert [each["status"] for each in ended["announcements"]] == ["failed"] * 4
    assert "none of 6 operations" in ended["announcements"][0]["detail"].lower()
    assert shared.started() == []


def should_try_the_suspect_alone_when_the_service_names_a_line(fixture: FinishFixture) -> None:
    failed = Progress(status=PartStatus.FAILED, reason="line 5 has no text")  # 3 records a file
    shared = SharedOperation(fixture, many(4), failed)
    assert shared.ended()["announcements"] == []
    others = [f"anzsco/{n}.jsonl" for n in (0, 2, 3)]
    assert shared.started() == [others, ["anzsco/1.jsonl"]]


def should_retry_deferred_files_together(fixture: FinishFixture) -> None:
    shared = SharedOperation(fixture, many(4), COLLECTED)
    left = [SharedFile(drop_id=drop.drop_id, fate=FileStatus.DEFERRED) for drop in shared.drops[2:]]
    shared.write(*left)
    ended = shared.ended()
    assert [each["status"] for each in ended["announcements"]] == ["complete"] * 2
    assert shared.started() == [["anzsco/2.jsonl", "anzsco/3.jsonl"]]


def should_fail_the_last_file_when_an_operation_fails_that_has_no_other(
    fixture: FinishFixture,
) -> None:
    failed = Progress(status=PartStatus.FAILED, reason="out of order")
    shared = SharedOperation(fixture, many(2), failed)
    gone = SharedFile(
        drop_id=shared.drops[1].drop_id, fate=FileStatus.MISSING, reason="it was deleted"
    )
    shared.write(gone)
    ended = shared.ended()
    assert [each["status"] for each in ended["announcements"]] == ["failed", "failed"]
    assert shared.started() == []


def should_end_all_when_the_part_ended_before_their_files_were_read(fixture: FinishFixture) -> None:
    rejected = Progress(status=PartStatus.REJECTED, reason="the topic does not exist")
    drops = many(2)
    shared = SharedOperation(fixture, drops, rejected)
    for drop in drops:
        key = {"pk": f"part#{shared.name}-0001", "sk": f"segment#{drop.drop_id}"}
        fixture.aws.ledger.table.delete_item(Key=key)
    ended = shared.ended()
    assert [each["status"] for each in ended["announcements"]] == ["rejected", "rejected"]


def should_leave_a_drop_to_its_new_execution_when_the_old_one_is_reported(
    fixture: FinishFixture,
) -> None:
    failed = Progress(status=PartStatus.FAILED, reason="out of order")
    shared = SharedOperation(fixture, many(2), failed)
    shared.ended()
    dead = Failure("States.Runtime", "history", execution=shared.name)
    report = Execution(drops=tuple(replace(drop, failure=dead) for drop in shared.drops), parts=())
    assert fixture.ended(report, name="report")["announcements"] == []
