"""Pipeline as it is shipped, around the service that fails: functions, state machine, time.

The functions are the Lambdas' own handlers, wired by `pipeline.dependencies`; the state machine is
the shipped file, run by the simulation's interpreter. So waits and retries of hours take no time.
moto has the buckets, the ledger and the secrets.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bench.streams.function_variables import VARIABLES
from pipeline import dependencies as wiring
from pipeline.check import handler as check
from pipeline.collect import handler as collect
from pipeline.config import environment
from pipeline.dependencies import Dependencies
from pipeline.domain.drop import Drop
from pipeline.domain.execution import Execution, shared_execution
from pipeline.domain.identity import drop_id, execution_name, part_id, results_prefix
from pipeline.domain.part import whole_files
from pipeline.engines.coding_service import http, presigned
from pipeline.executions.compact_input import compact_input
from pipeline.finish import handler as finish
from pipeline.report_failure.handler import report_failure
from pipeline.submit import handler as submit
from simulation.agenda import Agenda
from simulation.state_machine.machine import StateMachine, shipped
from simulation.state_machine.states import StateFailed, Tally, TaskResult
from tests.support.faults.connection import Connection
from tests.support.faults.faults import Call, Fault
from tests.support.faults.service import CLIENT_ID, CLIENT_SECRET, TOPIC, FaultyService
from tests.support.pipeline.builders import NOON, SimulatedIo, secrets
from tests.support.pipeline.clouds import DROPS, REGION, Cloud, cloud
from tests.support.state_machine import ACCOUNT, function_arn

Handler = Callable[[dict[str, Any], Any], Any]
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:drop"
FUNCTION_SECONDS = 900.0
PATIENCE_SECONDS = 0.2  # what a hanging call is waited for here, in place of 12 and 60 s
RANGE_BYTES = 5 << 20  # the least that S3 (and moto) takes for a part that is not the last


@dataclass
class Context:
    """What Lambda hands to a handler; its time is the test's."""

    function_name: str
    aws_request_id: str
    ends_at: float
    now: Callable[[], float]
    memory_limit_in_mb: int = 1024

    @property
    def invoked_function_arn(self) -> str:
        return function_arn(self.function_name)

    def get_remaining_time_in_millis(self) -> int:
        return round((self.ends_at - self.now()) * 1000)


@dataclass
class Executions:
    """Takes the place of Step Functions' client: what was started, and how it ended."""

    waiting: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    died: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, str]:  # noqa: A002, N803
        if name in self.names:
            refused: Any = {"Error": {"Code": "ExecutionAlreadyExists", "Message": name}}
            raise ClientError(refused, "StartExecution")
        self.names.add(name)
        self.waiting.append((name, json.loads(input)))
        return {"executionArn": f"{stateMachineArn}:{name}"}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803
        return self.died[executionArn]


@dataclass
class Pipeline:
    """Takes drops, and runs their executions to the ends."""

    aws: Cloud
    service: FaultyService
    io: SimulatedIo
    executions: Executions
    messages: list[dict[str, Any]] = field(default_factory=list)
    """The bodies of all notifications on the event bus."""
    mails: int = 0
    """How many were published to the topic."""
    seen: list[Any] = field(default_factory=list)
    """What functions were given and gave, and what was published."""
    ran: int = 0

    def drop_together(self, files: Mapping[str, bytes]) -> None:
        """Drops files that share an operation where there are several, until all is done."""
        drops = tuple(self._drop(key, content) for key, content in files.items())
        execution = shared_execution("shared", drops)
        name = "shared"
        if len(drops) == 1:
            name = execution_name(drops[0].key, drops[0].drop_id)
            only = whole_files(part_id(drops[0].drop_id), drops)
            execution = Execution(drops=drops, parts=(only,))
        for drop in drops:
            wiring.dependencies().drops.assign(drop.drop_id, name)
        self.executions.start_execution(
            stateMachineArn=MACHINE, name=name, input=json.dumps(compact_input(execution))
        )
        while self.executions.waiting:
            self._run(*self.executions.waiting.pop(0))

    def let_the_token_age(self) -> None:
        """Ten minutes pass with the token of an earlier drop."""
        wiring.dependencies().tokens.current()
        self.io.time += 600

    def _drop(self, key: str, content: bytes) -> Drop:
        stored = self.aws.s3.put_object(Bucket=DROPS, Key=key, Body=content)
        identity = drop_id(DROPS, key, stored["VersionId"])
        drop = Drop(
            drop_id=identity,
            bucket=DROPS,
            key=key,
            version_id=stored["VersionId"],
            size=len(content),
            etag=stored["ETag"].strip('"'),
            topic=TOPIC,
            model=None,
            results_prefix=results_prefix(key, TOPIC, identity),
            dropped_at="2026-11-21T11:59:00.000Z",
        )
        wiring.dependencies().drops.accept(drop)
        return drop

    def _run(self, name: str, given: dict[str, Any]) -> None:
        """One execution; where it dies, what is started to tell of it waits then."""
        agenda, failures = Agenda(self.io.time), []
        handlers: Mapping[str, Handler] = {
            "submit": submit.handler,
            "check": check.handler,
            "collect": collect.handler,
            "finish": finish.handler,
        }
        tasks = {
            f"{each.capitalize()}FunctionArn": self._task(each, handler, agenda)
            for each, handler in handlers.items()
        }
        tasks["arn:Partition:states:::s3:getObject"] = self._listed
        tasks["arn:Partition:states:::sns:publish"] = self._published
        tasks["arn:Partition:states:::events:putEvents"] = self._published
        machine = StateMachine(shipped("drop.asl.json"), tasks, Random(3))  # noqa: S311  no secret
        arn = MACHINE.replace(":stateMachine:", ":execution:") + f":{name}"
        process = machine.execution(given, {"Execution": {"Id": arn, "Name": name}}, Tally())
        agenda.start(process, lambda _, failure: failures.append(failure), StateFailed)
        agenda.run()
        self.io.time = agenda.now
        (failure,) = failures
        if isinstance(failure, StateFailed):
            self.executions.died[arn] = {
                "status": "FAILED",
                "error": failure.error,
                "cause": failure.cause,
                "input": json.dumps(given),
            }
            report_failure(
                {"detail": {"executionArn": arn}},
                executions=self.executions,  # type: ignore[arg-type]  # the two calls it makes
                state_machine_arn=MACHINE,
            )

    def _task(self, name: str, handler: Handler, agenda: Agenda) -> Callable[[Any], TaskResult]:
        def run(state: Any) -> TaskResult:
            state = json.loads(json.dumps(state))
            began = self.io.time = agenda.now
            self.ran += 1
            ends_at = began + FUNCTION_SECONDS
            context = Context(name, f"{name}-{self.ran}", ends_at, lambda: self.io.time)
            self.seen.append(state)
            try:
                result = json.loads(json.dumps(handler(state, context)))
            except Exception as error:  # noqa: BLE001  whatever a function raises, Lambda reports
                cause = json.dumps({"errorMessage": str(error), "errorType": type(error).__name__})
                self.seen.append(cause)
                failed = StateFailed(type(error).__name__, cause)
                return TaskResult(self.io.time - began, failure=failed)
            self.seen.append(result)
            return TaskResult(self.io.time - began, result)

        return run

    def _listed(self, place: Mapping[str, str]) -> TaskResult:
        """The list of a large file's pieces."""
        content = self.aws.s3.get_object(Bucket=place["Bucket"], Key=place["Key"])["Body"].read()
        return TaskResult(0.1, json.loads(content))

    def _published(self, payload: Mapping[str, Any]) -> TaskResult:
        self.seen.append(payload)
        self.mails += "TopicArn" in payload
        for entry in payload.get("Entries", ()):
            self.messages.append(json.loads(entry["Detail"]))
        return TaskResult(0.1, {})

    def written(self) -> str:
        """All that Pipeline has left anywhere: states, messages, ledger, results."""
        results = [self.aws.result(key).decode("utf-8", "replace") for key in self.results()]
        ledger = self.aws.ledger.table.scan()["Items"]
        return "\n".join([repr(self.seen), repr(self.messages), repr(ledger), *results])

    def results(self) -> Sequence[str]:
        return self.aws.result_keys()


@contextmanager
def deployed(
    faults: Sequence[Fault], monkeypatch: pytest.MonkeyPatch, *, padding: int = 0
) -> Iterator[Pipeline]:
    """Pipeline in front of a service with these faults."""
    io = SimulatedIo(NOON)
    service = FaultyService(list(faults), lambda: io.time, padding)
    executions = Executions()
    with cloud() as aws, service.listening(Connection) as address:
        secrets(json.dumps({"clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET}))
        variables = VARIABLES | {
            "SERVICE_URL": address,
            "AUTH_URL": address,
            "PRESIGNED_HOSTS": address.removeprefix("http://"),
            "ALLOW_PLAIN_HTTP": "true",
            "CREDENTIALS_SECRET_ARN": "credentials",
            "TOKEN_SECRET_ARN": "token",
            "STATE_MACHINE_ARN": MACHINE,
            "DROP_BUCKET": DROPS,
            "AWS_DEFAULT_REGION": REGION,
        }
        if any(fault.call is Call.CODE for fault in faults):
            variables["ENGINES"] = f"{TOPIC}=coding-service-small"
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        if any(fault.hangs for fault in faults):
            for module in (http, presigned):
                monkeypatch.setattr(module, "READ_SECONDS", PATIENCE_SECONDS)
        monkeypatch.setattr(wiring, "Clock", lambda: io.clock)
        monkeypatch.setattr(Dependencies, "executions", executions)
        monkeypatch.setattr(collect, "collector", _in_small_ranges)
        environment.cache_clear()
        wiring.dependencies.cache_clear()
        try:
            yield Pipeline(aws, service, io, executions)
        finally:
            deps = wiring.dependencies()
            deps.coding_service.pool.clear()
            environment.cache_clear()
            wiring.dependencies.cache_clear()


_shipped_collector = collect.collector


def _in_small_ranges(deps: Dependencies) -> collect.Collector:
    return replace(_shipped_collector(deps), part_bytes=RANGE_BYTES)
