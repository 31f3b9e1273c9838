"""A large file in pieces through the deployed stacks: each in a child execution of its own.

That one of them fails by the service's answer is in `test_sizes`, with fifty pieces.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from localcloud.cloud import LocalCloud
from tests.cloud.test_breakage import run_again, statuses
from tests.support.cloud.breaking import SUBMIT, operations, revoked
from tests.support.cloud.deployed import TOPIC, changed_function
from tests.support.cloud.drops import check_complete, lines
from tests.support.cloud.subscriber import Subscriber
from tests.support.eventually import eventually

PIECES = 6


def should_tell_why_and_code_the_rest_when_a_pieces_execution_died(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    with _in_pieces(cloud), revoked(cloud, SUBMIT, "dynamodb:UpdateItem"):
        drop = subscriber.drop(f"{TOPIC}/pieces-died.jsonl", lines(60))
        told = subscriber.ended(drop, within=120)
    assert told.status == "failed"
    assert "AccessDenied" in (told.reason or "")  # as the child says, and not the map run
    assert "redrive" in (told.next_step or "")
    assert statuses(cloud, subscriber, drop) == ["FAILED", "FAILED"]  # itself, and what told of it
    run_again(cloud, subscriber, drop)
    manifest = check_complete(subscriber, drop, subscriber.ended(drop, endings=2, within=120))
    assert len(manifest["operations"]) >= PIECES


def should_tell_once_and_code_only_the_rest_when_the_execution_is_stopped_among_its_pieces(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    states, before = cloud.stepfunctions(), set(operations(cloud))

    with _in_pieces(cloud):
        drop = subscriber.drop(f"{TOPIC}/pieces-stopped.jsonl", lines(60))
        (execution,) = eventually(lambda: subscriber.executions(drop))
        (run,) = eventually(lambda: states.list_map_runs(executionArn=execution)["mapRuns"])
        eventually(lambda: _children(cloud, run["mapRunArn"], "SUCCEEDED"))
        states.stop_execution(executionArn=execution)
        told = subscriber.ended(drop, within=120)
    assert (told.status, told.reason) == ("failed", "The execution was aborted.")
    # The local cloud's children go on, where AWS stops them: what they did counts in both.
    eventually(lambda: not _children(cloud, run["mapRunArn"], "RUNNING"))
    run_again(cloud, subscriber, drop)
    manifest = check_complete(subscriber, drop, subscriber.ended(drop, endings=2, within=120))
    used = {each["operationId"] for each in manifest["operations"]}
    assert used == set(operations(cloud)) - before  # none was coded twice


def should_keep_pieces_and_outcomes_out_of_the_state(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    with _in_pieces(cloud):
        drop = subscriber.drop(f"{TOPIC}/pieces.jsonl", lines(60))
        told = subscriber.ended(drop, within=120)
    check_complete(subscriber, drop, told)
    (execution,) = subscriber.executions(drop)
    described = cloud.stepfunctions().describe_execution(executionArn=execution)
    assert f"{drop.drop_id}-0001" not in described["input"] + described["output"]
    events = cloud.stepfunctions().get_execution_history(executionArn=execution)["events"]
    assert len(events) < 60


@contextmanager
def _in_pieces(cloud: LocalCloud) -> Iterator[None]:
    limit = str(len(lines(60)) // PIECES + 100)
    with changed_function(
        cloud, "pipeline.receive.handler", MAX_FILE_BYTES=limit, SHARE_MAX_BYTES="0"
    ):
        yield


def _children(cloud: LocalCloud, map_run: str, status: Any) -> list[str]:
    listed = cloud.stepfunctions().list_executions(mapRunArn=map_run, statusFilter=status)
    return [each["executionArn"] for each in listed["executions"]]
