"""Finish: from what the state machine hands over to notifications, manifest, report and ledger."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from bench.streams.function_variables import VARIABLES
from infra.project_files import PROJECT
from pipeline.clock import Clock
from pipeline.config import Environment
from pipeline.dependencies import Dependencies
from pipeline.domain.drop import Drop, Failure, Rejection
from pipeline.domain.execution import Execution, Outcome
from pipeline.domain.progress import PartStatus, Progress
from pipeline.domain.state_fields import MalformedState
from pipeline.finish.handler import finisher
from pipeline.finish.manifest import SOFTWARE
from pipeline.ledger.drops import Drops
from pipeline.ledger.parts import PartRecord
from tests.support.pipeline.builders import a_drop, a_part
from tests.support.pipeline.clouds import RESULTS, cloud
from tests.support.pipeline.finish_fixture import (
    COLLECTED,
    DROP,
    FinishFixture,
    a_record,
    body_of,
    schema,
)
from tests.support.pipeline.memory_service import MODEL_ID


@pytest.fixture
def fixture() -> Iterator[FinishFixture]:
    with cloud() as aws:
        yield FinishFixture(aws)


def should_write_the_manifest_and_say_where_the_results_are_when_all_went_well(
    fixture: FinishFixture,
) -> None:
    ended = fixture.finish()
    manifest = fixture.document("manifest.json")
    schema("manifest").validate(manifest)
    assert manifest["model"]["modelId"] == MODEL_ID
    assert manifest["operations"] == [
        {
            "operationId": "op-1",
            "attempt": 2,
            "firstByte": 0,
            "lastByte": 99,
            "records": 3,
            "sha256": "ab" * 32,
        }
    ]
    assert manifest["input"]["recordIdDigest"] == manifest["output"]["recordIdDigest"]
    body = body_of(ended)
    assert ended["status"] == body["status"] == "complete"
    assert body["records"] == {
        "input": 3,
        "output": 3,
        "coded": 2,
        "suggested": 1,
        "nothingToCode": 0,
    }
    assert body["results"]["manifest"] == f"{DROP.results_prefix}manifest.json"
    assert body["model"] == MODEL_ID
    assert body["reason"] is None
    assert f"s3://{RESULTS}/{DROP.results_prefix}" in body["nextStep"]
    assert fixture.measured.seen == [
        ("DropsEnded", 1, {"status": "complete"}),
        ("RecordsCoded", 3, {}),
    ]


@pytest.mark.parametrize(
    ("output", "numbers"),
    [({"records": 2}, "3 records went in, 2 came out"), ({"record_id_digest": "x"}, "recordIds")],
)
def should_fail_with_the_numbers_and_without_manifest_when_output_and_input_disagree(
    fixture: FinishFixture, output: dict[str, Any], numbers: str
) -> None:
    fixture.record = a_record(**output)
    body = body_of(fixture.finish())
    assert body["status"] == "failed"
    assert numbers in body["reason"]
    assert "op-1" in body["reason"]
    assert body["results"]["manifest"] is None
    assert body["records"]["input"] == 3
    assert fixture.aws.result_keys() == []


@pytest.mark.parametrize(
    ("progress", "status", "reason"),
    [
        (Progress(status=PartStatus.FAILED, reason="line 2: no"), "failed", "line 2: no"),
        (
            Progress(status=PartStatus.FAILED, error="DropGone", cause='{"errorMessage": "gone"}'),
            "failed",
            "Gone.",
        ),
        (Progress(status=PartStatus.TIMED_OUT, attempt=3), "timed_out", "3 times"),
        (Progress(status=PartStatus.REJECTED, reason="2 faults", faults=2), "rejected", "2 faults"),
    ],
)
def should_say_why_and_what_to_do_when_the_part_ended_badly(
    fixture: FinishFixture, progress: Progress, status: str, reason: str
) -> None:
    ended = fixture.finish(progress=progress)
    body = body_of(ended)
    assert ended["status"] == body["status"] == status
    assert reason in body["reason"]
    assert reason in ended["cause"]
    assert DROP.key in ended["cause"]
    assert body["nextStep"]
    assert (body["results"]["report"] is None) == (status != "rejected")
    assert body["results"]["manifest"] is None
    assert fixture.aws.result_keys() == []  # the report on lines is written where they were read


@pytest.mark.parametrize(
    ("drop", "progress"),
    [
        (a_drop("x.jsonl", topic=None, rejection=Rejection("No topic.", "Use a folder.")), None),
        (DROP, Progress(status=PartStatus.REJECTED, reason="the topic does not exist")),
    ],
)
def should_write_the_report_when_a_file_was_refused_as_a_whole(
    fixture: FinishFixture, drop: Drop, progress: Progress | None
) -> None:
    ended = fixture.finish(drop, progress)
    report = fixture.document("rejection.json", drop)
    schema("rejection").validate(report)
    body = body_of(ended)
    assert body["status"] == "rejected"
    assert body["results"]["report"] == f"{drop.results_prefix}rejection.json"
    assert (report["reason"], report["nextStep"]) == (body["reason"], body["nextStep"])
    assert fixture.measured.total("RejectedDrops") == 1
    assert ended["announcements"][0]["topic"] == (drop.topic or "none")


def should_give_the_same_notification_when_it_runs_again_later(fixture: FinishFixture) -> None:
    first = fixture.finish()
    fixture.io.time += 60
    fixture.record = a_record(records=2)
    assert fixture.finish() == first
    assert fixture.measured.total("DropsEnded") == 1


def should_write_the_manifest_again_when_it_died_before_the_ledger_knew(
    fixture: FinishFixture,
) -> None:
    class Dying(Drops):
        __slots__ = ()

        def end(self, *_: Any) -> Any:
            raise KeyboardInterrupt

    alive, fixture.drops = fixture.drops, Dying(fixture.aws.ledger, fixture.io.clock)
    with pytest.raises(KeyboardInterrupt):
        fixture.finish()
    fixture.drops = alive
    assert body_of(fixture.finish())["status"] == "complete"
    assert fixture.document("manifest.json")["completedAt"]


def should_be_the_worst_status_when_drops_of_one_execution_ended_differently(
    fixture: FinishFixture,
) -> None:
    refused = a_drop("anzsco/b.jsonl", rejection=Rejection("Empty.", "Drop another."))
    died = a_drop("anzsco/c.jsonl", failure=Failure("ServiceBusy", "busy"))
    execution = Execution(drops=(DROP, died, refused), parts=(a_part(DROP),))
    for drop in execution.drops:
        fixture.drops.accept(drop)
    ended = fixture.ended(execution, [Outcome(a_part(DROP).part_id, COLLECTED)])
    assert ended["status"] == "failed"
    assert "anzsco/c.jsonl" in ended["cause"]
    statuses = [each["status"] for each in ended["announcements"]]
    assert statuses == ["complete", "failed", "rejected"]


@pytest.mark.parametrize(
    "execution",
    [
        Execution(drops=(), parts=()),
        Execution(drops=(DROP,), parts=()),
        Execution(drops=(DROP,), parts=(a_part(),)),
    ],
)
def should_refuse_an_execution_when_a_drop_has_no_outcome(
    fixture: FinishFixture, execution: Execution
) -> None:
    with pytest.raises(MalformedState):
        fixture.ended(execution)


def should_refuse_to_finish_when_the_facts_of_a_collected_part_are_missing(
    fixture: FinishFixture,
) -> None:
    fixture.record = PartRecord(part_id="p")
    with pytest.raises(MalformedState, match="facts"):
        fixture.finish()


def should_name_the_version_that_the_project_has_when_a_manifest_is_written() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert {"name": project["name"], "version": project["version"]} == SOFTWARE


def should_be_wired_from_the_environment_when_the_function_starts() -> None:
    with cloud() as aws:
        found = Dependencies(Environment.read(VARIABLES), Clock())
        found.__dict__.update(s3=aws.s3, ledger=aws.ledger)
        wired = finisher(found)
        assert wired.drop_results.results.name == VARIABLES["RESULTS_BUCKET"]
        assert wired.drop_results.joined_outputs.results.name == VARIABLES["RESULTS_BUCKET"]


def should_fail_with_both_names_when_another_model_coded_it_than_the_key_names(
    fixture: FinishFixture,
) -> None:
    other = "99999999-2222-4333-8444-555555555555"
    drop = a_drop(model=other)
    fixture.record = a_record(drop)
    body = body_of(fixture.finish(drop))
    assert body["status"] == "failed"
    assert other in body["reason"]
    assert MODEL_ID in body["reason"]


def should_complete_when_the_model_that_the_key_names_coded_it(fixture: FinishFixture) -> None:
    drop = a_drop(model=MODEL_ID.upper())
    fixture.record = a_record(drop)
    assert body_of(fixture.finish(drop))["status"] == "complete"
