"""A real subscription to Pipeline's SNS topic: a queue that hears of every drop that ends."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from erasure.deployment import Clients, Deployment


@dataclass(frozen=True, slots=True)
class ResultKeys:
    """Where a drop's results lie; None for what it does not have."""

    bucket: str
    output: str | None
    metadata: str | None
    manifest: str | None
    report: str | None
    table: str | None
    page: str | None
    review: str | None


@dataclass(frozen=True, slots=True)
class Notification:
    """What the topic said of one drop (docs/schemas/notification.json)."""

    drop_id: str
    status: str
    bucket: str
    key: str
    version_id: str
    reason: str | None
    next_step: str | None
    records: dict[str, int] | None
    rows: dict[str, int] | None
    results: ResultKeys
    subject: str
    attributes: dict[str, str]
    body: dict[str, Any] = field(repr=False)

    @classmethod
    def from_sns(cls, envelope: dict[str, Any]) -> Self:
        """Reads what SNS puts into a queue when it does not deliver raw messages."""
        body = json.loads(envelope["Message"])
        results = body.get("results") or {}
        return cls(
            drop_id=body["dropId"],
            status=body["status"],
            bucket=body["bucket"],
            key=body["key"],
            version_id=body["versionId"],
            reason=body.get("reason"),
            next_step=body.get("nextStep"),
            records=body.get("records"),
            rows=body.get("rows"),
            results=ResultKeys(
                bucket=results.get("bucket") or "",
                output=results.get("output"),
                metadata=results.get("metadata"),
                manifest=results.get("manifest"),
                report=results.get("report"),
                table=results.get("table"),
                page=results.get("page"),
                review=results.get("review"),
            ),
            subject=envelope.get("Subject") or "",
            attributes={
                name: value["Value"]
                for name, value in (envelope.get("MessageAttributes") or {}).items()
            },
            body=body,
        )


class Subscription:
    """A queue that is subscribed to the topic. Made by `subscribed`."""

    def __init__(self, clients: Clients, queue_url: str) -> None:
        self._sqs = clients.sqs
        self._queue_url = queue_url

    def receive(self, *, wait_seconds: int = 1) -> list[Notification]:
        """The notifications that came meanwhile; waits for the first up to `wait_seconds`."""
        messages = self._sqs.receive_message(
            QueueUrl=self._queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=wait_seconds
        ).get("Messages", [])
        told = [Notification.from_sns(json.loads(message["Body"])) for message in messages]
        for message in messages:
            self._sqs.delete_message(
                QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"]
            )
        return told


@contextmanager
def subscribed(clients: Clients, deployment: Deployment, *, name: str) -> Iterator[Subscription]:
    """Subscribes a new queue for as long as the context lasts; then both are removed."""
    sqs, sns = clients.sqs, clients.sns
    topic = deployment.notification_topic
    queue_url = sqs.create_queue(QueueName=name)["QueueUrl"]
    try:
        queue = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
        arn = queue["Attributes"]["QueueArn"]
        sqs.set_queue_attributes(
            QueueUrl=queue_url, Attributes={"Policy": _lets_topic_send(topic, arn)}
        )
        subscription = sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=arn,
            Attributes={"RawMessageDelivery": "false"},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        try:
            yield Subscription(clients, queue_url)
        finally:
            sns.unsubscribe(SubscriptionArn=subscription)
    finally:
        sqs.delete_queue(QueueUrl=queue_url)


def _lets_topic_send(topic: str, queue: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": queue,
                    "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
                }
            ],
        }
    )
