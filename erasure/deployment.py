"""A deployed Pipeline, found by what its stack puts out, and the clients to reach it with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from erasure.errors import BadRequest
from shared.aws_errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

NEEDED = (
    *("DropBucketName", "PreparedBucketName", "ResultsBucketName"),
    *("LedgerTableName", "StateMachineArn"),
)
"""Outputs by which a Pipeline is known, whatever its stack's name is."""
CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 6})


@dataclass(frozen=True, slots=True)
class Clients:
    """boto3's clients of one account and region."""

    cloudformation: "CloudFormationClient"
    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    stepfunctions: "SFNClient"

    @classmethod
    def of(cls, session: boto3.Session) -> Self:
        """Those of a session. An endpoint of its own, such as the local cloud's, has one host name
        for all buckets."""
        s3 = session.client("s3", config=CONFIG)
        if not s3.meta.endpoint_url.endswith((".amazonaws.com", ".amazonaws.com.cn")):
            path = CONFIG.merge(Config(s3={"addressing_style": "path"}))
            s3 = session.client("s3", config=path)
        return cls(
            cloudformation=session.client("cloudformation", config=CONFIG),
            s3=s3,
            dynamodb=session.client("dynamodb", config=CONFIG),
            stepfunctions=session.client("stepfunctions", config=CONFIG),
        )


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a Pipeline's stack put out."""

    stack: str
    region: str
    account: str
    drop_bucket: str
    prepared_bucket: str
    results_bucket: str
    exchange_bucket: str | None
    """Where a topic is coded by Amazon ML."""
    ledger: str
    state_machine: str
    log_days: int | None
    """For how many days logs are kept; None where the stack does not say."""


def find_deployment(cloudformation: "CloudFormationClient", stack: str = "") -> Deployment:
    """The Pipeline of the account and region, or that of the named stack. Raises `BadRequest`."""
    found = {
        each["StackName"]: each
        for each in _stacks(cloudformation, stack)
        if set(NEEDED) <= _outputs(each).keys()
    }
    if not found:
        what = f"The stack {stack} is no Pipeline" if stack else "There is no Pipeline here"
        raise BadRequest(
            f"{what}: it would put out {', '.join(NEEDED)}.",
            next_step="Check the account, the region and the profile: aws sts get-caller-identity",
        )
    if len(found) > 1:
        raise BadRequest(
            f"Several stacks are Pipelines: {', '.join(sorted(found))}.",
            next_step="Name the one that has the drop: STACK=… (or --stack …)",
        )
    (only,) = found.values()
    return _deployment(only)


def _stacks(cloudformation: "CloudFormationClient", stack: str) -> Iterator["StackTypeDef"]:
    pages = cloudformation.get_paginator("describe_stacks")
    try:
        for page in pages.paginate(StackName=stack) if stack else pages.paginate():
            yield from page["Stacks"]
    except ClientError as error:
        if not stack or code_of(error) != "ValidationError":  # so where none has the name
            raise
        raise BadRequest(
            f"There is no stack {stack}.", next_step="List them: aws cloudformation list-stacks"
        ) from None


def _outputs(stack: "StackTypeDef") -> Mapping[str, str]:
    found = stack.get("Outputs", [])
    return {each.get("OutputKey", ""): each.get("OutputValue", "") for each in found}


def _deployment(stack: "StackTypeDef") -> Deployment:
    outputs = _outputs(stack)
    _, _, _, region, account, *_ = outputs["StateMachineArn"].split(":")
    days = outputs.get("LogRetentionDays", "")
    return Deployment(
        stack=stack["StackName"],
        region=region,
        account=account,
        drop_bucket=outputs["DropBucketName"],
        prepared_bucket=outputs["PreparedBucketName"],
        results_bucket=outputs["ResultsBucketName"],
        exchange_bucket=outputs.get("ExchangeBucketName"),
        ledger=outputs["LedgerTableName"],
        state_machine=outputs["StateMachineArn"],
        log_days=int(days) if days.isdigit() else None,
    )
