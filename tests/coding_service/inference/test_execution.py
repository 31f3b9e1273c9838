"""The shipped statemachine/inference.asl.json, executed with the code behind its functions."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from coding_service.errors import AwsBusy, Final, TryAgain, leaves
from coding_service.inference.lifecycle import UNEXPECTED, Upload
from coding_service.inference.lifecycle_handler import advance
from infra.project_files import STATE_MACHINES
from protocol.statuses import OperationStatus
from tests.support.aws import played_aws
from tests.support.coding_service import service as world
from tests.support.coding_service.service import Service, make_service
from tests.support.eventually import eventually
from tests.support.state_machine import Executions, filled, function_arn, install_functions

pytestmark = pytest.mark.slow  # seconds together; make check is for all day

FILE = "inference.asl.json"


@dataclass
class Machine:
    """The state machine with the service behind it; a test may break what a step does."""

    service: Service
    trouble: list[Exception] = field(default_factory=list)
    """For the next calls of "Code" or "Code range", an error to raise instead."""
    troubled_range: int | None = None
    """The one range that has trouble; None for any."""
    children_are_inline: bool = False
    """moto's Distributed Map succeeds whatever becomes of its children; where they fail, the Map is
    run in its other mode. The local cloud's fails as AWS's does (tests/cloud/test_operations.py).
    """
    kept: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        install_functions({"settle": self._settle, "infer": self._infer})
        definition = filled(
            FILE,
            {
                "SettleFunctionArn": function_arn("settle"),
                "InferFunctionArn": function_arn("infer"),
                # When a branch fails, moto ends the others in the midst of a state, and the history
                # then holds what it can't write.
                "InferenceConcurrency": 1 if self.children_are_inline else 2,
            },
        )
        if self.children_are_inline:
            definition = definition.replace('"DISTRIBUTED"', '"INLINE"')
        self.executions = Executions("inference", definition)

    def _settle(self, event: dict[str, Any]) -> dict[str, Any]:
        if event["step"] == "expire":
            operation_id = event["operation_id"]
            self.kept[operation_id] = self.service.output(operation_id)
        if event["step"] == "cut":
            return self.service.cut(event)
        return advance(event, replace(self.service.lifecycle, results_seconds=1))

    def _infer(self, event: dict[str, Any]) -> dict[str, Any]:
        if event["step"] == "explain":
            self.service.explain(event)
        index = event.get("range", {}).get("index")
        if self.trouble and self.troubled_range in (None, index):
            raise self.trouble.pop(0)
        return self.service.code_step().run(event)

    def run(self, upload: Upload) -> tuple[str, list[str]]:
        """How the execution for an upload ended, and the states that it went through."""
        state = {
            "operation_id": upload.operation_id,
            "version_id": upload.version_id,
            "bytes": upload.size,
        }
        arn = self.executions.start(upload.execution, state)
        eventually(lambda: not self.executions.is_running(arn))
        return self.executions.ended(arn)["status"], self.executions.states_entered(arn)

    def upload(self, content: bytes) -> Upload:
        operation_id = self.service.create().operation_id
        return self.service.upload(operation_id, content, execution=f"{operation_id}-1")

    def status(self, upload: Upload) -> tuple[OperationStatus, str | None]:
        state = self.service.state(upload.operation_id)
        return state.status, state.error


@pytest.fixture
def machine(models: Path) -> Iterator[Machine]:
    with played_aws(executes=True):
        yield Machine(make_service(models))


@pytest.fixture
def inline_machine(models: Path) -> Iterator[Machine]:
    with played_aws(executes=True):
        yield Machine(make_service(models), children_are_inline=True)


def should_code_keep_and_delete_when_the_file_is_good(machine: Machine) -> None:
    upload = machine.upload(world.file_of(5))
    ended, states = machine.run(upload)
    assert ended == "SUCCEEDED"
    assert states == [
        *("Begin", "Wanted?", "Code", "Complete", "Keep results"),
        *("Expire", "Expired"),
    ]
    assert len(machine.kept[upload.operation_id].splitlines()) == 5
    assert machine.status(upload)[0] is OperationStatus.COMPLETE
    assert machine.service.files() == []


def should_code_ranges_and_join_them_when_the_file_is_large(machine: Machine) -> None:
    machine.service.range_bytes = 500
    content = world.file_of(60)
    upload = machine.upload(content)
    ended, states = machine.run(upload)
    assert ended == "SUCCEEDED"
    assert [state for state in states if state != "Code range"] == [
        *("Begin", "Wanted?", "Cut", "Code ranges", "Join", "Complete", "Keep results"),
        *("Expire", "Expired"),
    ]
    assert machine.service.files() == []
    assert machine.kept[upload.operation_id] == alone(machine, content)


def should_try_a_range_again_when_its_function_was_killed(machine: Machine) -> None:
    machine.service.range_bytes = 500
    machine.troubled_range = 3
    machine.trouble = [type("Runtime.ExitError", (Exception,), {})("killed"), AwsBusy("SlowDown")]
    content = world.file_of(60)
    upload = machine.upload(content)
    assert machine.run(upload)[0] == "SUCCEEDED"
    assert machine.trouble == []
    assert machine.kept[upload.operation_id] == alone(machine, content)


def should_name_the_files_first_bad_line_when_ranges_have_several(
    inline_machine: Machine,
) -> None:
    machine = inline_machine
    machine.service.range_bytes = 500
    lines = world.file_of(60).splitlines()
    lines[40], lines[53] = b"nonsense", b""
    upload = machine.upload(b"\n".join(lines))
    ended, states = machine.run(upload)
    assert ended == "SUCCEEDED"
    assert states[-3:] == ["Explain", "Tell why", "Failed"]
    status, error = machine.status(upload)
    assert status is OperationStatus.FAILED
    assert error is not None
    assert error.startswith("Line 41 is not JSON")
    assert machine.service.files() == []


def should_fail_aloud_when_a_range_fails_for_no_known_reason(inline_machine: Machine) -> None:
    machine = inline_machine
    machine.service.range_bytes = 500
    machine.troubled_range = 3
    machine.trouble = [ZeroDivisionError("internals")]
    upload = machine.upload(world.file_of(60))
    ended, states = machine.run(upload)
    assert ended == "FAILED"
    assert states[-3:] == ["Explain", "Give up", "Broken"]
    assert machine.status(upload) == (OperationStatus.FAILED, UNEXPECTED)
    assert machine.service.files() == []


def alone(machine: Machine, content: bytes) -> bytes:
    """What one function makes of a file."""
    service = replace(machine.service, range_bytes=1 << 40)
    upload = service.upload(service.create().operation_id, content)
    service.coded(upload)
    return service.output(upload.operation_id)


def should_tell_the_owner_and_succeed_when_the_file_cannot_be_coded(machine: Machine) -> None:
    upload = machine.upload(b"nonsense\n")
    ended, states = machine.run(upload)
    assert ended == "SUCCEEDED"
    assert states[-2:] == ["Tell why", "Failed"]
    status, error = machine.status(upload)
    assert status is OperationStatus.FAILED
    assert error is not None
    assert error.startswith("Line 1 is not JSON")
    assert machine.service.files() == []


def should_fail_aloud_and_tell_no_internals_when_the_error_is_unexpected(
    machine: Machine,
) -> None:
    machine.trouble = [ZeroDivisionError("internals")]
    upload = machine.upload(world.file_of(1))
    ended, states = machine.run(upload)
    assert ended == "FAILED"
    assert states[-2:] == ["Give up", "Broken"]
    assert machine.status(upload) == (OperationStatus.FAILED, UNEXPECTED)


def should_try_again_when_aws_was_busy(machine: Machine) -> None:
    machine.trouble = [AwsBusy("GetObject: SlowDown")]
    upload = machine.upload(world.file_of(1))
    assert machine.run(upload)[0] == "SUCCEEDED"
    assert machine.status(upload)[0] is OperationStatus.COMPLETE


def should_end_quietly_when_the_upload_is_not_wanted(machine: Machine) -> None:
    upload = machine.upload(world.file_of(1))
    machine.service.operations.time_out(upload.operation_id)
    assert machine.run(upload) == ("SUCCEEDED", ["Begin", "Wanted?", "Not wanted"])
    assert machine.status(upload) == (OperationStatus.TIMED_OUT, None)


def tasks() -> Mapping[str, Any]:
    """Every task, also of the Map's children."""
    states = json.loads((STATE_MACHINES / FILE).read_text("utf-8"))["States"]
    children = states["Code ranges"]["ItemProcessor"]["States"]
    found = {**states, **children}
    return {name: state for name, state in found.items() if state["Type"] == "Task"}


def should_retry_exactly_the_errors_that_pass_by_themselves() -> None:
    for name, task in tasks().items():
        ours, lambdas, full = task["Retry"]
        assert set(ours["ErrorEquals"]) == leaves(TryAgain), name
        assert all("." in error for error in lambdas["ErrorEquals"]), name
        assert full["ErrorEquals"] == ["Lambda.TooManyRequestsException"], name
        for retrier in task["Retry"]:
            assert retrier["JitterStrategy"] == "FULL", name


def should_catch_exactly_the_errors_that_the_owner_can_mend() -> None:
    for name in ("Code", "Cut", "Explain"):
        for_owner, unexpected = tasks()[name]["Catch"]
        assert set(for_owner["ErrorEquals"]) == leaves(Final), name
        assert (for_owner["Next"], unexpected["Next"]) == ("Tell why", "Give up"), name


def should_catch_everything_before_an_operation_has_ended() -> None:
    for name in ("Begin", "Code", "Cut", "Join", "Complete", "Explain"):
        last = tasks()[name]["Catch"][-1]
        assert (last["ErrorEquals"], last["Next"]) == (["States.ALL"], "Give up"), name


def should_run_children_that_start_once_and_can_be_looked_at() -> None:
    states = json.loads((STATE_MACHINES / FILE).read_text("utf-8"))["States"]
    ranges = states["Code ranges"]
    assert ranges["ItemProcessor"]["ProcessorConfig"] == {
        "Mode": "DISTRIBUTED",
        "ExecutionType": "STANDARD",
    }
    assert [each["Next"] for each in ranges["Catch"]] == ["Explain"]
    assert not [key for key in ranges if key.startswith("Tolerated")]
