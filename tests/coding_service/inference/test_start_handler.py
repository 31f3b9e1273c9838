"""The race between an upload and the end of its window, and uploads that come twice."""

import json
from typing import Any

import boto3
import pytest

from coding_service.inference.start_handler import execution_name, start_inference
from coding_service.inference.state import StepStatus
from coding_service.operations.operation import input_key
from protocol.statuses import OperationStatus
from tests.support.aws import played_aws
from tests.support.coding_service import service as world
from tests.support.coding_service.service import INPUTS, REGION, Service

TIMES_OUT = 2 * world.WINDOW_SECONDS


def should_await_input_until_the_window_and_its_allowance_are_over(service: Service) -> None:
    operation_id = service.create().operation_id
    service.clock.now += TIMES_OUT - 1
    assert service.state(operation_id).status is OperationStatus.AWAITING_INPUT
    service.clock.now += 1
    for _ in range(2):
        assert service.state(operation_id).to_json() == {"operationStatus": "timed_out"}


def should_delete_an_upload_that_arrives_after_the_time_out(service: Service) -> None:
    operation_id = service.create().operation_id
    service.clock.now += TIMES_OUT
    service.state(operation_id)
    upload = service.upload(operation_id, world.file_of(1))
    assert service.lifecycle.begin(upload) is StepStatus.UNWANTED
    assert service.files() == []
    assert service.state(operation_id).status is OperationStatus.TIMED_OUT


def should_code_an_upload_whose_event_came_before_anybody_saw_the_time_out(
    service: Service,
) -> None:
    operation_id = service.create().operation_id
    service.clock.now += TIMES_OUT
    upload = service.upload(operation_id, world.file_of(1))
    assert service.lifecycle.begin(upload) is StepStatus.SMALL
    assert service.state(operation_id).status is OperationStatus.IN_PROGRESS
    assert not service.operations.time_out(operation_id)


def should_begin_again_when_the_same_execution_repeats_its_step(service: Service) -> None:
    upload = service.upload(service.create().operation_id, world.file_of(1))
    assert service.lifecycle.begin(upload) is StepStatus.SMALL
    assert service.lifecycle.begin(upload) is StepStatus.SMALL
    assert len(service.files()) == 1


def should_delete_a_second_upload_and_go_on_with_the_first(service: Service) -> None:
    operation_id = service.create().operation_id
    first = service.upload(operation_id, world.file_of(3))
    service.lifecycle.begin(first)
    second = service.upload(operation_id, world.file_of(9), execution="second")
    assert service.lifecycle.begin(second) is StepStatus.UNWANTED
    assert service.coded(first).records == 3


def should_not_code_twice_when_the_url_is_used_again_later(service: Service) -> None:
    operation_id = service.create().operation_id
    first = service.upload(operation_id, world.file_of(3))
    service.lifecycle.complete(first, service.coded(first))
    again = service.upload(operation_id, world.file_of(3), execution="second")
    assert service.lifecycle.begin(again) is StepStatus.UNWANTED
    assert service.state(operation_id).status is OperationStatus.COMPLETE
    assert input_key(operation_id) not in service.files()


def should_delete_an_upload_for_an_operation_that_nobody_knows(service: Service) -> None:
    upload = service.upload(world.new_guid(), world.file_of(1))
    assert service.lifecycle.begin(upload) is StepStatus.UNWANTED
    assert service.files() == []


class StartFunction:
    """The function that EventBridge calls, with Step Functions and S3 of moto."""

    def __init__(self) -> None:
        self.states = boto3.client("stepfunctions", region_name=REGION)
        self.machine = self.states.create_state_machine(
            name="inference",
            definition=json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}),
            roleArn="arn:aws:iam::123456789012:role/any",
        )["stateMachineArn"]

    def handle(self, service: Service, key: str, etag: str, version: str | None) -> None:
        uploaded: dict[str, Any] = {"key": key, "size": 5, "etag": etag.strip('"')}
        if version is not None:
            uploaded["version-id"] = version
        detail = {"bucket": {"name": INPUTS}, "object": uploaded}
        start_inference(detail, s3=service.s3, states=self.states, machine=self.machine)

    def started(self) -> list[tuple[str, Any]]:
        listed = self.states.list_executions(stateMachineArn=self.machine)["executions"]
        return [
            (
                each["name"],
                json.loads(
                    self.states.describe_execution(executionArn=each["executionArn"])["input"]
                ),
            )
            for each in listed
        ]


@pytest.mark.parametrize("in_event", [True, False])
def should_start_one_execution_for_a_version_however_often_its_event_comes(
    service: Service, in_event: bool
) -> None:
    function, operation_id = StartFunction(), world.new_guid()
    key = input_key(operation_id)
    stored = service.s3.put_object(Bucket=INPUTS, Key=key, Body=b"12345")
    version = stored["VersionId"]
    for _ in range(2):
        function.handle(service, key, stored["ETag"], version if in_event else None)
    assert function.started() == [
        (
            execution_name(operation_id, version),
            {"operation_id": operation_id, "version_id": version, "bytes": 5},
        )
    ]
    assert len(execution_name(operation_id, version)) <= 80


def should_start_nothing_for_an_upload_that_was_replaced(service: Service) -> None:
    function, key = StartFunction(), input_key(world.new_guid())
    replaced = service.s3.put_object(Bucket=INPUTS, Key=key, Body=b"12345")
    service.s3.put_object(Bucket=INPUTS, Key=key, Body=b"54321")
    function.handle(service, key, replaced["ETag"], None)
    assert function.started() == []


@pytest.mark.parametrize("key", ["input.jsonl", "not-a-guid/input.jsonl", "a/b/c"])
def should_leave_alone_what_is_no_operations_input(service: Service, key: str) -> None:
    function = StartFunction()
    function.handle(service, key, "any", "any")
    assert function.started() == []


def should_fail_and_so_be_called_again_when_the_start_fails(service: Service) -> None:
    with played_aws():
        function = StartFunction()
        function.machine += "-gone"
        with pytest.raises(function.states.exceptions.StateMachineDoesNotExist):
            function.handle(service, input_key(world.new_guid()), "any", "version")
