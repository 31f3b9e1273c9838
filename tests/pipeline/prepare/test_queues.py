"""The queues around prepare: what comes in which order, and what goes where."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from pipeline.domain.drop import Drop, Failure, ReadyDrops
from pipeline.prepare.handler import Batch
from pipeline.prepare.message import LONGEST_DELAY, PrepareMessage
from pipeline.prepare.queues import MESSAGE_BYTES, PrepareQueues, smallest_first
from tests.support.aws import played_aws
from tests.support.pipeline.builders import a_drop
from tests.support.pipeline.clouds import REGION


def a_body(key: str, size: int) -> str:
    described = {"key": key, "size": size, "etag": "ab", "version-id": "v1"}
    detail = {"bucket": {"name": "drops"}, "object": described}
    return json.dumps({"account": "1", "time": "2026-11-21T12:00:00Z", "detail": detail})


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


def should_turn_the_order_when_the_function_died_on_one_of_them() -> None:
    sizes = [3, 1, 2]
    bodies = [a_body(f"anzsco/{size}.csv", size) for size in sizes]
    for received, order in ((1, [1, 2, 3]), (2, [3, 2, 1]), (3, [1, 2, 3])):
        records = [a_record(size, body, received) for size, body in zip(sizes, bodies, strict=True)]
        found = smallest_first(records, unreadable=[])
        assert [int(each.message_id) for each in found] == order


class Preparing:
    """Stands for the preparer: notes what it is given, and is killed on some file."""

    def __init__(self, killer: str = "") -> None:
        self.killer = killer
        self.seen: list[str] = []

    def prepare(self, message: PrepareMessage, **_: object) -> Drop:
        key = message.created.key
        if key == self.killer:
            raise KeyboardInterrupt
        self.seen.append(key)
        return a_drop(key=key)


def should_begin_one_large_file_and_put_the_others_back(queues: PrepareQueues) -> None:
    worker = Preparing()
    records = [a_record(n, a_body(f"anzsco/{n}.csv", n * 10**9), received=3) for n in (1, 2)]
    batch = Batch(worker, queues, lambda: True)  # type: ignore[arg-type]
    batch.handle(smallest_first(records, unreadable=batch.failed))
    assert worker.seen == ["anzsco/1.csv"]
    (back,) = taken(queues, queues.arrivals_url)
    again = PrepareMessage.from_body(back)
    assert (again.created.key, again.deaths) == ("anzsco/2.csv", 2)
    (record,) = smallest_first([a_record(1, back, received=2)], unreadable=[])
    assert record.deaths == 3


@pytest.mark.parametrize("received", [2, 3])
def should_send_on_what_stands_in_front_of_a_file_that_the_function_dies_on(
    queues: PrepareQueues, received: int
) -> None:
    records = [a_record(n, a_body(f"anzsco/{n}.csv", n), received) for n in (1, 2, 3)]
    batch = Batch(Preparing("anzsco/2.csv"), queues, lambda: True)  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        batch.handle(smallest_first(records, unreadable=batch.failed))
    (sent,) = taken(queues, queues.prepared_url)
    (drop,) = ReadyDrops.from_state(json.loads(sent)).drops
    assert drop.key == {2: "anzsco/3.csv", 3: "anzsco/1.csv"}[received]


def should_send_drops_on_and_messages_back(queues: PrepareQueues) -> None:
    drop, message = a_drop(), PrepareMessage.from_body(a_body("anzsco/jobs.csv", 10))
    queues.send_on([drop] * 12)
    queues.send_back(message)
    (on,) = taken(queues, queues.prepared_url)
    (back,) = taken(queues, queues.arrivals_url)
    assert ReadyDrops.from_state(json.loads(on)).drops == (drop,) * 12
    assert PrepareMessage.from_body(back) == message


def should_send_drops_on_in_as_many_messages_as_sqs_needs(queues: PrepareQueues) -> None:
    long = Failure("E", "x" * (MESSAGE_BYTES // 3))
    drops = [a_drop(f"anzsco/{n}.csv", failure=long) for n in range(5)]
    queues.send_on(drops)
    sent = [
        ReadyDrops.from_state(json.loads(each)).drops for each in taken(queues, queues.prepared_url)
    ]
    assert sorted(map(len, sent)) == [1, 2, 2]
    assert sorted((drop for each in sent for drop in each), key=lambda drop: drop.key) == drops


def should_say_all_that_is_needed_to_go_on() -> None:
    message = PrepareMessage.from_body(a_body("anzsco/jobs.csv", 10)).after_waiting(9_999, "turn")
    assert message.delay == LONGEST_DELAY
    again = PrepareMessage.from_body(message.to_body())
    assert (again.turn, again.delay, again.created) == ("turn", 0, message.created)
