"""The shipped statemachine/inference.asl.json, executed with the code behind its functions."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from coding_service.errors import AwsBusy, Final, TryAgain, leaves
from coding_service.settle import settle
from coding_service.transitions import UNEXPECTED, Work
from protocol.statuses import OperationStatus
from tests.aws import played_aws
from tests.coding_service import service as world
from tests.coding_service.service import Service, make_service
from tests.eventually import eventually
from tests.statemachine.execution import (
    STATE_MACHINES,
    Executions,
    filled,
    function_arn,
    install_functions,
)

pytestmark = pytest.mark.slow  # seconds together; make check is for all day

FILE = "inference.asl.json"
MIB = 1 << 20


@dataclass
class Machine:
    """The state machine with the service behind it; a test may break what a step does.

    :ivar trouble: for the next calls of "Code", an error to raise instead.
    """

    service: Service
    trouble: list[Exception] = field(default_factory=list)
    part_bytes: int = 1 << 40
    kept: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        install_functions({"settle": self._settle, "infer": self._infer})
        self.executions = Executions(
            "inference",
            filled(
                FILE,
                {
                    "SettleFunctionArn": function_arn("settle"),
                    "InferFunctionArn": function_arn("infer"),
                },
            ),
        )

    def _settle(self, event: dict[str, Any]) -> dict[str, Any]:
        if event["step"] == "expire":
            operation_id = event["operation_id"]
            self.kept[operation_id] = self.service.output(operation_id)
        return settle(event, replace(self.service.transitions, results_seconds=1))

    def _infer(self, event: dict[str, Any]) -> dict[str, Any]:
        if self.trouble:
            raise self.trouble.pop(0)
        step = self.service.code_step(part_bytes=self.part_bytes)
        return step.run(event, time_remains=lambda: False)

    def run(self, work: Work) -> tuple[str, list[str]]:
        """How the execution for an upload ended, and the states that it went through."""
        state = {
            "operation_id": work.operation_id,
            "version_id": work.version_id,
            "bytes": work.size,
        }
        arn = self.executions.start(work.execution, state)
        eventually(lambda: not self.executions.is_running(arn))
        return self.executions.ended(arn)["status"], self.executions.states_entered(arn)

    def upload(self, content: bytes) -> Work:
        operation_id = self.service.create().operation_id
        return self.service.upload(operation_id, content, execution=f"{operation_id}-1")

    def status(self, work: Work) -> tuple[OperationStatus, str | None]:
        state = self.service.state(work.operation_id)
        return state.status, state.error


@pytest.fixture
def machine(models: Path) -> Iterator[Machine]:
    with played_aws(executes=True):
        yield Machine(make_service(models))


def should_code_keep_and_delete_when_the_file_is_good(machine: Machine) -> None:
    work = machine.upload(world.file_of(5))
    ended, states = machine.run(work)
    assert ended == "SUCCEEDED"
    assert states == [
        *("Begin", "Wanted?", "Code", "More?", "Complete", "Keep results"),
        *("Expire", "Expired"),
    ]
    assert len(machine.kept[work.operation_id].splitlines()) == 5
    assert machine.status(work)[0] is OperationStatus.COMPLETE
    assert machine.service.files() == []


def should_go_on_slice_by_slice_until_nothing_remains(machine: Machine) -> None:
    machine.part_bytes = 5 * MIB
    work = machine.upload(world.long_file())
    ended, states = machine.run(work)
    assert ended == "SUCCEEDED"
    assert states.count("Code") > 1
    coded = machine.kept[work.operation_id].splitlines()
    numbers = [int(json.loads(line)["recordId"]) for line in coded]
    assert numbers == list(range(world.LONG_FILES_RECORDS))


def should_tell_the_owner_and_succeed_when_the_file_cannot_be_coded(machine: Machine) -> None:
    work = machine.upload(b"nonsense\n")
    ended, states = machine.run(work)
    assert ended == "SUCCEEDED"
    assert states[-2:] == ["Tell why", "Failed"]
    status, error = machine.status(work)
    assert status is OperationStatus.FAILED
    assert error is not None
    assert error.startswith("Line 1 is not JSON")
    assert machine.service.files() == []


def should_fail_aloud_and_tell_no_internals_when_the_error_is_unexpected(
    machine: Machine,
) -> None:
    machine.trouble = [ZeroDivisionError("internals")]
    work = machine.upload(world.file_of(1))
    ended, states = machine.run(work)
    assert ended == "FAILED"
    assert states[-2:] == ["Give up", "Broken"]
    assert machine.status(work) == (OperationStatus.FAILED, UNEXPECTED)


def should_try_again_when_aws_was_busy(machine: Machine) -> None:
    machine.trouble = [AwsBusy("GetObject: SlowDown")]
    work = machine.upload(world.file_of(1))
    assert machine.run(work)[0] == "SUCCEEDED"
    assert machine.status(work)[0] is OperationStatus.COMPLETE


def should_end_quietly_when_the_upload_is_not_wanted(machine: Machine) -> None:
    work = machine.upload(world.file_of(1))
    machine.service.operations.time_out(work.operation_id)
    assert machine.run(work) == ("SUCCEEDED", ["Begin", "Wanted?", "Not wanted"])
    assert machine.status(work) == (OperationStatus.TIMED_OUT, None)


def tasks() -> Mapping[str, Any]:
    states = json.loads((STATE_MACHINES / FILE).read_text("utf-8"))["States"]
    return {name: state for name, state in states.items() if state["Type"] == "Task"}


def should_retry_exactly_the_errors_that_pass_by_themselves() -> None:
    for name, task in tasks().items():
        ours, lambdas = task["Retry"]
        assert set(ours["ErrorEquals"]) == leaves(TryAgain), name
        assert all("." in error for error in lambdas["ErrorEquals"]), name
        for retrier in (ours, lambdas):
            assert retrier["JitterStrategy"] == "FULL", name


def should_catch_exactly_the_errors_that_the_owner_can_mend() -> None:
    told, unexpected = tasks()["Code"]["Catch"]
    assert set(told["ErrorEquals"]) == leaves(Final)
    assert (told["Next"], unexpected["Next"]) == ("Tell why", "Give up")


def should_catch_everything_before_an_operation_has_ended() -> None:
    for name in ("Begin", "Code", "Complete"):
        last = tasks()[name]["Catch"][-1]
        assert (last["ErrorEquals"], last["Next"]) == (["States.ALL"], "Give up"), name
