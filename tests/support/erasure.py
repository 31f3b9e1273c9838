"""A deployed Pipeline as moto plays it, with drops that have come to their end."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from erasure.deployment import Clients
from erasure.erase import Kept, erase_drop
from pipeline.clock import Clock
from pipeline.domain.drop import Drop
from pipeline.domain.execution import shared_execution
from pipeline.domain.facts import InputFacts
from pipeline.domain.identity import drop_id, execution_name, part_id, results_prefix
from pipeline.engines.small_batches.files import OPERATIONS
from pipeline.executions.compact_input import compact_input
from pipeline.ledger.drops import Drops, Ending
from pipeline.ledger.groups import ExecutionGroups, GroupedBy
from pipeline.ledger.parts import Parts
from pipeline.ledger.shared_files import FileStatus, SharedFile, SharedFiles
from pipeline.ledger.topic_reports import TopicReports
from pipeline.storage.dictionaries import DICTIONARIES
from pipeline.storage.results_bucket import PIECES
from tables.dictionary.dictionary_file import dictionary_bytes, name_of
from tests.support.pipeline.clouds import (
    DROPS,
    PREPARED,
    REGION,
    RESULTS,
    Cloud,
    cloud,
    stepfunctions,
    waiting_machine,
)
from tests.support.tables.dictionaries import a_dictionary, an_entry

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

EXCHANGE = "exchange"
TEXT = b"registered nurse"
FACTS = InputFacts(
    bytes=16, records=1, sha256="0", record_id_digest="0", first_byte=0, last_byte=15
)


@dataclass
class Stacks:
    """Takes the place of CloudFormation's client."""

    stacks: list[dict[str, Any]] = field(default_factory=list)

    def get_paginator(self, _operation: str) -> "Stacks":
        return self

    def paginate(self, **asked: str) -> Iterator[dict[str, Any]]:
        name = asked.get("StackName")
        found = [each for each in self.stacks if name in (None, each["StackName"])]
        if name and not found:
            raise ClientError({"Error": {"Code": "ValidationError"}}, "DescribeStacks")
        yield {"Stacks": found}


def stack(name: str, **outputs: str) -> dict[str, Any]:
    listed = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
    return {"StackName": name, "Outputs": listed}


@dataclass
class World:
    """A Pipeline in moto's AWS."""

    cloud: Cloud
    machine: str
    clients: Clients
    clock: Clock
    now: datetime

    def clients_with(self, **others: Any) -> Clients:
        """The same clients but for these."""
        return Clients(lambda name: others.get(name) or self.clients.make(name))

    def drop(self, key: str = "anzsco/jobs.csv", content: bytes = TEXT) -> Drop:
        """A dropped object that prepare has prepared and receive has accepted."""
        put = self.cloud.s3.put_object(Bucket=DROPS, Key=key, Body=content)
        version = put["VersionId"]
        identity = drop_id(DROPS, key, version)
        drop = Drop(
            drop_id=identity,
            bucket=DROPS,
            key=key,
            version_id=version,
            size=len(content),
            etag=put["ETag"].strip('"'),
            topic="anzsco",
            model=None,
            results_prefix=results_prefix(key, "anzsco", identity),
            dropped_at=self.clock.iso(),
        )
        self.put(PREPARED, f"{identity}/a/input.jsonl", f"{identity}/a/table.json")
        self.put(PREPARED, f"{identity}/finish/csv.checkpoint")
        Drops(self.cloud.ledger, self.clock).accept(drop)
        return drop

    def put(self, bucket: str, *keys: str) -> None:
        for key in keys:
            self.cloud.s3.put_object(Bucket=bucket, Key=key, Body=TEXT)

    def learned(self, *drops: Drop) -> None:
        """A version of the topic's dictionary for each drop, with a text of each before it too."""
        for version in range(1, len(drops) + 1):
            entries = [
                an_entry(f"nurse {n}", drop_id=drop.drop_id)
                for n, drop in enumerate(drops[:version])
            ]
            self.cloud.s3.put_object(
                Bucket=RESULTS,
                Key=f"{DICTIONARIES}anzsco/{name_of(version)}",
                Body=dictionary_bytes(a_dictionary(*entries, version=version)),
            )

    def began(self, execution: str, *drops: Drop, again: bool = False) -> str:
        """The ARN of a running execution that the drops are assigned to."""
        if not again:
            for drop in drops:
                assert Drops(self.cloud.ledger, self.clock).assign(drop.drop_id, execution)
        started = stepfunctions().start_execution(stateMachineArn=self.machine, name=execution)
        return started["executionArn"]

    def ended(self, drop: Drop, status: str = "complete") -> None:
        """The drop's results, its ending and its topic's report."""
        prefix = drop.results_prefix
        self.put(RESULTS, *(f"{prefix}{name}" for name in ("results.csv", "manifest.json")))
        body = {"key": drop.key, "reason": None}
        Drops(self.cloud.ledger, self.clock).end(
            drop.drop_id, Ending(status=status, body=body, rescued=False)
        )
        summary = {"dropId": drop.drop_id, "key": drop.key}
        TopicReports(self.cloud.ledger, self.clock).keep("anzsco", drop.drop_id, summary)

    def alone(self, drop: Drop) -> None:
        """The drop is coded in two pieces by executions of its own, and has ended."""
        arn = self.began(execution_name(drop.key, drop.drop_id), drop)
        for number in (1, 2):
            self.put(RESULTS, f"{PIECES}{drop.results_prefix}{number:04d}/output.jsonl")
            parts = Parts(self.cloud.ledger, self.clock)
            with parts.lease(part_id(drop.drop_id, number), owner="o", seconds=1) as lease:
                lease.begin()
                lease.created(f"dropcoder-lost-{drop.drop_id}")
                lease.abandon("it timed out")
                lease.begin()
                lease.created(f"dropcoder-{drop.drop_id}-{number}")
            self.put(EXCHANGE, f"dropcoder-{drop.drop_id}-{number}/input.csv")
            self.put(PREPARED, f"{OPERATIONS}dropcoder-{drop.drop_id}-{number}/texts.jsonl")
        self.ended(drop)
        stepfunctions().stop_execution(executionArn=arn)

    def together(self, *drops: Drop) -> None:
        """The drops share an operation twice, as a group that failed once, and have ended."""
        groups = ExecutionGroups(self.cloud.ledger, self.clock)
        for name in ("shared-2-first", "shared-2-second"):
            execution = shared_execution(name, drops)
            groups.form(name, GroupedBy.RECEIVE)
            assert groups.make_ready(name, compact_input(execution))
            files = SharedFiles(self.cloud.ledger, self.clock)
            files.write(
                execution.parts[0].part_id,
                [
                    SharedFile(drop_id=each.drop_id, fate=FileStatus.INCLUDED, input=FACTS)
                    for each in drops
                ],
            )
        arn = self.began("shared-2-second", *drops)
        for drop in drops:
            self.ended(drop)
        stepfunctions().stop_execution(executionArn=arn)

    def kept(self) -> Mapping[str, Any]:
        """All that buckets and ledger hold, by where it is."""
        found: dict[str, Any] = {}
        s3 = self.cloud.s3
        for bucket in (DROPS, PREPARED, RESULTS, EXCHANGE):
            listed = s3.list_object_versions(Bucket=bucket)
            both: Sequence[Any] = [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]
            for each in both:
                found[f"{bucket}/{each['Key']}@{each['VersionId']}"] = each.get("ETag", "marker")
            for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
                found[f"{bucket}/{upload['Key']}@{upload['UploadId']}"] = "upload"
        for item in self.clients.dynamodb.scan(TableName="ledger")["Items"]:
            found[f"{item['pk']['S']}/{item['sk']['S']}"] = json.dumps(item, sort_keys=True)
        return found

    def kept_of(self, drop: Drop) -> Mapping[str, Any]:
        """What of it is the drop's object, or holds the drop's id."""
        return {
            place: what
            for place, what in self.kept().items()
            if drop.drop_id in f"{place} {what}" or place.endswith(f"@{drop.version_id}")
        }


@cache
def _dynamodb() -> "DynamoDBClient":
    """One for all tests: making a client takes longer than most of them."""
    return boto3.client("dynamodb", region_name=REGION, config=Config(signature_version=UNSIGNED))


OUTPUTS = {
    "DropBucketName": DROPS,
    "PreparedBucketName": PREPARED,
    "ResultsBucketName": RESULTS,
    "ExchangeBucketName": EXCHANGE,
    "LedgerTableName": "ledger",
    "NotificationTopicArn": f"arn:aws:sns:{REGION}:123456789012:topic",
    "CredentialsSecretArn": f"arn:aws:secretsmanager:{REGION}:123456789012:secret:client",
    "TokenSecretArn": f"arn:aws:secretsmanager:{REGION}:123456789012:secret:token",
    "LogRetentionDays": "30",
}


def _clients(**made: Any) -> Clients:
    """These, and moto's of all other services."""
    new: Any = boto3.client
    return Clients(lambda name: made.get(name) or new(name, region_name=REGION))


@contextmanager
def world() -> Iterator[World]:
    with cloud() as played:
        s3 = played.s3
        s3.create_bucket(Bucket=EXCHANGE, CreateBucketConfiguration={"LocationConstraint": REGION})
        versions: Any = {"Status": "Enabled"}
        s3.put_bucket_versioning(Bucket=RESULTS, VersioningConfiguration=versions)
        machine = waiting_machine()
        stacks = Stacks([stack("Other"), stack("Pipeline", **OUTPUTS, StateMachineArn=machine)])
        now = datetime.now(UTC)
        yield World(
            cloud=played,
            machine=machine,
            clients=_clients(
                cloudformation=stacks, s3=s3, dynamodb=_dynamodb(), stepfunctions=stepfunctions()
            ),
            clock=Clock(seconds=now.timestamp),
            now=now + timedelta(seconds=1),
        )


def erased(here: World, drop: Drop, **how: Any) -> Kept:
    return erase_drop(
        how.pop("clients", here.clients),
        drop.drop_id,
        **{"confirm": lambda _: True, "now": here.now, **how},
    )
