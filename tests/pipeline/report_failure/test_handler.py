"""Against Step Functions' answers, in exactly the calls that are made."""

import json
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from pipeline.domain.drop import Drop, Failure
from pipeline.domain.execution import NOTHING_TOLD, Execution
from pipeline.domain.state_fields import MalformedState
from pipeline.report_failure.handler import PIECES_FAILED, report_failure
from tests.support.pipeline.builders import a_drop, a_part
from tests.support.pipeline.clouds import REGION

MACHINE = "arn:aws:states:ap-southeast-2:123456789012:stateMachine:drop"
DIED = "arn:aws:states:ap-southeast-2:123456789012:execution:drop:jobs"
EVENT = {"detail": {"executionArn": DIED, "status": "FAILED"}}
DROP = a_drop()
CAUSE = json.dumps({"errorMessage": "fill the secret", "errorType": "CredentialsMissing"})


RUN = "arn:aws:states:ap-southeast-2:123456789012:mapRun:drop/Pieces:1"
CHILD = {
    "executionArn": "arn:aws:states:ap-southeast-2:123456789012:execution:drop/Pieces:2",
    "stateMachineArn": f"{MACHINE}/Pieces",
    "name": "2",
}


class StepFunctions:
    """The real client, with scripted answers and an exact sequence of calls."""

    def __init__(self) -> None:
        self.client = boto3.client(
            "stepfunctions",
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self.stub = Stubber(self.client)

    def died(self, *drops: Drop, **more: Any) -> None:
        parts = () if drops and drops[0].failure else (a_part(),)
        answer = {
            "executionArn": DIED,
            "stateMachineArn": MACHINE,
            "startDate": 0,
            "status": "FAILED",
            "error": "CredentialsMissing",
            "cause": CAUSE,
            "input": json.dumps(Execution(drops=drops or (DROP,), parts=parts).to_state()),
            **more,
        }
        self.stub.add_response(
            "describe_execution",
            {k: v for k, v in answer.items() if v is not None},
            {"executionArn": DIED},
        )

    def expect_report(self, failure: Failure, *drops: Drop, redrive_count: int = 0) -> None:
        failure = replace(failure, execution="jobs")
        reported = [drop.to_state() for drop in drops or (DROP,)]
        reported[0]["failure"] = failure.to_state()
        self.stub.add_response(
            "start_execution",
            {"executionArn": "arn:aws:states:x:y:execution:drop:told", "startDate": 0},
            {
                "stateMachineArn": MACHINE,
                "name": f"{reported[0]['drop_id']}-told-{redrive_count}",
                "input": json.dumps(
                    {"drops": reported, "parts": [], "ended": dict(NOTHING_TOLD)},
                    ensure_ascii=False,
                    separators=(",", ":"),
                ),
            },
        )

    def expect_children(self, *failed: dict[str, str]) -> None:
        """Looks for the children of a map run that failed, and at the last one."""
        run = {"executionArn": DIED, "mapRunArn": RUN, "stateMachineArn": MACHINE, "startDate": 0}
        listed = [{**CHILD, "status": "FAILED", "startDate": 0} for _ in failed]
        self.stub.add_response("list_map_runs", {"mapRuns": [run]}, {"executionArn": DIED})
        self.stub.add_response(
            "list_executions",
            {"executions": listed},
            {"mapRunArn": RUN, "statusFilter": "FAILED", "maxResults": 1},
        )
        for each in failed:
            described = {**CHILD, "status": "FAILED", "startDate": 0, **each}
            del described["name"]
            self.stub.add_response(
                "describe_execution", described, {"executionArn": CHILD["executionArn"]}
            )

    def report(self, event: Any = None) -> list[str]:
        with self.stub:
            reported = report_failure(
                EVENT if event is None else event,
                executions=self.client,
                state_machine_arn=MACHINE,
            )
            self.stub.assert_no_pending_responses()
        return reported


@pytest.fixture
def stepfunctions() -> StepFunctions:
    return StepFunctions()


def should_report_all_drops_together_without_their_parts_when_an_execution_died(
    stepfunctions: StepFunctions,
) -> None:
    other = a_drop("anzsco/ä b.jsonl")
    stepfunctions.died(DROP, other)
    stepfunctions.expect_report(Failure("CredentialsMissing", CAUSE), DROP, other)
    assert stepfunctions.report() == [DROP.drop_id, other.drop_id]


def should_report_under_another_name_when_it_died_again_after_a_redrive(
    stepfunctions: StepFunctions,
) -> None:
    stepfunctions.died(redriveCount=2)
    stepfunctions.expect_report(Failure("CredentialsMissing", CAUSE), redrive_count=2)
    assert stepfunctions.report() == [DROP.drop_id]


@pytest.mark.parametrize("error", ["DropFailed", "DropTimedOut"])
def should_start_nothing_when_the_drops_have_ended_as_failed(
    stepfunctions: StepFunctions, error: str
) -> None:
    stepfunctions.died(error=error)
    assert stepfunctions.report() == []


@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED", "PENDING_REDRIVE"])
def should_start_nothing_when_the_execution_lives_again(
    stepfunctions: StepFunctions, status: str
) -> None:
    stepfunctions.died(status=status)
    assert stepfunctions.report() == []


@pytest.mark.parametrize(
    ("status", "error"), [("ABORTED", "ExecutionAborted"), ("TIMED_OUT", "ExecutionTimedOut")]
)
def should_report_how_it_ended_when_step_functions_names_no_error(
    stepfunctions: StepFunctions, status: str, error: str
) -> None:
    stepfunctions.died(status=status, error=None, cause=None)
    stepfunctions.expect_report(Failure(error, ""))
    assert stepfunctions.report() == [DROP.drop_id]


def should_not_go_in_circles_when_a_report_itself_died(stepfunctions: StepFunctions) -> None:
    stepfunctions.died(a_drop(failure=Failure("AwsBusy", "why")))
    assert stepfunctions.report() == []


def should_be_content_when_the_report_has_been_started_by_the_same_event_before(
    stepfunctions: StepFunctions,
) -> None:
    stepfunctions.died()
    stepfunctions.stub.add_client_error(
        "start_execution", service_error_code="ExecutionAlreadyExists", http_status_code=400
    )
    assert stepfunctions.report() == [DROP.drop_id]


def should_say_what_a_child_died_of_when_a_piece_of_a_large_file_did(
    stepfunctions: StepFunctions,
) -> None:
    stepfunctions.died(error=PIECES_FAILED, cause="The specified tolerated failure threshold …")
    stepfunctions.expect_children({"error": "CredentialsMissing", "cause": CAUSE})
    stepfunctions.expect_report(Failure("CredentialsMissing", CAUSE))
    assert stepfunctions.report() == [DROP.drop_id]


def should_say_what_step_functions_says_when_no_child_is_known_to_have_failed(
    stepfunctions: StepFunctions,
) -> None:
    stepfunctions.died(error=PIECES_FAILED, cause="a threshold")
    stepfunctions.expect_children()
    stepfunctions.expect_report(Failure(PIECES_FAILED, "a threshold"))
    assert stepfunctions.report() == [DROP.drop_id]


def should_report_without_the_reason_when_it_may_not_be_looked_up(
    stepfunctions: StepFunctions,
) -> None:
    stepfunctions.died(error=PIECES_FAILED, cause="a threshold")
    stepfunctions.stub.add_client_error(
        "list_map_runs", service_error_code="AccessDeniedException", http_status_code=400
    )
    stepfunctions.expect_report(Failure(PIECES_FAILED, "a threshold"))
    assert stepfunctions.report() == [DROP.drop_id]


def should_hold_no_secret_when_the_cause_holds_one(stepfunctions: StepFunctions) -> None:
    stepfunctions.died(cause="at https://b/k?X-Amz-Signature=canary")
    stepfunctions.expect_report(Failure("CredentialsMissing", "at https://b/k?[hidden]"))
    stepfunctions.report()


@pytest.mark.parametrize("event", [{}, {"detail": {}}, {"detail": None}])
def should_name_what_is_wrong_when_the_event_is_no_status_change(
    stepfunctions: StepFunctions, event: Any
) -> None:
    with pytest.raises(MalformedState, match="status change"):
        stepfunctions.report(event)
