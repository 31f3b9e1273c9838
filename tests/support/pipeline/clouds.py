"""moto's AWS with what Pipeline's streams use: the ledger's table and three buckets."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from pipeline.domain.part import Segment
from pipeline.ledger.table import Ledger
from tests.support.aws import played_aws

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

DROPS = "drops"
RESULTS = "results"
PREPARED = "prepared"
REGION: Final = "ap-southeast-2"


@dataclass(frozen=True, slots=True)
class Cloud:
    s3: "S3Client"
    ledger: Ledger

    def segment(
        self, key: str, content: bytes, first_byte: int = 0, last_byte: int | None = None
    ) -> Segment:
        """A range (by default all) of a new object of the drop bucket."""
        stored = self.s3.put_object(Bucket=DROPS, Key=key, Body=content)
        return Segment(
            drop_id="0123456789abcdef0123456789abcdef",
            bucket=DROPS,
            key=key,
            version_id=stored["VersionId"],
            etag=stored["ETag"].strip('"'),
            first_byte=first_byte,
            last_byte=len(content) - 1 if last_byte is None else last_byte,
            results_prefix=f"{key}/0123456789abcdef0123456789abcdef/",
        )

    def result(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=RESULTS, Key=key)["Body"].read()

    def prepared(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=PREPARED, Key=key)["Body"].read()

    def prepared_keys(self) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=PREPARED).get("Contents", [])
        return [entry["Key"] for entry in listed]

    def result_keys(self) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=RESULTS).get("Contents", [])
        return [entry["Key"] for entry in listed]

    def unfinished_uploads(self) -> int:
        return len(self.s3.list_multipart_uploads(Bucket=RESULTS).get("Uploads", []))


@cache
def _connections() -> tuple["S3Client", "DynamoDBServiceResource"]:
    """One for all tests: making them takes longer than most tests. moto answers only inside
    `cloud()`, and forgets everything at its end. Nobody reads the signatures of the ledger's many
    calls; S3's client signs, as it presigns URLs."""
    session = boto3.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION
    )
    return session.client("s3"), session.resource(
        "dynamodb", config=Config(signature_version=UNSIGNED)
    )


@cache
def stepfunctions() -> "SFNClient":
    """One for all tests, as above."""
    return boto3.client(
        "stepfunctions",
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def waiting_machine() -> str:
    """The ARN of a new state machine `drop` whose executions only wait. Inside `cloud()`."""
    waits = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9, "End": True}}}
    made = stepfunctions().create_state_machine(
        name="drop",
        definition=json.dumps(waits),
        roleArn="arn:aws:iam::123456789012:role/drop",
    )
    return made["stateMachineArn"]


@contextmanager
def cloud(*, executes: bool = False) -> Iterator[Cloud]:
    """moto's AWS, empty but for the table and the buckets, as `played_aws` has it."""
    s3, dynamodb = _connections()
    with played_aws(executes=executes):
        for bucket in (DROPS, RESULTS, PREPARED):
            s3.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
            )
        s3.put_bucket_versioning(Bucket=DROPS, VersioningConfiguration={"Status": "Enabled"})
        table = dynamodb.create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
        )
        yield Cloud(s3, Ledger(table))
