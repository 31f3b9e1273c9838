"""The shipped statemachine/drop.asl.json, executed for every status and every caught error."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

from pipeline.domain.execution import NOTHING_TOLD
from tests.support.aws import played_aws
from tests.support.eventually import eventually
from tests.support.state_machine import (
    REGION,
    Executions,
    Function,
    filled,
    function_arn,
    install_functions,
)


@dataclass
class Script:
    """What the functions answer in one execution: a list of answers for each function."""

    submit: list[Any] = field(default_factory=lambda: [progress("in_progress")])
    check: list[Any] = field(default_factory=lambda: [progress("complete")])
    collect: list[Any] = field(default_factory=lambda: [progress("collected")])
    finish: list[Any] = field(default_factory=lambda: ["complete"])
    calls: list[str] = field(default_factory=list)
    finish_saw: dict[str, Any] = field(default_factory=dict)
    noted: list[str] = field(default_factory=list)
    """The pieces whose outcomes were noted."""

    def next_answer(self, function: str) -> Any:
        self.calls.append(function)
        answers: list[Any] = getattr(self, function)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def progress(status: str, **more: Any) -> dict[str, Any]:
    return {"status": status, "wait_seconds": 0, "attempt": 1, "polls": 0, **more}


def error_named(name: str) -> Exception:
    """An exception as Lambda would report it: by the name of its class."""
    error: Exception = type(name, (Exception,), {})("why")
    return error


def drop(name: str, **more: Any) -> dict[str, Any]:
    return {"drop_id": name, "key": "anzsco/a.jsonl", **more}


def part(name: str) -> dict[str, Any]:
    return {"part_id": f"{name}-0001", "segments": [{"drop_id": name}]}


class Cloud:
    """The state machine with a script an execution, and a subscriber to its notifications."""

    def __init__(self) -> None:
        self.scripts: dict[str, Script] = {}
        install_functions(
            {
                "submit": self._by_part("submit"),
                "check": self._by_part("check"),
                "collect": self._by_part("collect"),
                "finish": self._finish,
            }
        )
        sns = boto3.client("sns", region_name=REGION)
        sqs = boto3.client("sqs", region_name=REGION)
        topic = sns.create_topic(Name="ended")["TopicArn"]
        self._queue = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        self._sqs = sqs
        sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])[
                "Attributes"
            ]["QueueArn"],
        )
        self.executions = Executions(
            "drop",
            filled(
                "drop.asl.json",
                {
                    "SubmitFunctionArn": function_arn("submit"),
                    "CheckFunctionArn": function_arn("check"),
                    "CollectFunctionArn": function_arn("collect"),
                    "FinishFunctionArn": function_arn("finish"),
                    "NotificationTopicArn": topic,
                    "Partition": "aws",
                    "PieceConcurrency": 4,
                },
            ),
        )

    def _by_part(self, function: str) -> Function:
        def invoke(payload: dict[str, Any]) -> Any:
            drop_id = payload["part"]["segments"][0]["drop_id"]
            return self.scripts[drop_id].next_answer(function)

        return invoke

    def _finish(self, payload: dict[str, Any]) -> Any:
        if "part" in payload:
            part = payload["part"]
            self.scripts[part["segments"][0]["drop_id"]].noted.append(part["part_id"])
            return {}
        drop_id = payload["drops"][0]["drop_id"]
        script = self.scripts[drop_id]
        script.finish_saw.update(payload)
        more = len(script.finish) > 1
        status = script.next_answer("finish")
        announcement = {
            "subject": f"{drop_id} {status}",
            "message": json.dumps({"default": json.dumps({"dropId": drop_id})}),
            "status": status,
            "topic": "anzsco",
            "drop_prefix": "anzsco/",
            "detail": json.dumps({"dropId": drop_id}),
        }
        return {
            "at": len(script.calls),
            "status": status,
            "cause": "why it ended",
            "announcements": [announcement],
            "more": more,
        }

    def start(self, name: str, script: Script, *, parts: int = 1, **drop_more: Any) -> str:
        self.scripts[name] = script
        state = {"drops": [drop(name, **drop_more)], "parts": [part(name)] * parts}
        return self.executions.start(name, {**state, "ended": dict(NOTHING_TOLD)})

    def run(self, name: str, script: Script, *, parts: int = 1, **drop_more: Any) -> dict[str, Any]:
        return self.wait(self.start(name, script, parts=parts, **drop_more))

    def wait(self, execution: str) -> dict[str, Any]:
        eventually(lambda: not self.executions.is_running(execution))
        return self.executions.ended(execution)

    def told(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []
        while True:
            found = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
            if not found.get("Messages"):
                return messages
            messages += [json.loads(message["Body"]) for message in found["Messages"]]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with played_aws(executes=True):
        yield Cloud()


def should_submit_wait_check_collect_finish_and_tell_when_the_operation_completes(
    cloud: Cloud,
) -> None:
    script = Script()
    ended = cloud.run("complete", script)
    assert ended["status"] == "SUCCEEDED"
    assert script.calls == ["submit", "check", "collect", "finish"]
    entered = cloud.executions.states_entered(ended["executionArn"])
    assert entered == [
        "Which parts?",
        "Code parts",
        "Submit",
        "Submitted?",
        "Wait",
        "Check status",
        "By status",
        "Collect",
        "Collected?",
        "Part ended",
        "Finish",
        "Notify",
        "Tell people",
        "Tell programs",
        "All told?",
        "How it ended",
        "Complete",
    ]
    told = [m for m in cloud.told() if m["Subject"].startswith("complete ")]
    assert len(told) == 1
    assert told[0]["MessageAttributes"]["status"]["Value"] == "complete"
    assert told[0]["MessageAttributes"]["topic"]["Value"] == "anzsco"
    assert told[0]["MessageAttributes"]["drop_prefix"]["Value"] == "anzsco/"


def should_poll_again_when_the_operation_awaits_input_or_is_in_progress(cloud: Cloud) -> None:
    script = Script(
        check=[
            progress("awaiting_slot"),
            progress("awaiting_input"),
            progress("in_progress"),
            progress("complete"),
        ]
    )
    assert cloud.run("polling", script)["status"] == "SUCCEEDED"
    assert script.calls.count("check") == 4


def should_submit_later_when_no_call_is_free(cloud: Cloud) -> None:
    script = Script(submit=[progress("awaiting_slot"), progress("in_progress")])
    ended = cloud.run("queued", script)
    assert script.calls == ["submit", "submit", "check", "collect", "finish"]
    assert "Wait for a call" in cloud.executions.states_entered(ended["executionArn"])


def should_collect_in_steps_when_a_function_hands_over(cloud: Cloud) -> None:
    script = Script(
        collect=[progress("collecting"), progress("awaiting_slot"), progress("collected")]
    )
    assert cloud.run("steps", script)["status"] == "SUCCEEDED"
    assert script.calls.count("collect") == 3


def should_submit_again_when_the_operation_timed_out_and_tries_are_left(cloud: Cloud) -> None:
    script = Script(check=[progress("timed_out", resubmit=True), progress("complete")])
    assert cloud.run("again", script)["status"] == "SUCCEEDED"
    assert script.calls == ["submit", "check", "submit", "check", "collect", "finish"]


def should_end_as_timed_out_when_no_try_is_left(cloud: Cloud) -> None:
    script = Script(check=[progress("timed_out", resubmit=False)], finish=["timed_out"])
    ended = cloud.run("late", script)
    assert (ended["status"], ended["error"]) == ("FAILED", "DropTimedOut")
    assert script.calls == ["submit", "check", "finish"]


def should_fail_with_the_services_reason_when_the_operation_failed(cloud: Cloud) -> None:
    script = Script(check=[progress("failed", reason="line 3")], finish=["failed"])
    ended = cloud.run("failed", script)
    assert (ended["status"], ended["error"], ended["cause"]) == (
        "FAILED",
        "DropFailed",
        "why it ended",
    )
    assert script.finish_saw["outcomes"][0]["progress"]["reason"] == "line 3"


def should_end_quietly_and_be_told_when_the_file_is_rejected(cloud: Cloud) -> None:
    script = Script(submit=[progress("rejected")], finish=["rejected"])
    ended = cloud.run("rejected", script)
    assert ended["status"] == "SUCCEEDED"
    assert script.calls == ["submit", "finish"]


def should_only_finish_and_tell_when_there_are_no_parts(cloud: Cloud) -> None:
    script = Script(finish=["rejected"])
    ended = cloud.run("door", script, parts=0, rejection={"reason": "no topic"})
    assert ended["status"] == "SUCCEEDED"
    assert script.calls == ["finish"]
    assert script.finish_saw["drops"][0]["rejection"] == {"reason": "no topic"}


def should_give_finish_an_outcome_for_each_part_when_there_are_several(cloud: Cloud) -> None:
    script = Script()
    cloud.run("parts", script, parts=3)
    assert [o["part_id"] for o in script.finish_saw["outcomes"]] == ["parts-0001"] * 3


def should_finish_and_tell_page_by_page_when_more_is_left(cloud: Cloud) -> None:
    script = Script(finish=["complete", "complete", "complete"])
    ended = cloud.run("pages", script)
    assert ended["status"] == "SUCCEEDED"
    assert script.calls == ["submit", "check", "collect", "finish", "finish", "finish"]
    assert len([m for m in cloud.told() if m["Subject"].startswith("pages ")]) == 3
    assert script.finish_saw["execution"] == ended["executionArn"]
    assert script.finish_saw["ended"]["at"] == 5


def should_not_ask_again_when_the_part_has_been_collected_before(cloud: Cloud) -> None:
    script = Script(submit=[progress("collected")])
    assert cloud.run("collected-before", script)["status"] == "SUCCEEDED"
    assert script.calls == ["submit", "finish"]


@pytest.mark.parametrize("task", ["submit", "check", "collect"])
@pytest.mark.parametrize(
    "final", ["ServiceRefused", "StorageRefused", "ResultsGone", "ResultsMismatch", "DropGone"]
)
def should_finish_with_the_error_when_a_final_error_is_caught(
    cloud: Cloud, task: str, final: str
) -> None:
    script = Script(finish=["failed"])
    setattr(script, task, [error_named(final)])
    ended = cloud.run(f"{task}-{final}", script)
    assert ended["error"] == "DropFailed"
    outcome = script.finish_saw["outcomes"][0]["progress"]
    assert (outcome["status"], outcome["error"]) == ("failed", final)
    assert json.loads(outcome["cause"])["errorMessage"] == "why"


PASSING_ERRORS = [
    "ServiceBusy",
    "StorageBusy",
    "AwsBusy",
    "PartTaken",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "Runtime.ExitError",
    "Runtime.Unknown",
]


@pytest.mark.slow  # real waits
def should_try_each_function_again_when_the_error_passes(cloud: Cloud) -> None:
    """In each execution every function fails once; all run side by side, as do their waits."""
    scripts = {name: Script() for name in PASSING_ERRORS}
    for name, script in scripts.items():
        for task in ("submit", "check", "collect", "finish"):
            getattr(script, task).insert(0, error_named(name))
    started = {
        name: cloud.start(f"retry-{name}".replace(".", "-"), script)
        for name, script in scripts.items()
    }
    for name, execution in started.items():
        assert cloud.wait(execution)["status"] == "SUCCEEDED", name
        assert scripts[name].calls == [
            call for task in ("submit", "check", "collect", "finish") for call in (task, task)
        ]


@pytest.mark.parametrize("task", ["submit", "check", "collect", "finish"])
@pytest.mark.parametrize(
    "name", ["CredentialsMissing", "CredentialsRefused", "AddressRefused", "KeyError"]
)
def should_fail_where_it_stands_when_someone_must_act_so_that_it_can_be_redriven(
    cloud: Cloud, task: str, name: str
) -> None:
    script = Script()
    setattr(script, task, [error_named(name)])
    ended = cloud.run(f"{task}-{name}", script)
    assert (ended["status"], ended["error"]) == ("FAILED", name)
    entered = cloud.executions.states_entered(ended["executionArn"])
    assert "Notify" not in entered
