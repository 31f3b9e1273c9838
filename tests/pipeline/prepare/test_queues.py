"""The queues around prepare: what comes in which order, and what goes where."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from pipeline.domain.drop import Drop
from pipeline.prepare.message import LONGEST_DELAY, PrepareMessage
from pipeline.prepare.queues import PrepareQueues, smallest_first
from tests.support.aws import played_aws
from tests.support.pipeline.builders import a_drop
from tests.support.pipeline.clouds import REGION


def a_body(key: str, size: int) -> str:
    described = {"key": key, "size": size, "etag": "ab", "version-id": "v1"}
    detail = {"bucket": {"name": "drops"}, "object": described}
    return json.dumps({"time": "2026-11-21T12:00:00Z", "detail": detail})


def a_record(number: int, body: str, received: int = 1) -> dict[str, Any]:
    attributes = {"ApproximateReceiveCount": str(received)}
    return {"messageId": str(number), "body": body, "attributes": attributes}


@pytest.fixture
def queues() -> Iterator[PrepareQueues]:
    with played_aws():
        sqs = boto3.client("sqs", region_name=REGION)
        urls = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("arrivals", "prepared"))
        yield PrepareQueues(sqs, *urls)


def taken(queues: PrepareQueues, url: str) -> list[str]:
    found = queues.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [message["Body"] for message in found.get("Messages", [])]


def should_take_small_files_first_and_name_what_can_not_be_read() -> None:
    unreadable: list[str] = []
    records = [
        a_record(1, a_body("anzsco/large.csv", 10**9)),
        a_record(2, "no JSON"),
        a_record(3, a_body("anzsco/small.csv", 10), received=3),
        a_record(4, "[]"),
    ]
    found = list(smallest_first(records, unreadable=unreadable))
    assert [each.message_id for each in found] == ["3", "1"]
    assert [each.deaths for each in found] == [2, 0]
    assert unreadable == ["2", "4"]


def should_send_drops_on_and_messages_back(queues: PrepareQueues) -> None:
    drop, message = a_drop(), PrepareMessage.from_body(a_body("anzsco/jobs.csv", 10))
    queues.send_on([drop] * 12)
    queues.send_back(message)
    on = taken(queues, queues.prepared_url) + taken(queues, queues.prepared_url)
    (back,) = taken(queues, queues.arrivals_url)
    assert [Drop.from_state(json.loads(each)) for each in on] == [drop] * 12
    assert PrepareMessage.from_body(back) == message


def should_say_all_that_is_needed_to_go_on() -> None:
    message = PrepareMessage.from_body(a_body("anzsco/jobs.csv", 10)).after_waiting(9_999, "turn")
    assert message.delay == LONGEST_DELAY
    again = PrepareMessage.from_body(message.to_body())
    assert (again.turn, again.delay, again.created) == ("turn", 0, message.created)
