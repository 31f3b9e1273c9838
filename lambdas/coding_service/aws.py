"""AWS clients, and AWS's errors in the service's words."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from coding_service.config import AddressingStyle, storage_environment
from coding_service.errors import AwsBusy
from shared.aws_errors import busy_raises, code_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_stepfunctions.client import SFNClient

CONNECT_SECONDS = 5  # inside a region a connection stands in milliseconds
READ_SECONDS = 30  # S3 answers a ranged read's first byte far sooner, or never
ATTEMPTS = 5  # boto3's own, with its backoff; beyond them the state machine retries


def configuration(addressing_style: AddressingStyle = "virtual") -> Config:
    """Time limits and retries for every client.

    SigV4 with checksums only where S3 demands them: a presigned PUT then signs `host` and the two
    encryption headers, and a caller need send nothing else. Presigned URLs name the region in
    every region, us-east-1 too, where botocore would take S3's global host.
    """
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": addressing_style, "us_east_1_regional_endpoint": "regional"},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


@cache
def s3() -> "S3Client":
    return boto3.client("s3", config=configuration(storage_environment().addressing_style))


@cache
def operations_table() -> "Table":
    return table(storage_environment().table)


def table(name: str) -> "Table":
    config = configuration().merge(Config(signature_version="v4"))
    return boto3.resource("dynamodb", config=config).Table(name)


@cache
def step_functions() -> "SFNClient":
    config = configuration().merge(Config(signature_version="v4"))
    return boto3.client("stepfunctions", config=config)


@cache
def secrets() -> "SecretsManagerClient":
    config = configuration().merge(Config(signature_version="v4"))
    return boto3.client("secretsmanager", config=config)


busy_is_retried = busy_raises(AwsBusy)
"""A context that turns throttling, broken connections and faults of AWS into `AwsBusy`."""


def condition_held(write: Callable[..., object], **request: Any) -> bool:
    """Makes a conditional write to a table; says whether its condition held. Raises `AwsBusy`."""
    try:
        with busy_is_retried():
            write(**request)
    except ClientError as error:
        if code_of(error) == "ConditionalCheckFailedException":
            return False
        raise
    return True


def assignments(values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of an update that sets these attributes, whatever words their names are."""
    return {
        "UpdateExpression": "SET "
        + ", ".join(f"#{place} = :{place}" for place in range(len(values))),
        "ExpressionAttributeNames": {f"#{place}": name for place, name in enumerate(values)},
        "ExpressionAttributeValues": {
            f":{place}": value for place, value in enumerate(values.values())
        },
    }
