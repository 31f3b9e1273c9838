"""Ways to break the deployed cloud on purpose, each mended when its context ends."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from localcloud.cloud import LocalCloud
from localcloud.registration import Client, give_credentials
from localcloud.server import Server
from tests.support.cloud.cut_off_proxy import CutOffProxy, proxy
from tests.support.cloud.deployed import changed_function, function_name, queue_in_front_of
from tests.support.eventually import eventually

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef
    from mypy_boto3_sqs.literals import QueueAttributeNameType

ARRIVE, API, INFER = (
    "coding_service.inference.start_handler",
    "coding_service.api.handler",
    "coding_service.inference.code_handler",
)
SETTLE = "coding_service.inference.lifecycle_handler"
PREPARE, SUBMIT, CHECK, COLLECT = (
    "pipeline.prepare.handler",
    "pipeline.submit.handler",
    "pipeline.check.handler",
    "pipeline.collect.handler",
)
NO_TOKEN = "{}"
COLUMNS = 3  # that we ask `ps` for


@contextmanager
def uploads_unnoticed(cloud: LocalCloud) -> Iterator[None]:
    """The service does not hear of uploads, so that its operations go on awaiting their input."""
    absent = "arn:aws:states:ap-southeast-2:000000000000:stateMachine:absent"
    with changed_function(cloud, ARRIVE, INFERENCE_STATE_MACHINE_ARN=absent):
        yield


@contextmanager
def credentials_of(cloud: LocalCloud, client: Client, *, afterwards: Client) -> Iterator[None]:
    """Pipeline has another client's credentials, and no token yet."""
    _change_credentials(cloud, client)
    try:
        yield
    finally:
        _change_credentials(cloud, afterwards)


def _change_credentials(cloud: LocalCloud, client: Client) -> None:
    give_credentials(cloud, client)
    cloud.secrets().put_secret_value(SecretId=cloud.pipeline.token_secret, SecretString=NO_TOKEN)
    for module in (
        PREPARE,
        SUBMIT,
        CHECK,
        COLLECT,
    ):  # processes remember the token that they saw last
        renew_processes(cloud, module)


def renew_processes(cloud: LocalCloud, module: str) -> None:
    """A change of its settings, taken back at once, gives a function fresh processes."""
    with changed_function(cloud, module, LOG_LEVEL="WARNING"):
        pass


@contextmanager
def taken_again_after(cloud: LocalCloud, module: str, *, seconds: int) -> Iterator[None]:
    """A message whose function dies is hidden in the queue in front of it for so long only."""
    queue = queue_in_front_of(cloud, module)
    name: QueueAttributeNameType = "VisibilityTimeout"
    before = queue.sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=[name])
    queue.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={name: str(seconds)})
    try:
        yield
    finally:
        queue.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes=before["Attributes"])


@contextmanager
def revoked(cloud: LocalCloud, module: str, action: str) -> Iterator[None]:
    """A function's role may no longer do `action`, such as `s3:PutObject`."""
    iam = cloud.iam()
    function = cloud.functions().get_function_configuration(
        FunctionName=function_name(cloud, module)
    )
    role = function["Role"].rpartition("/")[2]
    before: dict[str, Any] = {
        name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    }
    after = {name: _without(policy, action) for name, policy in before.items()}
    assert after != before, f"the role of {module} has no {action}"
    for name, policy in after.items():
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))
    try:
        yield
    finally:
        for name, policy in before.items():
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))


def _without(policy: dict[str, Any], action: str) -> dict[str, Any]:
    kept = []
    for statement in policy["Statement"]:
        named = statement["Action"]
        actions = [
            each for each in ([named] if isinstance(named, str) else named) if each != action
        ]
        if actions:
            kept.append({**statement, "Action": actions})
    return {**policy, "Statement": kept}


@contextmanager
def halted_midway(
    cloud: LocalCloud,
    module: str,
    *,
    seconds: int,
    out_bytes: int | None = None,
    back_bytes: int | None = None,
) -> Iterator[CutOffProxy]:
    """What a function of Pipeline sends to presigned URLs, or gets from them, stops midway.

    `seconds` is the function's timeout meanwhile, and so the lease of one that dies.
    """
    port = int(cloud.reach.host_and_port.rpartition(":")[2])
    with proxy(port, out_bytes=out_bytes, back_bytes=back_bytes) as way:
        hosts = f"localhost:{way.port},{cloud.reach.host_and_port}"
        with (
            changed_function(cloud, SUBMIT, PRESIGNED_HOSTS=hosts),
            changed_function(cloud, COLLECT, PRESIGNED_HOSTS=hosts),
            changed_function(cloud, module, timeout_seconds=seconds),
            changed_function(cloud, API, AWS_ENDPOINT_URL_S3=f"https://localhost:{way.port}"),
        ):
            yield way


def kill(server: Server, module: str) -> int:
    """Kills the processes of a function in this local cloud; how many there were."""
    listed = subprocess.run(
        ["ps", "-ax", "-ww", "-o", "pid=,pgid=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    ours = [
        int(pid)
        for pid, group, command in (row for row in rows if len(row) == COLUMNS)
        if int(group) == server.group and command.endswith(f"awslambdaric {module}.handler")
    ]
    for pid in ours:
        os.kill(pid, signal.SIGKILL)
    return len(ours)


def operations(cloud: LocalCloud) -> dict[str, str]:
    """The status of each of the service's operations, by their ids, as its table has them."""
    assert cloud.service is not None
    pages = (
        cloud.dynamodb()
        .get_paginator("scan")
        .paginate(TableName=cloud.service.operations_table, ConsistentRead=True)
    )
    found = (item for page in pages for item in page["Items"])
    return {
        _text(item["operation_id"]): _text(item["status"]) for item in found if "status" in item
    }


def progress(cloud: LocalCloud, operation_id: str) -> tuple[int, int]:
    """How many ranges and records are coded so far, as the operations table has it."""
    assert cloud.service is not None
    item = cloud.dynamodb().get_item(
        TableName=cloud.service.operations_table,
        Key={"pk": {"S": f"operation#{operation_id}"}},
        ConsistentRead=True,
    )["Item"]
    coded = item.get("ranges_coded", {"NS": []})["NS"]
    return len(coded), int(item.get("records", {"N": "0"})["N"])


def new_operation(cloud: LocalCloud, before: dict[str, str], status: str = "") -> str:
    """Waits for an operation that was not there before, and has the status where one is given."""

    def look() -> list[str]:
        found = operations(cloud).items()
        return [name for name, now in found if name not in before and now.startswith(status)]

    return eventually(look)[0]


def _text(value: "AttributeValueTypeDef") -> str:
    return value["S"]
