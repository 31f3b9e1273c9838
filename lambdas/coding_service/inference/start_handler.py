"""Starts the inference of an uploaded file, once for each version of the object.

EventBridge may send an event twice. The execution's name is made of the operation and the version,
so Step Functions refuses the second start; the execution's first step then decides whether this
upload is the one to code.
"""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from coding_service.aws import busy_is_retried, s3, step_functions
from coding_service.config import inference_state_machine
from coding_service.observability import logger, tracer
from coding_service.operations.files import GONE_CODES
from coding_service.operations.operation import operation_of_key
from shared.aws_errors import code_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_stepfunctions.client import SFNClient

REPLACED_CODES = GONE_CODES | {"412", "PreconditionFailed"}
VERSION_DIGITS = 16  # of a SHA-256 in hex; with the GUID 53 of an execution name's 80 characters


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: "LambdaContext") -> None:  # noqa: ARG001
    start_inference(
        event["detail"],
        s3=s3(),
        states=step_functions(),
        machine=inference_state_machine(),
    )


def start_inference(
    detail: dict[str, Any], *, s3: "S3Client", states: "SFNClient", machine: str
) -> None:
    """Starts the execution for an "Object Created" event of the input bucket.

    `detail` is the event's (Amazon S3 user guide, "EventBridge event message structure").
    """
    key = detail["object"]["key"]
    operation_id = operation_of_key(key)
    if operation_id is None:
        logger.warning("not an operation's input; lifecycle rules will delete it", key=key)
        return
    logger.append_keys(correlation_id=operation_id)
    version = version_of(detail, s3=s3)
    if version is None:
        logger.info("replaced or deleted since; a later event counts")
        return
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
        logger.info("event repeated; inference had started already")
    else:
        logger.info("inference started")


def version_of(detail: dict[str, Any], *, s3: "S3Client") -> str | None:
    """The version of the uploaded object; None for one that is no longer the newest.

    S3's event has it (the bucket is versioned). The local cloud's events leave it out; there S3 is
    asked for the version of the object with the event's ETag.
    """
    version = detail["object"].get("version-id")
    if version:
        return str(version)
    try:
        with busy_is_retried():
            return s3.head_object(
                Bucket=detail["bucket"]["name"],
                Key=detail["object"]["key"],
                IfMatch=f'"{detail["object"]["etag"]}"',
            )["VersionId"]
    except ClientError as error:
        if code_of(error) in REPLACED_CODES:
            return None
        raise


def execution_name(operation_id: str, version_id: str) -> str:
    """The name that makes a second start of the same upload impossible."""
    return f"{operation_id}-{hashlib.sha256(version_id.encode()).hexdigest()[:VERSION_DIGITS]}"
