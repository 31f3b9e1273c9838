"""Drops files into the deployed Pipeline and hears, as a subscriber would, how each ends."""

import json
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import jsonschema

from dropcoder.deployed.executions import Executions
from dropcoder.deployed.notifications import Notification, Subscription, subscribed
from localcloud.cloud import LocalCloud
from localcloud.environment import ACCOUNT
from localcloud.places import PROJECT
from pipeline.domain.identity import drop_id
from tests.support.eventually import eventually

SCHEMAS = PROJECT / "docs" / "schemas"


def check_schema(document: object, name: str) -> None:
    """Raises `jsonschema.ValidationError` where the document is not what docs/schemas says."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)


@dataclass(frozen=True, slots=True)
class Drop:
    """A version of an object in the drop bucket."""

    bucket: str
    key: str
    version_id: str
    etag: str
    content: bytes = field(repr=False)

    @property
    def drop_id(self) -> str:
        return drop_id(self.bucket, self.key, self.version_id)

    def event(self) -> dict[str, Any]:
        """S3's event of it (Amazon S3 user guide, "EventBridge event message structure")."""
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Object Created",
            "source": "aws.s3",
            "account": ACCOUNT,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "resources": [f"arn:aws:s3:::{self.bucket}"],
            "detail": {
                "version": "0",
                "bucket": {"name": self.bucket},
                "object": {
                    "key": self.key,
                    "size": len(self.content),
                    "etag": self.etag,
                    "version-id": self.version_id,
                },
                "reason": "PutObject",
            },
        }


class Subscriber:
    """A subscriber of the topic and of the event bus, who keeps all that it hears."""

    def __init__(self, cloud: LocalCloud, subscription: Subscription, event_queue: str) -> None:
        self._cloud = cloud
        self._sqs, self._s3 = cloud.sqs(), cloud.s3()
        self._subscription, self._event_queue = subscription, event_queue
        self._states = cloud.stepfunctions()
        self._executions = Executions(cloud.clients, cloud.pipeline)
        self._inputs: dict[str, str] = {}
        self.drops: list[Drop] = []
        self.endings: dict[str, int] = {}
        """How often each drop that was seen to end should have been told, by its id."""
        self.told: dict[str, list[Notification]] = defaultdict(list)
        """By the drop's id, in the order in which they came."""
        self.events: dict[str, list[dict[str, Any]]] = defaultdict(list)
        """Events "Drop Ended" as the bus delivered them, by the drop's id."""

    def drop(self, key: str, content: bytes, **metadata: str) -> Drop:
        """Puts a file into the drop bucket, as any S3 client would."""
        bucket = self._cloud.pipeline.drop_bucket
        stored = self._s3.put_object(Bucket=bucket, Key=key, Body=content, Metadata=metadata)
        drop = Drop(bucket, key, stored["VersionId"], stored["ETag"].strip('"'), content)
        self.drops.append(drop)
        return drop

    def listen(self) -> None:
        """Takes in all that has come by now."""
        while heard := self._subscription.receive(wait_seconds=0):
            for told in heard:
                self.told[told.drop_id].append(told)
        while events := self._receive_events():
            for event in events:
                self.events[event["detail"]["dropId"]].append(event)

    def ended(self, drop: Drop, *, endings: int = 1, within: float = 60.0) -> Notification:
        """How the drop ended, once all of its executions have; told `endings` times by then.

        Each telling is one notification and one event with the same body, valid by its schema.
        (The attributes for filter policies get lost in the local cloud's `sns:publish`; the tests
        of the state machine hold them.)
        """
        self.endings[drop.drop_id] = endings
        eventually(
            lambda: self._heard(drop), until=lambda n: n >= (endings, endings), within=within
        )
        eventually(lambda: self.running(drop), until=lambda running: not running, within=within)
        assert self._heard(drop) == (endings, endings), "told more often than the drop has ended"
        for told, event in zip(self.told[drop.drop_id], self.events[drop.drop_id], strict=True):
            check_schema(told.body, "notification")
            assert event["detail"] == told.body
            assert (event["source"], event["detail-type"]) == ("dropcoder", "Drop Ended")
            assert (told.bucket, told.key) == (drop.bucket, drop.key)
            assert told.version_id == drop.version_id
        return self.told[drop.drop_id][-1]

    def executions(self, drop: Drop) -> list[str]:
        """The ARNs of the executions that carry the drop, alone or with others; oldest first."""
        pages = self._states.get_paginator("list_executions").paginate(
            stateMachineArn=self._cloud.pipeline.state_machine
        )
        found = [execution for page in pages for execution in page["executions"]]
        for arn in (each["executionArn"] for each in found):
            if arn not in self._inputs:
                self._inputs[arn] = self._states.describe_execution(executionArn=arn)["input"]
        found.sort(key=lambda each: each["startDate"])
        return [
            each["executionArn"]
            for each in found
            if drop.drop_id in each["name"] or drop.drop_id in self._inputs[each["executionArn"]]
        ]

    def running(self, drop: Drop) -> list[str]:
        """Those that have not ended."""
        found = self.executions(drop)
        seen = {arn: self._executions.whereabouts(arn) for arn in found}
        return [arn for arn, where in seen.items() if where and where.execution == "RUNNING"]

    def status_seen(self, drop: Drop) -> str | None:
        """The status of the drop's operation, as its execution saw it last."""
        found = self.executions(drop)
        where = self._executions.whereabouts(found[0]) if found else None
        return where.status if where else None

    def result(self, key: str | None) -> bytes:
        """An object of the results bucket."""
        assert key is not None
        return self._s3.get_object(Bucket=self._cloud.pipeline.results_bucket, Key=key)[
            "Body"
        ].read()

    def document(self, key: str | None) -> dict[str, Any]:
        """A JSON object of the results bucket."""
        document: dict[str, Any] = json.loads(self.result(key))
        return document

    def results_of(self, drop: Drop) -> set[str]:
        """The names of the files among the drop's results."""
        (told, *_) = self.told[drop.drop_id]
        prefix = told.body["results"]["prefix"]
        found = self._s3.list_objects_v2(
            Bucket=self._cloud.pipeline.results_bucket, Prefix=prefix
        ).get("Contents", [])
        return {each["Key"].removeprefix(prefix) for each in found}

    def _heard(self, drop: Drop) -> tuple[int, int]:
        self.listen()
        return len(self.told[drop.drop_id]), len(self.events[drop.drop_id])

    def _receive_events(self) -> list[dict[str, Any]]:
        messages = self._sqs.receive_message(
            QueueUrl=self._event_queue, MaxNumberOfMessages=10
        ).get("Messages", [])
        for message in messages:
            self._sqs.delete_message(
                QueueUrl=self._event_queue, ReceiptHandle=message["ReceiptHandle"]
            )
        return [json.loads(message["Body"]) for message in messages]


@contextmanager
def witness_of(cloud: LocalCloud) -> Iterator[Subscriber]:
    """Listens for as long as the context lasts."""
    name = f"subscriber-{uuid.uuid4().hex[:12]}"
    with (
        subscribed(cloud.clients, cloud.pipeline, name=name) as subscription,
        _event_queue(cloud, f"{name}-events") as url,
    ):
        yield Subscriber(cloud, subscription, url)


@contextmanager
def _event_queue(cloud: LocalCloud, name: str) -> Iterator[str]:
    """A queue that gets the events of the source `dropcoder`, by a rule of its own."""
    sqs, events = cloud.sqs(), cloud.events()
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    rule = events.put_rule(Name=name, EventPattern=json.dumps({"source": ["dropcoder"]}))["RuleArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    try:
        yield url
    finally:
        events.remove_targets(Rule=name, Ids=["queue"])
        events.delete_rule(Name=name)
        sqs.delete_queue(QueueUrl=url)
