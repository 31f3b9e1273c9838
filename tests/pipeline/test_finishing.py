"""Finish: what the state machine hands over, to announcements, manifest, report and ledger."""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pipeline.aboard import Fate, Passenger, Passengers
from pipeline.announcement import MAX_SUBJECT, announcement_of
from pipeline.attempts import (
    Attempts,
    AttemptState,
    InputFacts,
    MetadataFacts,
    OutputFacts,
    PartRecord,
)
from pipeline.clock import Clock
from pipeline.collaborators import Collaborators
from pipeline.departures import Departures
from pipeline.digest import SequenceDigest
from pipeline.dropped import Drop, Failure, Rejection
from pipeline.drops import Drops, DropState
from pipeline.ended_execution import EndedExecution
from pipeline.environment import Environment
from pipeline.finish import finishing
from pipeline.finishing import Finishing
from pipeline.manifest import SOFTWARE
from pipeline.multipart import ResultFiles
from pipeline.outcomes import Outcomes
from pipeline.progress import PartStatus, Progress
from pipeline.results import ResultsBucket
from pipeline.rosters import Rosters
from pipeline.sharing import shared_execution
from pipeline.short_states import shortened
from pipeline.state_fields import MalformedState
from pipeline.states import Execution, Outcome
from pipeline.verdict import Judge
from pipeline.whole_output import WholeOutput
from tests.pipeline.builders import VARIABLES, Hands, Measured, a_drop, a_part
from tests.pipeline.clouds import REGION, RESULTS, Cloud, cloud, stepfunctions, waiting_machine
from tests.pipeline.memory_service import MODEL_ID, a_model

MACHINE = f"arn:aws:states:{REGION}:123456789012:stateMachine:drop"
ROOT = Path(__file__).parents[2]
DROP = a_drop()
IDS = SequenceDigest().extended(["a", "b", "c"]).to_text()
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
        record_id_digest=IDS,
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
            record_id_digest=IDS,
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


def write_record(aws: Cloud, record: PartRecord) -> None:
    """As claims leave it in the ledger."""
    facts = {"input": record.input, "output": record.output, "metadata": record.metadata}
    aws.ledger.put(
        {
            "pk": f"part#{record.part_id}",
            "sk": "part",
            "state": AttemptState.UPLOADED.value,
            "attempt": record.attempt,
            "operation_id": record.operation_id,
            **{name: json.dumps(asdict(each)) for name, each in facts.items() if each is not None},
        }
    )


class World:
    def __init__(self, aws: Cloud) -> None:
        self.aws = aws
        self.hands = Hands()
        self.measured = Measured()
        self.drops = Drops(aws.ledger, self.hands.clock)
        self.record = a_record()
        self.executions = stepfunctions()
        waiting_machine()

    @property
    def finishing(self) -> Finishing:
        bucket, clock = ResultsBucket(self.aws.s3, RESULTS), self.hands.clock
        return Finishing(
            drops=self.drops,
            judge=Judge(
                outcomes=Outcomes(
                    attempts=Attempts(self.aws.ledger, clock),
                    passengers=Passengers(self.aws.ledger, clock),
                ),
                whole_output=WholeOutput(
                    drops=self.drops, files=ResultFiles(self.aws.s3, RESULTS), results=bucket
                ),
                results=bucket,
            ),
            departures=self._departures,
            results_bucket=RESULTS,
            clock=self.hands.clock,
            measure=self.measured,
        )

    def _departures(self, state_machine_arn: str) -> Departures:
        return Departures(
            drops=self.drops,
            rosters=Rosters(self.aws.ledger, self.hands.clock),
            executions=self.executions,
            state_machine_arn=state_machine_arn,
        )

    def finish(
        self, drop: Drop = DROP, progress: Progress | None = COLLECTED, *, name: str = "jobs"
    ) -> dict[str, Any]:
        """No progress: the drop has no part."""
        part = a_part(drop)
        outcomes = () if progress is None else (Outcome(part.part_id, progress),)
        parts = () if progress is None else (part,)
        return self.ended(Execution(drops=(drop,), parts=parts, outcomes=outcomes), name=name)

    def ended(
        self, execution: Execution, *, told: Any = None, name: str = "jobs", has_time: bool = True
    ) -> dict[str, Any]:
        """Through JSON, as the state machine does."""
        write_record(self.aws, self.record)
        state = {
            **shortened(execution),
            "outcomes": [outcome.to_state() for outcome in execution.outcomes],
            "execution": MACHINE.replace(":stateMachine:", ":execution:") + f":{name}",
            "ended": told or {"at": 0, "status": "complete", "cause": ""},
        }
        ended = self.finishing.finish(
            EndedExecution.from_state(json.loads(json.dumps(state))), has_time=lambda: has_time
        )
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
    for drop in execution.drops:
        world.drops.accept(drop)
    ended = world.ended(execution)
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
        world.ended(execution)


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
        assert wired.judge.results.name == VARIABLES["RESULTS_BUCKET"]


def many(count: int) -> tuple[Drop, ...]:
    return tuple(a_drop(f"anzsco/{number}.jsonl") for number in range(count))


def aboard(drop: Drop, **changes: Any) -> Passenger:
    record = a_record(drop)
    known = Passenger(
        drop_id=drop.drop_id,
        fate=Fate.ABOARD,
        input=record.input,
        output=record.output,
        metadata=record.metadata,
    )
    return replace(known, **changes)


class Company:
    """An execution of several drops in one part, `shared-n`."""

    def __init__(self, world: World, drops: tuple[Drop, ...], progress: Progress) -> None:
        self.world, self.drops, self.progress = world, drops, progress
        self.name = f"shared-{len(drops)}"
        for drop in drops:
            world.drops.accept(drop)
            world.drops.claim(drop.drop_id, self.name)
        world.record = PartRecord(part_id=f"{self.name}-0001", operation_id="op-1", attempt=1)
        self.write(*(aboard(drop) for drop in drops))

    def write(self, *passengers: Passenger) -> None:
        known = Passengers(self.world.aws.ledger, self.world.hands.clock)
        known.write(f"{self.name}-0001", passengers)

    def ended(self, told: Any = None) -> dict[str, Any]:
        execution = shared_execution(self.name, self.drops)
        outcome = Outcome(f"{self.name}-0001", self.progress)
        return self.world.ended(replace(execution, outcomes=(outcome,)), told=told, name=self.name)

    def started(self) -> list[list[str]]:
        """The keys of the drops of each execution that was started."""
        listed = stepfunctions().list_executions(stateMachineArn=MACHINE)["executions"]
        given = [
            stepfunctions().describe_execution(executionArn=each["executionArn"])["input"]
            for each in listed
        ]
        return sorted([drop["key"] for drop in json.loads(each)["drops"]] for each in given)


def should_tell_each_drop_of_a_company_with_its_own_manifest(world: World) -> None:
    company = Company(world, many(3), COLLECTED)
    ended = company.ended()
    assert [each["status"] for each in ended["announcements"]] == ["complete"] * 3
    assert ended["more"] is False
    for drop in company.drops:
        manifest = world.document("manifest.json", drop)
        schema("manifest").validate(manifest)
        assert manifest["key"] == drop.key


@pytest.mark.slow
def should_tell_page_by_page_when_there_are_many(world: World) -> None:
    company = Company(world, many(120), COLLECTED)
    told: Any = None
    keys: list[str] = []
    pages = 0
    while told is None or told["more"]:
        told = company.ended(told)
        keys += [json.loads(each["detail"])["key"] for each in told["announcements"]]
        assert len(json.dumps(told)) < 200_000
        pages += 1
    assert keys == [drop.key for drop in company.drops]
    assert pages > 2


def should_tell_the_rejected_at_once_and_try_the_others_in_halves_when_the_operation_failed(
    world: World,
) -> None:
    failed = Progress(status=PartStatus.FAILED, operation_id="op-1", reason="out of order")
    company = Company(world, many(5), failed)
    bad = company.drops[2]
    company.write(
        Passenger(drop_id=bad.drop_id, fate=Fate.REJECTED, reason="line 1 is odd", faults=1)
    )
    ended = company.ended()
    (announcement,) = ended["announcements"]
    assert (announcement["status"], ended["status"]) == ("rejected", "rejected")
    keys = [[f"anzsco/{n}.jsonl" for n in half] for half in ((0, 1), (3, 4))]
    assert company.started() == keys
    record = world.drops.record(company.drops[0].drop_id)
    assert record is not None
    assert record.ending is None
    assert record.execution is not None
    assert record.execution.startswith("shared-2-")
    assert company.ended() == ended  # tried again: the same is told, and nothing is started twice
    assert company.started() == keys


def should_try_the_suspect_alone_when_the_service_names_a_line(world: World) -> None:
    failed = Progress(status=PartStatus.FAILED, reason="line 5 has no text")  # 3 records a file
    company = Company(world, many(4), failed)
    assert company.ended()["announcements"] == []
    others = [f"anzsco/{n}.jsonl" for n in (0, 2, 3)]
    assert company.started() == [others, ["anzsco/1.jsonl"]]


def should_let_those_that_were_left_travel_together(world: World) -> None:
    company = Company(world, many(4), COLLECTED)
    left = [Passenger(drop_id=drop.drop_id, fate=Fate.LEFT) for drop in company.drops[2:]]
    company.write(*left)
    ended = company.ended()
    assert [each["status"] for each in ended["announcements"]] == ["complete"] * 2
    assert company.started() == [["anzsco/2.jsonl", "anzsco/3.jsonl"]]


def should_fail_the_last_one_when_an_operation_fails_with_nobody_else_aboard(world: World) -> None:
    failed = Progress(status=PartStatus.FAILED, reason="out of order")
    company = Company(world, many(2), failed)
    gone = Passenger(drop_id=company.drops[1].drop_id, fate=Fate.GONE, reason="it was deleted")
    company.write(gone)
    ended = company.ended()
    assert [each["status"] for each in ended["announcements"]] == ["failed", "failed"]
    assert company.started() == []


def should_tell_all_when_the_part_ended_before_their_files_were_read(world: World) -> None:
    rejected = Progress(status=PartStatus.REJECTED, reason="the topic does not exist")
    drops = many(2)
    company = Company(world, drops, rejected)
    for drop in drops:
        key = {"pk": f"part#{company.name}-0001", "sk": f"segment#{drop.drop_id}"}
        world.aws.ledger.table.delete_item(Key=key)
    ended = company.ended()
    assert [each["status"] for each in ended["announcements"]] == ["rejected", "rejected"]


def should_leave_a_drop_to_its_new_execution_when_the_old_one_is_rescued(world: World) -> None:
    failed = Progress(status=PartStatus.FAILED, reason="out of order")
    company = Company(world, many(2), failed)
    company.ended()
    dead = Failure("States.Runtime", "history", execution=company.name)
    telling = Execution(
        drops=tuple(replace(drop, failure=dead) for drop in company.drops), parts=()
    )
    assert world.ended(telling, name="told")["announcements"] == []
