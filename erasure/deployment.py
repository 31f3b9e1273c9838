"""A deployed Pipeline, found by what its stack puts out, and the clients to reach it with."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

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
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

NEEDED = (
    *("DropBucketName", "PreparedBucketName", "ResultsBucketName", "LedgerTableName"),
    *("StateMachineArn", "NotificationTopicArn", "CredentialsSecretArn", "TokenSecretArn"),
)
"""Outputs by which a Pipeline is known, whatever its stack's name is."""
CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 6})


class Clients:
    """boto3's clients of one account and region, each made when it is used first."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        """`make` makes the client of a service, by boto3's name of it."""
        self.make = make

    @classmethod
    def of(cls, session: boto3.Session) -> Self:
        """Those of a session. An endpoint of its own, such as the local cloud's, has one host name
        for all buckets."""

        def make(name: str) -> Any:
            new: Callable[..., Any] = session.client
            client = new(name, config=CONFIG)
            own = not client.meta.endpoint_url.endswith((".amazonaws.com", ".amazonaws.com.cn"))
            if name != "s3" or not own:
                return client
            return new(name, config=CONFIG.merge(Config(s3={"addressing_style": "path"})))

        return cls(make)

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        client: CloudFormationClient = self.make("cloudformation")
        return client

    @cached_property
    def s3(self) -> "S3Client":
        client: S3Client = self.make("s3")
        return client

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        client: DynamoDBClient = self.make("dynamodb")
        return client

    @cached_property
    def stepfunctions(self) -> "SFNClient":
        client: SFNClient = self.make("stepfunctions")
        return client

    @cached_property
    def sns(self) -> "SNSClient":
        client: SNSClient = self.make("sns")
        return client

    @cached_property
    def sqs(self) -> "SQSClient":
        client: SQSClient = self.make("sqs")
        return client

    @cached_property
    def secretsmanager(self) -> "SecretsManagerClient":
        client: SecretsManagerClient = self.make("secretsmanager")
        return client


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What a Pipeline's stack put out."""

    stack: str
    region: str
    account: str
    drop_bucket: str
    prepared_bucket: str
    results_bucket: str
    ledger_table: str
    state_machine: str
    notification_topic: str
    credentials_secret: str
    token_secret: str
    exchange_bucket: str | None = None
    """Where a topic is coded by Amazon ML."""
    log_days: int | None = None
    """For how many days logs are kept; None where the stack does not say."""

    @classmethod
    def of(cls, stack: str, outputs: Mapping[str, str]) -> Self:
        """That of a stack with these outputs. Raises `KeyError` with the name of one it lacks."""
        _, _, _, region, account, *_ = outputs["StateMachineArn"].split(":")
        days = outputs.get("LogRetentionDays", "")
        return cls(
            stack=stack,
            region=region,
            account=account,
            drop_bucket=outputs["DropBucketName"],
            prepared_bucket=outputs["PreparedBucketName"],
            results_bucket=outputs["ResultsBucketName"],
            ledger_table=outputs["LedgerTableName"],
            state_machine=outputs["StateMachineArn"],
            notification_topic=outputs["NotificationTopicArn"],
            credentials_secret=outputs["CredentialsSecretArn"],
            token_secret=outputs["TokenSecretArn"],
            exchange_bucket=outputs.get("ExchangeBucketName"),
            log_days=int(days) if days.isdigit() else None,
        )


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
            next_step="Name the one that is meant, by what stands before -Pipeline: --name …",
        )
    (only,) = found.values()
    return Deployment.of(only["StackName"], _outputs(only))


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
