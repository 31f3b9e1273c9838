"""The deployed cloud, broken on purpose: nothing is lost, and nothing is told that is not so."""

import json
import uuid

import pytest

from localcloud.cloud import LocalCloud
from localcloud.registration import Client
from localcloud.server import Server
from tests.support.cloud.breaking import (
    API,
    COLLECT,
    INFER,
    PREPARE,
    SETTLE,
    SUBMIT,
    credentials_of,
    halted_midway,
    kill,
    new_operation,
    operations,
    progress,
    renew_processes,
    revoked,
    taken_again_after,
)
from tests.support.cloud.deployed import TOPIC, changed_function
from tests.support.cloud.drops import check_complete, lines, operation_of
from tests.support.cloud.service_client import ServiceClient
from tests.support.cloud.subscriber import Drop, Subscriber, check_schema
from tests.support.eventually import eventually

# Timeouts, and so the leases of functions that die: as short as lets them begin.
SUBMIT_SECONDS, COLLECT_SECONDS = 30, 10


def run_again(cloud: LocalCloud, subscriber: Subscriber, drop: Drop) -> None:
    """What a redrive does, which the local cloud does not offer: the same input, once more."""
    states = cloud.stepfunctions()
    first = subscriber.executions(drop)[0]  # a later one told of it
    died = states.describe_execution(executionArn=first)
    states.start_execution(
        stateMachineArn=cloud.pipeline.state_machine,
        name=f"again-{uuid.uuid4().hex[:8]}-{drop.drop_id}",
        input=died["input"],
    )


def statuses(cloud: LocalCloud, subscriber: Subscriber, drop: Drop) -> list[str]:
    states = cloud.stepfunctions()
    return sorted(
        states.describe_execution(executionArn=arn)["status"] for arn in subscriber.executions(drop)
    )


@pytest.mark.parametrize(
    ("module", "action"),
    [(SUBMIT, "dynamodb:UpdateItem"), (COLLECT, "s3:PutObject")],
    ids=["the ledger", "the results bucket"],
)
def should_tell_and_complete_when_run_again_after_a_permission_was_revoked(
    cloud: LocalCloud, subscriber: Subscriber, module: str, action: str
) -> None:
    with revoked(cloud, module, action):
        drop = subscriber.drop(f"{TOPIC}/revoked.jsonl", lines(2))
        told = subscriber.ended(drop)
    assert told.status == "failed"
    assert "AccessDenied" in (told.reason or "")
    assert "redrive" in (told.next_step or "")
    assert statuses(cloud, subscriber, drop) == ["FAILED", "FAILED"]  # itself, and what told of it
    run_again(cloud, subscriber, drop)
    check_complete(subscriber, drop, subscriber.ended(drop, endings=2))


@pytest.mark.parametrize("module", [PREPARE, SUBMIT])
def should_tell_and_not_code_when_the_drop_may_not_be_read(
    cloud: LocalCloud, subscriber: Subscriber, module: str
) -> None:
    before = operations(cloud)
    with revoked(cloud, module, "s3:GetObjectVersion"):
        drop = subscriber.drop(f"{TOPIC}/unreadable.jsonl", lines(2))
        told = subscriber.ended(drop)
    assert told.status == "failed"
    assert "may not read it" in (told.reason or "")
    assert operations(cloud) == before


def should_name_the_credentials_when_the_service_refuses_them(
    cloud: LocalCloud, subscriber: Subscriber, pipelines_client: Client
) -> None:
    wrong = Client(client_id=pipelines_client.client_id, client_secret="guessed")
    with credentials_of(cloud, wrong, afterwards=pipelines_client):
        drop = subscriber.drop(f"{TOPIC}/no-credentials.jsonl", lines(2))
        told = subscriber.ended(drop)
    assert told.status == "failed"
    assert "credentials" in (told.reason or "")
    assert "Correct the credentials secret" in (told.next_step or "")
    run_again(cloud, subscriber, drop)
    told = subscriber.ended(drop, endings=2)
    if told.rows is None:  # the model was not known yet when it was prepared
        assert told.status == "complete"
        assert subscriber.results_of(drop) == {"output.jsonl", "metadata.json", "manifest.json"}
        check_schema(subscriber.document(told.results.manifest), "manifest")
    else:
        check_complete(subscriber, drop, told)


def should_complete_by_another_operation_when_a_presigned_url_has_expired(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    before = operations(cloud)
    with changed_function(cloud, API, UPLOAD_WINDOW_SECONDS="0"):  # over as soon as it is open
        drop = subscriber.drop(f"{TOPIC}/expired.jsonl", lines(2))
        first = new_operation(cloud, before)
    manifest = check_complete(subscriber, drop, subscriber.ended(drop))
    assert operation_of(manifest) != first


def should_complete_when_the_service_is_broken_for_a_while(
    cloud: LocalCloud, subscriber: Subscriber
) -> None:
    with changed_function(cloud, API, OPERATIONS_TABLE="absent"):
        drop = subscriber.drop(f"{TOPIC}/patient.jsonl", lines(2))
        eventually(lambda: "ServiceBusy" in history(cloud, subscriber, drop))
    check_complete(subscriber, drop, subscriber.ended(drop))


@pytest.fixture(scope="module")
def submit_killed(cloud: LocalCloud, server: Server, subscriber: Subscriber) -> tuple[Drop, str]:
    """A drop whose first submission was killed midway, and the operation that it was for.

    It takes the time of the dead function's lease to go on; other tests run meanwhile.
    """
    before = operations(cloud)
    with halted_midway(cloud, SUBMIT, seconds=SUBMIT_SECONDS, out_bytes=100_000) as way:
        drop = subscriber.drop(f"{TOPIC}/submit-killed.jsonl", lines(10_000, longer=1_000))
        assert way.closed.wait(60)
        assert kill(server, SUBMIT) == 1
    return drop, new_operation(cloud, before)


def should_leave_the_operation_without_input_when_submit_is_killed_midway(
    submit_killed: tuple[Drop, str], caller: ServiceClient
) -> None:
    _, operation = submit_killed
    assert caller.operation(TOPIC, operation).json() == {"operationStatus": "awaiting_input"}


def should_complete_when_collect_is_killed_midway(
    cloud: LocalCloud, server: Server, subscriber: Subscriber
) -> None:
    before = operations(cloud)
    with halted_midway(cloud, COLLECT, seconds=COLLECT_SECONDS, back_bytes=100_000) as way:
        drop = subscriber.drop(f"{TOPIC}/collect-killed.jsonl", lines(5_000))
        assert way.closed.wait(60)
        assert kill(server, COLLECT) == 1
    manifest = check_complete(subscriber, drop, subscriber.ended(drop, within=90))
    assert operation_of(manifest) not in before


def should_prepare_a_table_again_when_prepare_is_killed_midway(
    cloud: LocalCloud, server: Server, subscriber: Subscriber
) -> None:
    content = b"Id,Job title\n" + b"".join(b"%d,registered nurse\n" % n for n in range(200_000))
    with taken_again_after(cloud, PREPARE, seconds=5):
        renew_processes(cloud, PREPARE)  # so that the one that is killed is the one at work
        drop = subscriber.drop(f"{TOPIC}/prepare-killed.csv", content)
        eventually(lambda: kill(server, PREPARE))
        told = subscriber.ended(drop, within=120)
    assert told.status == "complete", told.reason
    table = subscriber.result(told.results.table)
    assert [line.split(b",")[0] for line in table.splitlines()][1:] == [
        b"%d" % n for n in range(200_000)
    ]


def should_tell_when_prepare_may_not_write(cloud: LocalCloud, subscriber: Subscriber) -> None:
    with revoked(cloud, PREPARE, "s3:PutObject"):
        drop = subscriber.drop(f"{TOPIC}/unwritable.csv", b"Job title\nnurse\n")
        told = subscriber.ended(drop, within=120)
    assert told.status == "failed"
    assert "AccessDenied" in (told.reason or "")


def should_complete_when_the_services_inference_is_killed(
    cloud: LocalCloud, server: Server, subscriber: Subscriber
) -> None:
    before = operations(cloud)
    renew_processes(cloud, INFER)  # so that the one that is killed is the one at work
    drop = subscriber.drop(f"{TOPIC}/inference-killed.jsonl", lines(20_000))
    operation = new_operation(cloud, before, "in_progress")
    eventually(lambda: kill(server, INFER))
    manifest = check_complete(subscriber, drop, subscriber.ended(drop, within=90))
    assert operation_of(manifest) == operation


def should_code_each_range_once_when_a_function_that_codes_one_is_killed(
    cloud: LocalCloud, server: Server, subscriber: Subscriber
) -> None:
    # An earlier test's drop may begin another operation late, which would be taken for this one's.
    eventually(lambda: not any(map(subscriber.running, subscriber.drops)), within=120)
    before = operations(cloud)
    content = lines(20_000)
    with changed_function(cloud, SETTLE, INFERENCE_RANGE_BYTES=str(-(-len(content) // 8))):
        renew_processes(cloud, INFER)
        drop = subscriber.drop(f"{TOPIC}/range-killed.jsonl", content)
        operation = new_operation(cloud, before, "in_progress")
        eventually(lambda: kill(server, INFER))
        told = subscriber.ended(drop, within=120)
    manifest = check_complete(subscriber, drop, told)
    assert operation_of(manifest) == operation
    assert progress(cloud, operation) == (8, 20_000)


def should_complete_by_another_operation_when_submit_was_killed_midway(
    subscriber: Subscriber, submit_killed: tuple[Drop, str], caller: ServiceClient
) -> None:
    drop, killed = submit_killed
    manifest = check_complete(subscriber, drop, subscriber.ended(drop, within=120))
    assert operation_of(manifest) != killed
    assert caller.operation(TOPIC, killed).json() == {"operationStatus": "awaiting_input"}


def history(cloud: LocalCloud, subscriber: Subscriber, drop: Drop) -> str:
    """All that the histories of the drop's executions say."""
    states = cloud.stepfunctions()
    return json.dumps(
        [
            states.get_execution_history(executionArn=arn)["events"]
            for arn in subscriber.executions(drop)
        ],
        default=str,
    )
