"""The queues around prepare: events of dropped objects come in, drops go on to receive."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.aws import aws_busy_as_try_again
from pipeline.domain.drop import Drop, ReadyDrops
from pipeline.domain.state_fields import MalformedState
from pipeline.observability import logger
from pipeline.prepare.message import PrepareMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MESSAGE_BYTES = 200_000  # of drops together; SQS takes 262,144; ours
SMALL_BYTES = 8 << 20  # is prepared in a second or two; ours


@dataclass(frozen=True, slots=True)
class PrepareRecord:
    """A message as SQS hands it out."""

    message_id: str
    message: PrepareMessage
    deaths: int
    """How often it was handed out before, and neither finished nor sent on."""

    @property
    def is_large(self) -> bool:
        """Whether its file takes longer than others may wait for."""
        return self.message.created.size > SMALL_BYTES


@dataclass(frozen=True, slots=True)
class PrepareQueues:
    """Sends messages; its methods may raise `AwsBusy`."""

    sqs: "SQSClient"
    arrivals_url: str
    prepared_url: str

    def send_on(self, drops: Iterable[Drop]) -> None:
        """Sends drops to receive, together, so that they can share an operation."""
        for message in _messages(drops):
            self._send(self.prepared_url, json.dumps(message.to_state()))

    def send_back(self, message: PrepareMessage) -> None:
        """Puts a message into the queue that prepare reads."""
        self._send(self.arrivals_url, message.to_body(), message.delay)

    def _send(self, url: str, body: str, delay: int = 0) -> None:
        with aws_busy_as_try_again():
            self.sqs.send_message(QueueUrl=url, MessageBody=body, DelaySeconds=delay)


def _messages(drops: Iterable[Drop]) -> Iterator[ReadyDrops]:
    """As few messages as SQS allows."""
    together: list[Drop] = []
    size = 0
    for drop in drops:
        added = len(json.dumps(drop.to_state()))
        if together and size + added > MESSAGE_BYTES:
            yield ReadyDrops(tuple(together))
            together, size = [], 0
        together.append(drop)
        size += added
    if together:
        yield ReadyDrops(tuple(together))


def smallest_first(
    records: Sequence[dict[str, Any]], *, unreadable: list[str]
) -> Iterator[PrepareRecord]:
    """A batch's messages, so that small files need not wait for a large one.

    Where an invocation died on one of them they come the other way round every second time, so that
    each of the others is once in front of it. The ids of messages that can't be read are added to
    `unreadable`.
    """
    readable = []
    for record in records:
        try:
            message = PrepareMessage.from_body(record["body"])
        except MalformedState as error:
            logger.error("a message can't be read", extra={"text": str(error)})
            unreadable.append(record["messageId"])
            continue
        received = int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
        deaths = message.deaths + received - 1
        readable.append(PrepareRecord(record["messageId"], message, deaths))
    turned = max((each.deaths for each in readable), default=0) % 2 == 1
    return iter(sorted(readable, key=lambda each: each.message.created.size, reverse=turned))
