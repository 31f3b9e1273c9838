"""The shipped state machine over the shipped functions: from an event to its notification.

moto runs the machine, the buckets, the ledger, the secrets and the topic; the service in memory
speaks real HTTP. After every journey all that was written anywhere is searched for secrets.
"""

import csv
import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest

from bench.streams.function_variables import VARIABLES
from pipeline.check import handler as check
from pipeline.collect import handler as collect
from pipeline.config import environment
from pipeline.dependencies import dependencies
from pipeline.domain.execution import Execution
from pipeline.domain.identity import drop_id
from pipeline.finish import handler as finish
from pipeline.prepare import conversion
from pipeline.prepare import handler as prepare
from pipeline.receive import handler as receive
from pipeline.report_failure import handler as report_failure
from pipeline.storage import chunked_file
from pipeline.storage.results_bucket import PIECES
from pipeline.submit import handler as submit
from protocol.errors import ServiceAnswer
from tables.review.distinct_texts import text_id
from tests.support.eventually import eventually
from tests.support.pipeline.builders import FILLED, lines, secrets
from tests.support.pipeline.clouds import DROPS, REGION, RESULTS, Cloud, cloud
from tests.support.pipeline.finish_fixture import schema
from tests.support.pipeline.memory_service import (
    CLIENT_SECRET,
    TOKEN_CANARY,
    URL_CANARY,
    MemoryService,
    coded,
)
from tests.support.state_machine import ACCOUNT, Function, filled, function_arn, install_functions
from tests.support.tables.decided import a_line, exported

pytestmark = pytest.mark.slow
CANARIES = (CLIENT_SECRET, TOKEN_CANARY, URL_CANARY)
ARRIVALS, QUEUED = "arrivals", "prepared"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:drop"
Handler = Callable[[dict[str, Any], Any], Any]


class Context:
    """What Lambda hands to a handler."""

    def __init__(self, function: str, request: int) -> None:
        self.function_name = function
        self.memory_limit_in_mb = 1024
        self.invoked_function_arn = function_arn(function)
        self.aws_request_id = f"{function}-{request}"

    def get_remaining_time_in_millis(self) -> int:
        return 600_000


class Journey:
    """Pipeline deployed into moto."""

    def __init__(self, aws: Cloud, memory: MemoryService, monkeypatch: pytest.MonkeyPatch) -> None:
        self.aws = aws
        self.memory = memory
        self.secrets = secrets()
        self.states: list[Any] = []
        self.before_check: Callable[[str], None] = lambda _: None
        handlers = {
            "submit": submit.handler,
            "check": check.handler,
            "collect": collect.handler,
            "finish": finish.handler,
        }
        install_functions({name: self._function(name, each) for name, each in handlers.items()})
        self._sqs = boto3.client("sqs", region_name=REGION)
        self._stepfunctions = boto3.client("stepfunctions", region_name=REGION)
        self._arrivals, self._prepared = (
            self._sqs.create_queue(QueueName=name)["QueueUrl"] for name in (ARRIVALS, QUEUED)
        )
        monkeypatch.setenv("ARRIVALS_QUEUE", self._arrivals)
        monkeypatch.setenv("PREPARED_QUEUE", self._prepared)
        self._subscribe()

    def _subscribe(self) -> None:
        sns = boto3.client("sns", region_name=REGION)
        topic = sns.create_topic(Name="ended")["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:subscriber"
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
        functions = ("Submit", "Check", "Collect", "Finish")
        values = {f"{name}FunctionArn": function_arn(name.lower()) for name in functions}
        self._stepfunctions.create_state_machine(
            name="drop",
            definition=filled(
                "drop.asl.json",
                {
                    **values,
                    "NotificationTopicArn": topic,
                    "Partition": "aws",
                    "PieceConcurrency": 2,
                },
            ),
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/states",
        )

    def _function(self, name: str, handler: Handler) -> Function:
        def invoke(state: dict[str, Any]) -> Any:
            self.states.append(state)
            if name == "check":
                self.before_check(state["progress"]["operation_id"])
            answer = handler(state, Context(name, len(self.states)))
            if "wait_seconds" in answer:  # time passes faster here than the machine would wait
                answer["wait_seconds"] = 0
            self.states.append(answer)
            return answer

        return invoke

    def drop(self, content: bytes, key: str = "anzsco/jobs.jsonl") -> str:
        """Drops a file, delivers its event, and waits until its execution has ended."""
        (dropped,) = self.drop_together({key: content})
        return dropped

    def drop_together(self, files: Mapping[str, bytes]) -> list[str]:
        """Drops files, delivers their events in one batch, and waits for their executions."""
        events, ids = [], []
        for key, content in files.items():
            stored = self.aws.s3.put_object(Bucket=DROPS, Key=key, Body=content)
            described = {
                "key": key,
                "size": len(content),
                "etag": stored["ETag"].strip('"'),
                "version-id": stored["VersionId"],
            }
            events.append(
                {
                    "account": ACCOUNT,
                    "time": "2026-11-21T12:00:00Z",
                    "detail": {"bucket": {"name": DROPS}, "object": described},
                }
            )
            ids.append(drop_id(DROPS, key, stored["VersionId"]))
        self.deliver(events)
        self.wait()
        return ids

    def deliver(self, events: Sequence[Mapping[str, Any]]) -> None:
        """As SQS hands them to prepare, and what comes of that to receive."""
        bodies = [json.dumps(event) for event in events]
        while bodies:
            self._handle("prepare", prepare.handler, bodies)
            bodies = self._taken(self._arrivals)
        self._handle("receive", receive.handler, self._taken(self._prepared))

    def _handle(self, name: str, handler: Handler, bodies: Sequence[str]) -> None:
        records = [{"messageId": str(n), "body": body} for n, body in enumerate(bodies)]
        self.states.append(records)
        answer = handler({"Records": records}, Context(name, len(self.states)))
        assert answer == {"batchItemFailures": []}

    def _taken(self, queue: str) -> list[str]:
        bodies: list[str] = []
        while self._left_in(queue):  # moto hands out nothing that was sent in this millisecond
            found = self._sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
            for message in found.get("Messages", []):
                bodies.append(message["Body"])
                self._sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def _left_in(self, queue: str) -> int:
        counted: Any = self._sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])
        names = ("", "NotVisible", "Delayed")
        return sum(int(counted["Attributes"][f"ApproximateNumberOfMessages{n}"]) for n in names)

    def start_again(self, name: str) -> None:
        """Starts the execution that failed once more, with the same input."""
        failed = next(each for each in self.executions() if each["status"] == "FAILED")
        self._stepfunctions.start_execution(
            stateMachineArn=MACHINE, name=name, input=failed["input"]
        )
        self.wait()

    def executions(self) -> list[dict[str, Any]]:
        listed = self._stepfunctions.list_executions(stateMachineArn=MACHINE)["executions"]
        arns = [each["executionArn"] for each in listed]
        return [dict(self._stepfunctions.describe_execution(executionArn=arn)) for arn in arns]

    def wait(self) -> None:
        """moto runs executions in threads of its own."""
        eventually(lambda: not self._running())

    def _running(self) -> int:
        listed = self._stepfunctions.list_executions(
            stateMachineArn=MACHINE, statusFilter="RUNNING"
        )
        return len(listed["executions"])

    def report_failures(self) -> None:
        """Delivers the events of all executions that have died."""
        for each in self.executions():
            if each["status"] == "FAILED":
                event = {"detail": {"executionArn": each["executionArn"]}}
                report_failure.handler(event, Context("report_failure", 1))  # type: ignore[arg-type]
        self.wait()

    def notifications(self) -> list[dict[str, Any]]:
        """The bodies of all messages since the last time."""
        messages: list[Any] = []
        while True:
            found = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
            if not found.get("Messages"):
                break
            messages += [json.loads(message["Body"]) for message in found["Messages"]]
        self.states.extend(messages)
        return [json.loads(message["Message"]) for message in messages]

    def document(self, key: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.aws.result(key))
        return document


def configured(monkeypatch: pytest.MonkeyPatch, address: str, changes: Mapping[str, str]) -> None:
    """The functions' environment."""
    variables = VARIABLES | {
        "SERVICE_URL": address,
        "AUTH_URL": address,
        "PRESIGNED_HOSTS": address.removeprefix("http://"),
        "ALLOW_PLAIN_HTTP": "true",
        "REQUESTS_PER_SECOND": "1000",
        "CREDENTIALS_SECRET_ARN": "credentials",
        "TOKEN_SECRET_ARN": "token",
        "STATE_MACHINE_ARN": MACHINE,
        "DROP_BUCKET": DROPS,
        "AWS_DEFAULT_REGION": REGION,
    }
    for name, value in {**variables, **changes}.items():
        monkeypatch.setenv(name, value)
    environment.cache_clear()
    dependencies.cache_clear()


@pytest.fixture
def settings() -> dict[str, str]:
    """Variables that a test's functions have otherwise."""
    return {}


@pytest.fixture
def journey(
    settings: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Journey]:
    """A deployed Pipeline; at the end no secret may have been written anywhere."""
    memory = MemoryService()
    caplog.set_level(logging.DEBUG)
    with cloud(executes=True) as aws, memory.listening() as address:
        configured(monkeypatch, address, settings)
        ready = Journey(aws, memory, monkeypatch)
        yield ready
        ready.notifications()
        written = capfd.readouterr()
        places = {
            "output": written.out + written.err,
            "logs": _records(caplog),
            "ledger": repr(aws.ledger.table.scan()["Items"]),
            "states": json.dumps(ready.states),
            "executions": repr(ready.executions()),
            "results": "".join(aws.result(k).decode() for k in aws.result_keys()),
        }
        dependencies.cache_clear()
        environment.cache_clear()
    assert memory.token_requests <= 2
    for place, text in places.items():
        assert text or place == "results", f"nothing in the {place}: the search proves nothing"
        for canary in CANARIES:
            assert canary not in text, f"a secret is in the {place}"


def _records(caplog: pytest.LogCaptureFixture) -> str:
    """What all loggers were given at the lowest level, before a formatter could redact it."""
    return "\n".join(
        f"{record.getMessage()} {record.__dict__}" for record in caplog.get_records("call")
    )


def should_bring_the_coded_file_back_and_notify_once_when_all_goes_well(journey: Journey) -> None:
    content = lines(300)
    dropped = journey.drop(content, "anzsco/2026/a b+c%20ä.jsonl")
    prefix = f"anzsco/2026/a b+c%20ä.jsonl/{dropped}/"
    assert journey.aws.result(f"{prefix}output.jsonl") == coded(content)
    manifest = journey.document(f"{prefix}manifest.json")
    assert manifest["input"]["records"] == manifest["output"]["records"] == 300
    assert manifest["metadata"]["key"] in journey.aws.result_keys()
    (body,) = journey.notifications()
    assert (body["status"], body["dropId"]) == ("complete", dropped)
    assert (body["records"]["input"], body["records"]["coded"]) == (300, 300)
    assert [each["status"] for each in journey.executions()] == ["SUCCEEDED"]


def should_code_and_notify_each_version_when_a_key_is_dropped_again(journey: Journey) -> None:
    assert journey.drop(lines(2)) != journey.drop(lines(3))
    assert sorted(body["records"]["input"] for body in journey.notifications()) == [2, 3]
    assert journey.memory.token_requests == 1


def should_reject_with_a_report_and_code_nothing_when_a_line_is_bad(journey: Journey) -> None:
    dropped = journey.drop(lines(2) + b"not json\n")
    (body,) = journey.notifications()
    assert body["status"] == "rejected"
    report = journey.document(f"anzsco/jobs.jsonl/{dropped}/rejection.json")
    assert report["faults"][0]["line"] == 3
    assert journey.memory.operations == {}


def should_reject_on_receipt_when_the_key_names_no_topic(journey: Journey) -> None:
    dropped = journey.drop(lines(2), "jobs.jsonl")
    (body,) = journey.notifications()
    assert (body["status"], body["topic"]) == ("rejected", None)
    assert body["results"]["report"] == f"unrouted/jobs.jsonl/{dropped}/rejection.json"
    assert journey.memory.calls == []
    journey.drop(lines(2))  # a token and URLs are used, so that the search for them proves much


def should_reject_when_the_service_knows_no_such_topic(journey: Journey) -> None:
    journey.drop(lines(2), "osca/jobs.jsonl")
    (body,) = journey.notifications()
    assert body["status"] == "rejected"
    assert "topic" in body["reason"]
    assert body["results"]["report"] in journey.aws.result_keys()


def should_fail_with_the_services_reason_when_inference_fails(journey: Journey) -> None:
    journey.before_check = lambda operation: journey.memory.fail(operation, "line 2 is odd")
    journey.drop(lines(2))
    (body,) = journey.notifications()
    assert body["status"] == "failed"
    assert "line 2 is odd" in body["reason"]
    assert journey.executions()[0]["error"] == "DropFailed"
    journey.report_failures()
    assert journey.notifications() == []


def should_try_three_operations_when_they_time_out(journey: Journey) -> None:
    journey.before_check = journey.memory.time_out
    journey.drop(lines(2))
    (body,) = journey.notifications()
    assert body["status"] == "timed_out"
    assert len(journey.memory.operations) == 3
    assert journey.executions()[0]["error"] == "DropTimedOut"


def should_complete_when_only_the_first_operation_times_out(journey: Journey) -> None:
    first: list[str] = []

    def time_out_the_first(operation: str) -> None:
        if not first:
            first.append(operation)
            journey.memory.time_out(operation)

    journey.before_check = time_out_the_first
    journey.drop(lines(2))
    (body,) = journey.notifications()
    assert body["status"] == "complete"
    manifest = journey.document(body["results"]["manifest"])
    assert manifest["operations"][0]["attempt"] == 2
    assert manifest["operations"][0]["operationId"] not in first


def should_fail_and_notify_when_the_operation_is_another_clients(journey: Journey) -> None:
    journey.memory.refuse_next("operations", ServiceAnswer.NOT_YOUR_OPERATION, times=9)
    journey.drop(lines(2))
    (body,) = journey.notifications()
    assert body["status"] == "failed"
    assert "not authorised" in body["reason"]


def should_notify_and_end_well_after_all_when_credentials_come_late(journey: Journey) -> None:
    journey.secrets.put_secret_value(SecretId="credentials", SecretString="{}")
    dropped = journey.drop(lines(2))
    assert journey.notifications() == []
    journey.report_failures()
    (body,) = journey.notifications()
    assert (body["status"], body["dropId"]) == ("failed", dropped)
    assert "secret credentials has no credentials" in body["reason"]
    assert "redrive" in body["nextStep"]
    journey.report_failures()  # the same events, and those of the report, delivered again
    assert journey.notifications() == []
    journey.secrets.put_secret_value(SecretId="credentials", SecretString=FILLED)
    died = next(each for each in journey.executions() if "told" not in each["name"])
    # moto has no redrive: the same input goes through the functions under another name.
    boto3.client("stepfunctions", region_name=REGION).start_execution(
        stateMachineArn=MACHINE, name="redriven", input=died["input"]
    )
    journey.wait()
    (body,) = journey.notifications()
    assert (body["status"], body["dropId"]) == ("complete", dropped)
    assert Execution.from_state(json.loads(died["input"])).drops[0].drop_id == dropped


def should_leave_the_drop_as_it_is_whatever_happens(journey: Journey) -> None:
    content = lines(2).removesuffix(b"\n")
    journey.drop(content)
    (body,) = journey.notifications()
    assert body["status"] == "complete"
    assert journey.memory.uploaded[0].input == content
    versions = journey.aws.s3.list_object_versions(Bucket=DROPS)["Versions"]
    assert len(versions) == 1
    assert body["results"]["bucket"] == RESULTS


def small_files(count: int) -> dict[str, bytes]:
    return {f"anzsco/{n}.jsonl": lines(n + 1, text=f"job {n} of") for n in range(count)}


def should_give_every_file_its_own_results_and_message_when_many_share_an_operation(
    journey: Journey,
) -> None:
    files = small_files(12)
    files["anzsco/3.jsonl"] = b"not json\n"
    ids = journey.drop_together(files)
    statuses = {body["dropId"]: body["status"] for body in journey.notifications()}
    assert statuses == {each: "rejected" if n == 3 else "complete" for n, each in enumerate(ids)}
    assert len(journey.memory.operations) == 1
    for (key, content), dropped in zip(files.items(), ids, strict=True):
        if statuses[dropped] == "complete":
            assert journey.aws.result(f"{key}/{dropped}/output.jsonl") == coded(content)
            manifest = journey.document(f"{key}/{dropped}/manifest.json")
            assert manifest["input"]["sha256"] == hashlib.sha256(content).hexdigest()


def should_find_the_file_that_fails_an_operation_and_code_all_others(journey: Journey) -> None:
    """The service fails every operation that carries it, and does not say why."""

    def fail_if_aboard(operation: str) -> None:
        if b"job 5 of" in (journey.memory.operations[operation].input or b""):
            journey.memory.fail(operation, "out of order")

    journey.before_check = fail_if_aboard
    ids = journey.drop_together(small_files(9))
    statuses = {body["dropId"]: body["status"] for body in journey.notifications()}
    assert statuses == {each: "failed" if n == 5 else "complete" for n, each in enumerate(ids)}


@pytest.fixture
def cut_small(settings: dict[str, str]) -> None:
    """An operation takes 1000 bytes."""
    settings["MAX_FILE_BYTES"] = "1000"


@pytest.mark.usefixtures("cut_small")
def should_get_from_many_parts_what_one_part_gives(journey: Journey) -> None:
    content = lines(300)
    dropped = journey.drop(content)
    (body,) = journey.notifications()
    assert body["status"] == "complete"
    assert len(journey.memory.uploaded) == -(-len(content) // 1000)
    prefix = f"anzsco/jobs.jsonl/{dropped}/"
    assert journey.aws.result(f"{prefix}output.jsonl") == coded(content)
    manifest = journey.document(f"{prefix}manifest.json")
    assert manifest["input"]["bytes"] == len(content)
    assert manifest["output"]["records"] == 300
    assert pieces_in(journey) == []
    (execution,) = journey.executions()
    assert "-0001" not in execution["input"] + execution["output"]  # nor any other piece


def pieces_in(journey: Journey) -> list[str]:
    """Keys of what pieces have left, where a lifecycle rule would end it as it does their list."""
    left = [key for key in journey.aws.result_keys() if key.startswith(PIECES)]
    (listed,) = (key for key in left if "/parts-" in key)
    return [key for key in left if key != listed]


@pytest.mark.usefixtures("cut_small")
def should_say_to_drop_the_file_again_when_its_pieces_have_been_deleted(journey: Journey) -> None:
    def fail_one(operation: str) -> None:
        if b'"r20"' in (journey.memory.operations[operation].input or b""):
            journey.memory.fail(operation, "line 3 is odd")

    journey.before_check = fail_one
    journey.drop(lines(60))
    journey.notifications()
    for key in pieces_in(journey):
        journey.aws.s3.delete_object(Bucket=RESULTS, Key=key)
    journey.before_check = lambda _: None
    journey.start_again("long after")
    (body,) = journey.notifications()
    assert body["status"] == "failed"
    assert "drop the file again" in body["reason"]


@pytest.mark.usefixtures("cut_small")
def should_keep_what_is_coded_and_take_up_only_the_rest_when_one_part_failed(
    journey: Journey,
) -> None:
    def fail_one(operation: str) -> None:
        if b'"r20"' in (journey.memory.operations[operation].input or b""):
            journey.memory.fail(operation, "line 3 is odd")

    journey.before_check = fail_one
    content = lines(60)
    dropped = journey.drop(content)
    (body,) = journey.notifications()
    assert body["status"] == "failed"
    assert "Piece 2 of 4 (from line " in body["reason"]
    assert "line 3 is odd" in body["reason"]
    assert len(pieces_in(journey)) == 3 * 2  # output and metadata; all that lies there for now
    assert all(key.startswith(PIECES) for key in journey.aws.result_keys())
    operations = len(journey.memory.operations)
    journey.before_check = lambda _: None
    journey.start_again("again")
    (body,) = journey.notifications()
    assert body["status"] == "complete"
    assert len(journey.memory.operations) == operations + 1
    assert pieces_in(journey) == []
    assert journey.aws.result(f"anzsco/jobs.jsonl/{dropped}/output.jsonl") == coded(content)


@pytest.mark.usefixtures("cut_small")
def should_count_lines_from_the_files_beginning_when_a_later_part_is_faulty(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "MAX_TABLE_BYTES", 0)  # as if it were too large for a table
    content = lines(40) + b"not json\n" + lines(10)
    dropped = journey.drop(content)
    (body,) = journey.notifications()
    assert body["status"] == "rejected"
    assert "line 41" in body["reason"]
    report = journey.document(f"anzsco/jobs.jsonl/{dropped}/rejection.json")
    assert [fault["line"] for fault in report["faults"]] == [41]
    assert (report["lineCount"], report["linesFromByte"]) == (51, 0)
    assert pieces_in(journey) == []


def should_give_the_persons_own_table_back_when_a_csv_is_dropped(journey: Journey) -> None:
    content = b'Town;Job title;Age\nPerth;nurse;034\nDubbo;;7\n"a;b";bus driver;=1+1\n'
    dropped = journey.drop(content, "anzsco/people.csv")
    (body,) = journey.notifications()
    prefix = f"anzsco/people.csv/{dropped}/"
    assert body["status"] == "complete"
    assert body["results"]["table"] == f"{prefix}results.csv"
    assert body["results"]["page"] == f"{prefix}report.html"
    rows = list(
        csv.reader(journey.aws.result(f"{prefix}results.csv").decode().splitlines(), delimiter=";")
    )
    before = list(csv.reader(content.decode().splitlines(), delimiter=";"))
    assert [row[:3] for row in rows] == before
    assert [row[rows[0].index("anzsco_status")] for row in rows[1:]] == ["coded", "blank", "coded"]
    assert body["rows"]["coded"] == 2
    assert b"<html" in journey.aws.result(f"{prefix}report.html")
    schema("report").validate(journey.document(f"{prefix}report.json"))
    schema("manifest").validate(journey.document(f"{prefix}manifest.json"))
    schema("notification").validate(body)


def should_merge_a_reviewers_file_when_it_is_dropped_back(
    journey: Journey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "anzsco.csv").write_text("code,label,parent\n2,,\n254,,2\n", "utf-8")
    monkeypatch.setenv("CODELISTS_FOLDER", str(tmp_path))
    content = b"Job title;Age\nnurse;34\nbus driver;56\nNURSE ;9\n"
    coded = journey.drop(content, "anzsco/people.csv")
    item = {"id": text_id(("nurse", ""), coded), "texts": ["nurse", ""], "rows": 2}
    line = a_line(item, "code 254499", drop=coded, label="Registered Nurse", blind="yes")
    review = journey.drop(exported([line]), "anzsco/reviewed/ann.csv")
    _, body = journey.notifications()
    schema("notification").validate(body)
    assert body["status"] == "complete"
    prefix = f"anzsco/reviewed/ann.csv/{review}/"
    assert body["results"]["table"] == f"{prefix}results.csv"
    lines = journey.aws.result(f"{prefix}results.csv").decode().splitlines()
    rows = list(csv.DictReader(lines, delimiter=";"))
    assert [row["Age"] for row in rows] == ["34", "56", "9"]
    assert [row["anzsco_final_by"] for row in rows] == ["Ann", "model", "Ann"]
    assert rows[2]["anzsco_final_code"] == "254499"
    schema("merged").validate(journey.document(f"{prefix}manifest.json"))
    report = journey.document(f"{prefix}report.json")
    schema("report").validate(report)
    assert report["review"]["codes"]["texts"] == 1
    assert {1, 3} < {each["level"] for each in report["review"]["codes"]["levels"]}
    assert len(journey.memory.operations) == 1


def _reviewed(journey: Journey, coded: str, decisions: Mapping[str, str], **cells: str) -> str:
    """What people have decided of titles of a drop is dropped back; the review's id."""
    lines = []
    for title, decision in decisions.items():
        item = {"id": text_id((title, ""), coded), "texts": [title, ""], "rows": 1}
        lines.append(a_line(item, decision, drop=coded, label="By Ann", **cells))
    return journey.drop(exported(lines), "anzsco/reviewed/ann.csv")


DECIDED = {"nurse": "code 254499", "stuff": "cannot be coded"}
DICTIONARY = {"USE_DICTIONARY": "other,anzsco"}


@pytest.mark.parametrize("settings", [DICTIONARY])
def should_look_up_what_people_have_decided_and_send_the_rest(journey: Journey) -> None:
    coded = journey.drop(b"Job title\nnurse\nbus driver\nstuff\n", "anzsco/people.csv")
    review = _reviewed(journey, coded, DECIDED)
    merged = journey.document(f"anzsco/reviewed/ann.csv/{review}/manifest.json")
    schema("merged").validate(merged)
    assert (merged["dictionary"]["version"], merged["dictionary"]["entries"]) == (1, 2)
    assert merged["dictionary"]["texts"]["added"] == 2
    journey.notifications()

    again = journey.drop(
        b"Job title,Age\nNURSE ,1\ncook,2\nStuff,3\n,4\ncook,5\n", "anzsco/next.csv"
    )
    (body,) = journey.notifications()
    assert body["status"] == "complete"
    assert (body["records"]["input"], body["records"]["output"]) == (1, 2), "cook is sent once"
    assert body["rows"]["dictionary"] == 2
    schema("notification").validate(body)
    prefix = f"anzsco/next.csv/{again}/"
    rows = list(csv.DictReader(journey.aws.result(f"{prefix}results.csv").decode().splitlines()))
    assert [row["Age"] for row in rows] == ["1", "2", "3", "4", "5"]
    statuses = ["dictionary", "coded", "dictionary", "blank", "coded"]
    assert [row["anzsco_status"] for row in rows] == statuses
    assert [rows[0][f"anzsco_{n}"] for n in ("code", "label", "level", "confidence", "model")] == [
        *("254499", "By Ann", "6", "", "dictionary 1")
    ]
    assert rows[2]["anzsco_code"] == ""
    manifest = journey.document(f"{prefix}manifest.json")
    schema("manifest").validate(manifest)
    assert manifest["table"]["dictionary"] == 1
    schema("report").validate(journey.document(f"{prefix}report.json"))


@pytest.mark.parametrize("settings", [DICTIONARY])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("next.csv", b"Job title\nSTUFF\n\nnurse\n"),
        ("next.jsonl", b'{"occp_text":"nurse","tasks_text":""}\n' * 2),
    ],
)
def should_give_a_table_back_of_which_all_is_known_and_call_nobody(
    journey: Journey, name: str, content: bytes
) -> None:
    coded = journey.drop(b"Job title\nnurse\nstuff\n", "anzsco/people.csv")
    _reviewed(journey, coded, DECIDED)
    journey.notifications()
    operations = len(journey.memory.operations)
    dropped = journey.drop(content, f"anzsco/{name}")
    (body,) = journey.notifications()
    assert body["status"] == "complete"
    schema("notification").validate(body)
    assert body["rows"]["dictionary"] == 2
    assert set(body["records"].values()) == {0}
    assert len(journey.memory.operations) == operations
    prefix = f"anzsco/{name}/{dropped}/"
    manifest = journey.document(f"{prefix}manifest.json")
    schema("manifest").validate(manifest)
    assert manifest["operations"] == []
    assert journey.aws.result(f"{prefix}output.jsonl") == b""
    assert journey.aws.result(body["results"]["table"]).count(b"By Ann") > 0
    schema("report").validate(journey.document(f"{prefix}report.json"))


def should_learn_and_look_nothing_up_unless_it_is_asked_for(journey: Journey) -> None:
    coded = journey.drop(b"Job title\nnurse\n", "anzsco/people.csv")
    _reviewed(journey, coded, {"nurse": "code 254499"})
    _reviewed(journey, coded, {"nurse": "code 254412"}, at="2026-03-07T08:00:00.000Z")
    keys = [key for key in journey.aws.result_keys() if key.startswith(".dictionaries/")]
    assert [key.rpartition("/")[2] for key in keys] == [
        "dictionary-0001.csv",
        "dictionary-0002.csv",
    ]
    assert b"code 254499" in journey.aws.result(keys[0])
    assert b"code 254412" in journey.aws.result(keys[1])
    journey.notifications()
    journey.drop(b"Job title\nnurse\n", "anzsco/next.csv")
    (body,) = journey.notifications()
    assert (body["records"]["input"], body["rows"]["dictionary"]) == (1, 0)


def should_give_a_merged_table_back_when_the_dictionary_can_learn_nothing(journey: Journey) -> None:
    coded = journey.drop(b"Job title\nnurse\n", "anzsco/people.csv")
    journey.aws.s3.put_object(
        Bucket=RESULTS, Key=".dictionaries/anzsco/dictionary-0001.csv", Body=b"no dictionary"
    )
    review = _reviewed(journey, coded, {"nurse": "code 254499"})
    merged = journey.document(f"anzsco/reviewed/ann.csv/{review}/manifest.json")
    schema("merged").validate(merged)
    assert "dictionary-0001.csv" in merged["dictionary"]["nothing"]
    assert journey.notifications()[-1]["status"] == "complete"


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("anzsco/reviewed/ann.csv", "No drop"),
        ("other/reviewed/ann.csv", "of the topic other is known"),
    ],
)
def should_reject_a_reviewers_file_when_its_drop_is_not_of_that_topic(
    journey: Journey, key: str, reason: str
) -> None:
    coded = journey.drop(b"Job title\nnurse\n", "anzsco/people.csv")
    item = {"id": text_id(("nurse", ""), coded), "texts": ["nurse", ""], "rows": 1}
    of = "0" * 32 if key.startswith("anzsco") else coded
    journey.drop(exported([a_line(item, "code 1", drop=of)]), key)
    _, body = journey.notifications()
    assert body["status"] == "rejected"
    assert reason in body["reason"]


def should_code_a_table_when_it_lies_in_a_folder_for_reviews(journey: Journey) -> None:
    journey.drop(b"Job title\nnurse\n", "anzsco/reviewed/people.csv")
    (body,) = journey.notifications()
    assert body["status"] == "complete"
    assert body["rows"]["coded"] == 1


def should_compare_a_report_with_the_topics_last_one(journey: Journey) -> None:
    first = journey.drop(b"Job title\nnurse\n", "anzsco/first.csv")
    second = journey.drop(b"Job title\nnurse\n\n", "anzsco/second.csv")
    reports = [
        journey.document(f"anzsco/{name}.csv/{drop}/report.json")
        for name, drop in (("first", first), ("second", second))
    ]
    assert [each["previous"] and each["previous"]["dropId"] for each in reports] == [None, first]


def should_go_on_with_a_table_where_it_ended_when_the_time_is_over(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunked_file, "CHUNK_BYTES", 5 << 20)
    asked = {"prepare": count(), "finish": count()}
    rows = b"".join(b"%d,registered nurse %d,night shifts\n" % (n, n % 97) for n in range(90_000))

    def left(context: Context) -> int:
        late = context.function_name in asked and next(asked[context.function_name]) < 2
        return 0 if late else 600_000

    monkeypatch.setattr(Context, "get_remaining_time_in_millis", left)
    dropped = journey.drop(b"Id,Job title,Main tasks\n" + rows, "anzsco/many.csv")
    (body,) = journey.notifications()
    assert body["status"] == "complete", body["reason"]
    table = journey.aws.result(f"anzsco/many.csv/{dropped}/results.csv").decode().splitlines()
    assert [line.partition(",")[0] for line in table] == ["Id", *map(str, range(90_000))]
    finishes = [each for each in journey.states if isinstance(each, dict) and "outcomes" in each]
    assert len(finishes) > 1
