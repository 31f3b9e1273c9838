"""The shipped state machine over the shipped functions: from an event to its notification.

moto runs the machine, the buckets, the ledger, the secrets and the topic; the service in memory
speaks real HTTP. After every journey all that was written anywhere is searched for secrets.
"""

import json

import boto3
import pytest

from pipeline.domain.execution import Execution
from protocol.errors import ServiceAnswer
from tests.support.pipeline.builders import FILLED, lines
from tests.support.pipeline.clouds import DROPS, REGION, RESULTS
from tests.support.pipeline.journey import MACHINE, Journey
from tests.support.pipeline.memory_service import coded

pytestmark = pytest.mark.slow


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
