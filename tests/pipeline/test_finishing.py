"""Finish: what the state machine hands over, to announcements, manifest, report and ledger."""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pipeline.announcement import MAX_SUBJECT, announcement_of
from pipeline.attempts import InputFacts, MetadataFacts, OutputFacts, PartRecord
from pipeline.clock import Clock
from pipeline.collaborators import Collaborators
from pipeline.drops import Drops, DropState
from pipeline.environment import Environment
from pipeline.finish import finishing
from pipeline.finishing import Finishing
from pipeline.manifest import SOFTWARE
from pipeline.results import ResultsBucket
from pipeline.states import (
    Drop,
    Execution,
    Failure,
    MalformedState,
    Outcome,
    PartStatus,
    Progress,
    Rejection,
)
from pipeline.verdict import Judge
from tests.pipeline.builders import VARIABLES, Hands, Measured, a_drop, a_part
from tests.pipeline.clouds import RESULTS, Cloud, cloud
from tests.pipeline.memory_service import MODEL_ID, a_model

ROOT = Path(__file__).parents[2]
DROP = a_drop()
COLLECTED = Progress(status=PartStatus.COLLECTED, operation_id="op-1", attempt=2)
CAUSE = '{"errorMessage": "the secret c has no credentials", "errorType": "CredentialsMissing"}'


def schema(name: str) -> jsonschema.Draft202012Validator:
    document = json.loads((ROOT / "docs" / "schemas" / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(document)


def a_record(drop: Drop = DROP, **output: Any) -> PartRecord:
    facts = OutputFacts(
        key=f"{drop.results_prefix}output.jsonl",
        bytes=200,
        records=3,
        crc32="0000abcd",
        record_id_digest="poly127:3:07",
        coded=2,
        suggested=1,
    )
    return PartRecord(
        part_id=a_part(drop).part_id,
        attempt=2,
        operation_id="op-1",
        input=InputFacts(
            bytes=100,
            records=3,
            sha256="ab" * 32,
            record_id_digest="poly127:3:07",
            first_byte=0,
            last_byte=99,
        ),
        output=replace(facts, **output),
        metadata=MetadataFacts(
            key=f"{drop.results_prefix}metadata.json",
            bytes=50,
            sha256="cd" * 32,
            model=a_model().to_json(),
        ),
    )


class World:
    def __init__(self, aws: Cloud) -> None:
        self.aws = aws
        self.hands = Hands()
        self.measured = Measured()
        self.drops = Drops(aws.ledger, self.hands.clock)
        self.record = a_record()

    @property
    def finishing(self) -> Finishing:
        bucket = ResultsBucket(self.aws.s3, RESULTS)
        return Finishing(
            drops=self.drops,
            judge=Judge(part_record=lambda _: self.record, results=bucket),
            results_bucket=RESULTS,
            clock=self.hands.clock,
            measure=self.measured,
        )

    def finish(self, drop: Drop = DROP, progress: Progress | None = COLLECTED) -> dict[str, Any]:
        """Through JSON, as the state machine does; no progress: the drop has no part."""
        part = a_part(drop)
        outcomes = () if progress is None else (Outcome(part.part_id, progress),)
        state = Execution(drops=(drop,), parts=() if progress is None else (part,)).to_state()
        state["outcomes"] = [outcome.to_state() for outcome in outcomes]
        ended = self.finishing.finish(Execution.from_state(json.loads(json.dumps(state))))
        travelled: dict[str, Any] = json.loads(json.dumps(ended))
        return travelled

    def document(self, name: str, drop: Drop = DROP) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.aws.result(f"{drop.results_prefix}{name}"))
        return document


@pytest.fixture
def world() -> Iterator[World]:
    with cloud() as aws:
        yield World(aws)


def body_of(ended: dict[str, Any]) -> dict[str, Any]:
    """The one announcement's body, once both of its forms and its schema agree."""
    (announcement,) = ended["announcements"]
    body: dict[str, Any] = json.loads(announcement["detail"])
    assert json.loads(json.loads(announcement["message"])["default"]) == body
    schema("notification").validate(body)
    return body


def email_of(ended: dict[str, Any]) -> str:
    return str(json.loads(ended["announcements"][0]["message"])["email"])


def should_write_the_manifest_and_tell_where_the_results_are_when_all_went_well(
    world: World,
) -> None:
    ended = world.finish()
    manifest = world.document("manifest.json")
    schema("manifest").validate(manifest)
    assert manifest["model"]["modelId"] == MODEL_ID
    assert manifest["operations"] == [
        {"operationId": "op-1", "attempt": 2, "firstByte": 0, "lastByte": 99}
    ]
    assert manifest["input"]["recordIdDigest"] == manifest["output"]["recordIdDigest"]
    body = body_of(ended)
    assert ended["status"] == body["status"] == "complete"
    assert body["records"] == {"input": 3, "output": 3, "coded": 2, "suggested": 1}
    assert body["results"]["manifest"] == f"{DROP.results_prefix}manifest.json"
    assert body["model"] == MODEL_ID
    assert body["reason"] is None
    assert f"s3://{RESULTS}/{DROP.results_prefix}" in body["nextStep"]
    assert world.measured.seen == [
        ("DropsEnded", 1, {"status": "complete"}),
        ("RecordsCoded", 3, {}),
    ]


@pytest.mark.parametrize(
    ("output", "numbers"),
    [({"records": 2}, "3 records went in, 2 came out"), ({"record_id_digest": "x"}, "recordIds")],
)
def should_fail_with_the_numbers_and_without_manifest_when_output_and_input_disagree(
    world: World, output: dict[str, Any], numbers: str
) -> None:
    world.record = a_record(**output)
    body = body_of(world.finish())
    assert body["status"] == "failed"
    assert numbers in body["reason"]
    assert "op-1" in body["reason"]
    assert body["results"]["manifest"] is None
    assert body["records"]["input"] == 3
    assert world.aws.result_keys() == []


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
def should_tell_why_and_what_to_do_when_the_part_ended_badly(
    world: World, progress: Progress, status: str, reason: str
) -> None:
    ended = world.finish(progress=progress)
    body = body_of(ended)
    assert ended["status"] == body["status"] == status
    assert reason in body["reason"]
    assert reason in ended["cause"]
    assert DROP.key in ended["cause"]
    assert body["nextStep"]
    assert (body["results"]["report"] is None) == (status != "rejected")
    assert body["results"]["manifest"] is None
    assert world.aws.result_keys() == []  # the report on lines is written where they were read


@pytest.mark.parametrize(
    ("drop", "progress"),
    [
        (a_drop("x.jsonl", topic=None, rejection=Rejection("No topic.", "Use a folder.")), None),
        (DROP, Progress(status=PartStatus.REJECTED, reason="the topic does not exist")),
    ],
)
def should_write_the_report_when_a_file_was_refused_as_a_whole(
    world: World, drop: Drop, progress: Progress | None
) -> None:
    ended = world.finish(drop, progress)
    report = world.document("rejection.json", drop)
    schema("rejection").validate(report)
    body = body_of(ended)
    assert body["status"] == "rejected"
    assert body["results"]["report"] == f"{drop.results_prefix}rejection.json"
    assert (report["reason"], report["nextStep"]) == (body["reason"], body["nextStep"])
    assert world.measured.total("RejectedDrops") == 1
    assert ended["announcements"][0]["topic"] == (drop.topic or "none")


def should_tell_the_same_when_it_runs_again_later(world: World) -> None:
    first = world.finish()
    world.hands.time += 60
    world.record = a_record(records=2)
    assert world.finish() == first
    assert world.measured.total("DropsEnded") == 1


def should_write_the_manifest_again_when_it_died_before_the_ledger_knew(world: World) -> None:
    class Dying(Drops):
        __slots__ = ()

        def end(self, *_: Any) -> Any:
            raise KeyboardInterrupt

    alive, world.drops = world.drops, Dying(world.aws.ledger, world.hands.clock)
    with pytest.raises(KeyboardInterrupt):
        world.finish()
    world.drops = alive
    assert body_of(world.finish())["status"] == "complete"
    assert world.document("manifest.json")["completedAt"]


def rescued(error: str = "CredentialsMissing", cause: str = CAUSE) -> Drop:
    return replace(DROP, failure=Failure(error, cause))


def should_tell_the_failure_when_its_execution_died(world: World) -> None:
    ended = world.finish(rescued(), None)
    body = body_of(ended)
    assert ended["status"] == body["status"] == "failed"
    assert "no credentials" in body["reason"]
    assert "redrive" in body["nextStep"]


def should_end_as_complete_when_the_execution_was_redriven_after_the_rescue(world: World) -> None:
    failed = body_of(world.finish(rescued(), None))
    complete = body_of(world.finish())
    assert complete["status"] == "complete"
    assert complete["messageId"] != failed["messageId"]
    record = world.drops.record(DROP.drop_id)
    assert record is not None
    assert record.state is DropState.ENDED
    assert record.ending is not None
    assert record.ending.status == "complete"


def should_tell_the_later_error_when_the_redriven_execution_died_again(world: World) -> None:
    first = body_of(world.finish(rescued(), None))
    again = body_of(world.finish(rescued("ServiceBusy", "busy"), None))
    assert again["reason"] == "Busy."
    assert again["messageId"] == first["messageId"]
    assert world.measured.total("DropsEnded") == 1


def should_tell_the_ending_and_no_failure_when_only_telling_it_had_died(world: World) -> None:
    complete = world.finish()
    assert world.finish(rescued("States.TaskFailed", "SNS"), None) == complete


def should_be_the_worst_status_when_drops_of_one_execution_ended_differently(world: World) -> None:
    refused = a_drop("anzsco/b.jsonl", rejection=Rejection("Empty.", "Drop another."))
    died = a_drop("anzsco/c.jsonl", failure=Failure("ServiceBusy", "busy"))
    execution = Execution(
        drops=(DROP, died, refused),
        parts=(a_part(DROP),),
        outcomes=(Outcome(a_part(DROP).part_id, COLLECTED),),
    )
    ended = world.finishing.finish(execution)
    assert ended["status"] == "failed"
    assert "anzsco/c.jsonl" in ended["cause"]
    statuses = [announcement["status"] for announcement in ended["announcements"]]
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
    world: World, execution: Execution
) -> None:
    with pytest.raises(MalformedState):
        world.finishing.finish(execution)


def should_refuse_to_finish_when_the_facts_of_a_collected_part_are_missing(world: World) -> None:
    world.record = PartRecord(part_id="p")
    with pytest.raises(MalformedState, match="facts"):
        world.finish()


@pytest.mark.parametrize(
    "key",
    [
        "anzsco/" + "a" * 200 + ".jsonl",
        "anzsco/職業 ä+%20.jsonl",
        "anzsco/line\nbreak\t.jsonl",
        "anzsco/'\"{}<&>\\.jsonl",
    ],
)
def should_be_fit_for_sns_whatever_the_key(world: World, key: str) -> None:
    drop = a_drop(key)
    world.record = a_record(drop)
    (announcement,) = world.finish(drop)["announcements"]
    subject = announcement["subject"]
    assert subject.isascii()
    assert subject.isprintable()
    assert len(subject) <= MAX_SUBJECT
    assert json.loads(announcement["detail"])["key"] == key
    assert announcement["drop_prefix"] == "anzsco/"
    assert len(json.dumps(announcement)) < 30_000


def should_say_all_that_matters_to_a_person_when_the_email_is_read(world: World) -> None:
    text = email_of(world.finish())
    assert text.startswith("Your file has been coded.\n")
    for part in ("s3://drops/anzsco/jobs.jsonl", "3 (2 coded, 1 suggested only)", DROP.drop_id):
        assert part in text
    assert "Report" not in text


def should_stay_one_line_a_row_when_the_key_has_line_breaks(world: World) -> None:
    drop = a_drop("anzsco/a\nReport:   s3://forged")
    world.record = a_record(drop)
    assert "\nReport:" not in email_of(world.finish(drop))


def should_announce_a_folder_of_none_when_the_key_has_no_slash(world: World) -> None:
    drop = a_drop("x.jsonl", topic=None, rejection=Rejection("No topic.", "Use a folder."))
    (announcement,) = world.finish(drop, None)["announcements"]
    assert announcement["drop_prefix"] == "/"
    assert announcement_of(json.loads(announcement["detail"])) == announcement


def should_name_the_version_that_the_project_has_when_a_manifest_is_written() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {"name": project["name"], "version": project["version"]} == SOFTWARE


def should_be_wired_from_the_environment_when_the_function_starts() -> None:
    with cloud() as aws:
        found = Collaborators(Environment.read(VARIABLES), Clock())
        found.__dict__.update(s3=aws.s3, ledger=aws.ledger)
        wired = finishing(found)
        assert wired.results_bucket == VARIABLES["RESULTS_BUCKET"]
        assert wired.judge.part_record("unknown").input is None
