"""Pipeline deployed into moto: the shipped state machine over the shipped functions.

moto runs the machine, the buckets, the ledger, the secrets and the topic.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3
import pytest

from bench.streams.function_variables import VARIABLES
from pipeline.check import handler as check
from pipeline.collect import handler as collect
from pipeline.config import environment
from pipeline.dependencies import dependencies
from pipeline.domain.identity import drop_id
from pipeline.finish import handler as finish
from pipeline.prepare import handler as prepare
from pipeline.receive import handler as receive
from pipeline.report_failure import handler as report_failure
from pipeline.submit import handler as submit
from tests.support.eventually import eventually
from tests.support.pipeline.builders import secrets
from tests.support.pipeline.clouds import DROPS, REGION, Cloud
from tests.support.pipeline.memory_service import MemoryService
from tests.support.state_machine import ACCOUNT, Function, filled, function_arn, install_functions

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
