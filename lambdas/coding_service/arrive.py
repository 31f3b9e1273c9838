"""An upload has arrived: starts its inference, once for each version of the object.

EventBridge may tell twice. The execution's name is made of the operation and the version, so
Step Functions refuses the second start; the execution's first step then decides whether this
upload is the one that counts.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from coding_service.aws_calls import code_of, step_functions
from coding_service.environment import arrival_environment
from coding_service.observability import logger, tracer
from coding_service.operations import operation_of_key

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_stepfunctions.client import SFNClient

VERSION_DIGITS = 16  # of a SHA-256 in hex; with the GUID 53 of an execution name's 80 characters


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001
    start_inference(
        event["detail"], states=step_functions(), machine=arrival_environment().state_machine_arn
    )


def start_inference(detail: dict[str, Any], *, states: SFNClient, machine: str) -> None:
    """Starts the execution for an "Object Created" event of the input bucket.

    :param detail: the event's `detail` (Amazon S3 user guide, "EventBridge event message
        structure").
    """
    key, version = detail["object"]["key"], detail["object"]["version-id"]
    operation_id = operation_of_key(key)
    if operation_id is None:
        logger.warning("not an operation's input; lifecycle rules will delete it", key=key)
        return
    logger.append_keys(correlation_id=operation_id)
    try:
        states.start_execution(
            stateMachineArn=machine,
            name=execution_name(operation_id, version),
            input=json.dumps(
                {
                    "operation_id": operation_id,
                    "version_id": version,
                    "bytes": detail["object"]["size"],
                }
            ),
        )
    except ClientError as error:
        if code_of(error) != "ExecutionAlreadyExists":
            raise
        logger.info("told twice; already started")
    else:
        logger.info("inference started")


def execution_name(operation_id: str, version_id: str) -> str:
    """The name that makes a second start of the same upload impossible."""
    return f"{operation_id}-{hashlib.sha256(version_id.encode()).hexdigest()[:VERSION_DIGITS]}"
