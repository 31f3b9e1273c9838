"""Events as EventBridge delivers them, to executions in moto."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bench.streams.function_variables import VARIABLES
from pipeline.clock import Clock
from pipeline.config import Environment
from pipeline.dependencies import Dependencies
from pipeline.domain import identity
from pipeline.domain.drop import ReadyDrops, StoredObject
from pipeline.domain.execution import Execution
from pipeline.domain.state_fields import MalformedState
from pipeline.errors import SettingInvalid
from pipeline.executions.pieces import PieceLists
from pipeline.executions.starter import ExecutionStarter, shared_name
from pipeline.ledger.drops import Drops
from pipeline.ledger.groups import ExecutionGroups, GroupedBy, GroupState
from pipeline.prepare.s3_event import ObjectCreated, drop_from_event
from pipeline.receive.handler import Receiver, read_messages, receiver
from pipeline.storage.block_reader import BlockReader
from pipeline.storage.results_bucket import PIECES, ResultsBucket
from tests.support.pipeline.builders import Measured, SimulatedIo, a_drop, lines
from tests.support.pipeline.clouds import (
    DROPS,
    RESULTS,
    Cloud,
    cloud,
    stepfunctions,
    waiting_machine,
)


class ReceiveFixture:
    def __init__(self, aws: Cloud) -> None:
        self.aws = aws
        self.measured = Measured()
        self.executions: Any = stepfunctions()
        self.machine = waiting_machine()
        self.default_topic: str | None = None
        self.max_file_bytes = 1000
        self.share_max_bytes = 0

    @property
    def drops(self) -> Drops:
        return Drops(self.aws.ledger, SimulatedIo().clock)

    @property
    def groups(self) -> ExecutionGroups:
        return ExecutionGroups(self.aws.ledger, SimulatedIo().clock)

    @property
    def receiver(self) -> Receiver:
        return Receiver(
            drops=self.drops,
            starter=ExecutionStarter(
                drops=self.drops,
                groups=self.groups,
                pieces=PieceLists(ResultsBucket(self.aws.s3, RESULTS)),
                executions=self.executions,
                state_machine_arn=self.machine,
            ),
            reader=BlockReader(self.aws.s3, sleep=SimulatedIo().sleep),
            max_file_bytes=self.max_file_bytes,
            share_max_bytes=self.share_max_bytes,
            measure=self.measured,
        )

    def receive(self, *events: dict[str, Any]) -> set[str]:
        """Delivers the drops of events together; the ids of those to be delivered again."""
        found = [
            drop_from_event(
                ObjectCreated.from_event(event), s3=self.aws.s3, default_topic=self.default_topic
            )
            for event in events
        ]
        return self.receiver.receive([drop for drop in found if drop is not None])

    def names(self) -> list[str]:
        listed = stepfunctions().list_executions(stateMachineArn=self.machine)["executions"]
        return [each["name"] for each in listed]

    def inputs(self) -> list[dict[str, Any]]:
        listed = stepfunctions().list_executions(stateMachineArn=self.machine)["executions"]
        arns = [each["executionArn"] for each in listed]
        described = [stepfunctions().describe_execution(executionArn=arn) for arn in arns]
        return [json.loads(each["input"]) for each in described]

    def started(self) -> list[Execution]:
        """The executions of one drop in one part, or in none."""
        return [Execution.from_state(given) for given in self.inputs()]


@pytest.fixture
def fixture() -> Iterator[ReceiveFixture]:
    with cloud() as aws:
        yield ReceiveFixture(aws)


def an_event(
    key: str = "anzsco/jobs.jsonl",
    size: int = 10,
    *,
    version_id: str | None = "v1",
    etag: str | None = "ab12",
) -> dict[str, Any]:
    """As S3 sends it to EventBridge: the key is not URL-encoded."""
    described = {"key": key, "size": size, "etag": etag, "version-id": version_id}
    return {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "account": "123456789012",
        "time": "2026-11-21T12:00:00Z",
        "detail": {
            "version": "0",
            "bucket": {"name": DROPS},
            "object": {k: v for k, v in described.items() if v is not None},
            "reason": "PutObject",
        },
    }


@pytest.mark.parametrize(
    "key",
    [
        "anzsco/jobs.jsonl",
        "anzsco/a b+c%20d%zz.jsonl",
        "anzsco/職業/ä'\"<&>\n.jsonl",
        "anzsco//double.jsonl",
    ],
)
def should_start_one_part_of_one_segment_when_a_file_is_dropped(
    fixture: ReceiveFixture, key: str
) -> None:
    fixture.receive(an_event(key))
    (execution,) = fixture.started()
    (drop,), (part,) = execution.drops, execution.parts
    (segment,) = part.segments
    drop_id = identity.drop_id(DROPS, key, "v1")
    assert (drop.drop_id, drop.key, drop.version_id, drop.etag) == (drop_id, key, "v1", "ab12")
    assert drop.results_prefix == segment.results_prefix == f"{key}/{drop_id}/"
    assert (part.topic, part.model, part.bytes) == ("anzsco", None, 10)
    assert (segment.first_byte, segment.last_byte, segment.key) == (0, 9, key)
    assert drop.dropped_at == "2026-11-21T12:00:00.000Z"
    assert fixture.measured.total("DropsAccepted") == 1


def should_run_once_when_the_event_is_delivered_twice(fixture: ReceiveFixture) -> None:
    assert fixture.receive(an_event()) == fixture.receive(an_event(), an_event()) == set()
    assert len(fixture.started()) == 1
    assert fixture.measured.total("DropsAccepted") == 1


def should_code_the_first_preparation_when_a_drop_was_prepared_twice(
    fixture: ReceiveFixture,
) -> None:
    created = ObjectCreated.from_event(an_event())
    drop = drop_from_event(created, s3=fixture.aws.s3, default_topic=None)
    assert drop is not None
    first, second = (
        replace(
            drop,
            prepared=StoredObject(
                bucket="prepared", key=f"{attempt}.jsonl", version_id="v1", etag="e", size=size
            ),
        )
        for attempt, size in (("a", 40), ("b", 80))
    )
    fixture.drops.accept(first)  # and the function died
    fixture.receiver.receive([second])
    (execution,) = fixture.started()
    assert execution.parts[0].bytes == 40
    assert execution.parts[0].segments[0].key == "a.jsonl"


def should_run_again_when_the_key_has_a_new_version(fixture: ReceiveFixture) -> None:
    fixture.receive(an_event())
    fixture.receive(an_event(version_id="v2"))
    assert len(fixture.started()) == 2


class Dying:
    """Step Functions for a function that dies in the call."""

    def start_execution(self, **_: Any) -> None:
        raise KeyboardInterrupt


def should_start_the_execution_when_the_function_died_between_ledger_and_start(
    fixture: ReceiveFixture,
) -> None:
    fixture.executions = Dying()
    with pytest.raises(KeyboardInterrupt):
        fixture.receive(an_event())
    assert fixture.inputs() == []
    fixture.executions = stepfunctions()
    fixture.receive(an_event())
    assert [each.drops[0].key for each in fixture.started()] == ["anzsco/jobs.jsonl"]
    item = fixture.aws.ledger.get(f"drop#{fixture.started()[0].drops[0].drop_id}", "drop")
    assert item is not None
    assert fixture.names() == [item["execution"]]


def should_pass_over_folder_markers_when_consoles_make_them(fixture: ReceiveFixture) -> None:
    assert fixture.receive(an_event("anzsco/", 0), an_event("anzsco/models/", 0)) == set()
    assert fixture.started() == []


@pytest.mark.parametrize(
    ("key", "size", "reason"),
    [
        ("anzsco/empty.jsonl", 0, "empty"),
        ("no-topic.jsonl", 10, "topic"),
        ("anzsco/models/latest/x.jsonl", 10, "model"),
    ],
)
def should_start_an_execution_without_a_part_when_a_drop_is_rejected_on_receipt(
    fixture: ReceiveFixture, key: str, size: int, reason: str
) -> None:
    fixture.receive(an_event(key, size))
    (execution,) = fixture.started()
    assert execution.parts == ()
    rejection = execution.drops[0].rejection
    assert rejection is not None
    assert reason in rejection.reason
    assert rejection.next_step


def should_take_a_file_of_exactly_the_limit(fixture: ReceiveFixture) -> None:
    fixture.receive(an_event(size=1000))
    assert fixture.started()[0].parts[0].bytes == 1000


def should_use_the_default_topic_when_the_key_names_none(fixture: ReceiveFixture) -> None:
    fixture.default_topic = "osca"
    fixture.receive(an_event("jobs.jsonl"))
    (execution,) = fixture.started()
    assert execution.parts[0].topic == "osca"
    assert execution.drops[0].results_prefix.startswith("osca/jobs.jsonl/")


def should_ask_s3_when_the_event_lacks_version_and_etag(fixture: ReceiveFixture) -> None:
    segment = fixture.aws.segment("anzsco/ä b+%.jsonl", b"12345")
    fixture.receive(an_event(segment.key, 0, version_id=None, etag=None))
    (execution,) = fixture.started()
    drop = execution.drops[0]
    assert (drop.version_id, drop.etag, drop.size) == (segment.version_id, segment.etag, 5)


def should_ask_for_the_very_version_when_only_the_etag_is_missing(fixture: ReceiveFixture) -> None:
    first = fixture.aws.segment("anzsco/a", b"12345")
    fixture.aws.segment("anzsco/a", b"other")
    fixture.receive(an_event("anzsco/a", 5, version_id=first.version_id, etag=None))
    assert fixture.started()[0].drops[0].etag == first.etag


def should_start_nothing_when_the_object_is_gone_before_it_could_be_identified(
    fixture: ReceiveFixture,
) -> None:
    assert fixture.receive(an_event("anzsco/gone", version_id=None)) == set()
    assert fixture.started() == []


@pytest.mark.parametrize("event", [{}, {"detail": None}, {"detail": {"object": {"key": "k"}}}])
def should_name_what_is_wrong_when_the_event_is_not_of_s3(event: dict[str, Any]) -> None:
    with pytest.raises(MalformedState, match="Object Created"):
        ObjectCreated.from_event(event)


def should_be_wired_from_the_environment_when_the_function_starts() -> None:
    arn = "arn:aws:states:ap-southeast-2:1:stateMachine:drop"
    settings = Environment.read({**VARIABLES, "STATE_MACHINE_ARN": arn})
    with pytest.raises(SettingInvalid, match="STATE_MACHINE_ARN"):
        receiver(Dependencies(Environment.read(VARIABLES), Clock()))
    with cloud() as aws:
        deps = Dependencies(settings, Clock())
        deps.__dict__.update(s3=aws.s3, executions=stepfunctions(), ledger=aws.ledger)
        wired = receiver(deps)
    assert wired.starter.state_machine_arn == arn
    assert wired.max_file_bytes == 5_000_000_000
    assert wired.share_max_bytes == 32 << 20


def small_events(count: int, *, topic: str = "anzsco") -> list[dict[str, Any]]:
    return [an_event(f"{topic}/{number}.jsonl", 10) for number in range(count)]


@pytest.fixture
def sharing(fixture: ReceiveFixture) -> ReceiveFixture:
    fixture.share_max_bytes = 1000
    return fixture


def should_start_one_execution_of_one_part_when_small_files_come_together(
    sharing: ReceiveFixture,
) -> None:
    sharing.receive(*small_events(3))
    (given,) = sharing.inputs()
    assert [drop["key"] for drop in given["drops"]] == [f"anzsco/{n}.jsonl" for n in range(3)]
    (part,) = given["parts"]
    assert [each["drop_id"] for each in part["segments"]] == [d["drop_id"] for d in given["drops"]]
    assert part["bytes"] == 30
    assert sharing.measured.total("DropsAccepted") == 3


def should_keep_apart_what_has_another_topic_or_model_or_is_refused_or_large(
    sharing: ReceiveFixture,
) -> None:
    sharing.receive(
        *small_events(2),
        *small_events(2, topic="osca"),
        an_event("anzsco/models/5f3c9f0e-1111-4222-8333-000000000000/a.jsonl", 10),
        an_event("anzsco/large.jsonl", 1000),
        an_event("nowhere.jsonl", 10),
    )
    sizes = sorted(len(given["drops"]) for given in sharing.inputs())
    assert sizes == [1, 1, 1, 2, 2]


def should_start_each_drop_once_when_the_batch_is_delivered_again(sharing: ReceiveFixture) -> None:
    sharing.receive(*small_events(3))
    sharing.receive(*small_events(3))
    sharing.receive(*small_events(5))
    assert sorted(len(given["drops"]) for given in sharing.inputs()) == [2, 3]


def should_start_the_ready_execution_when_the_function_died_before_it_could(
    sharing: ReceiveFixture,
) -> None:
    sharing.executions = Dying()
    with pytest.raises(KeyboardInterrupt):
        sharing.receive(*small_events(3))
    sharing.executions = stepfunctions()
    sharing.receive(*small_events(2))  # delivered again in another group
    (given,) = sharing.inputs()
    assert len(given["drops"]) == 3


def should_group_anew_when_the_function_died_before_the_group_was_ready(
    sharing: ReceiveFixture,
) -> None:
    class DyingBeforeReady(ExecutionGroups):
        __slots__ = ()

        def make_ready(self, *_: Any) -> bool:
            raise KeyboardInterrupt

    dying = sharing.receiver.starter
    object.__setattr__(dying, "groups", DyingBeforeReady(sharing.aws.ledger, SimulatedIo().clock))
    found = [
        drop_from_event(ObjectCreated.from_event(event), s3=sharing.aws.s3, default_topic=None)
        for event in small_events(3)
    ]
    drops = [drop for drop in found if drop is not None]
    for drop in drops:
        sharing.drops.accept(drop)
    with pytest.raises(KeyboardInterrupt):
        dying.start_shared(drops, by=GroupedBy.RECEIVE)
    sharing.receive(*small_events(3))
    (given,) = sharing.inputs()
    assert len(given["drops"]) == 3
    cancelled = sharing.groups.read(shared_name(drops))
    assert cancelled is not None
    assert cancelled.state is GroupState.CANCELLED
    assert sharing.names() == [f"{shared_name(drops)}-2"]


def should_ask_for_the_rest_again_when_a_group_fails(sharing: ReceiveFixture) -> None:
    class OutOfOrder:
        def start_execution(self, **_: Any) -> None:
            raise RuntimeError("no way")

    sharing.executions = OutOfOrder()
    failed = sharing.receive(*small_events(3))
    assert len(failed) == 3
    sharing.executions = stepfunctions()
    assert sharing.receive(*small_events(3)) == set()
    assert len(sharing.inputs()) == 1


@pytest.mark.slow
def should_hand_on_less_than_step_functions_takes_when_a_thousand_files_share(
    sharing: ReceiveFixture,
) -> None:
    sharing.share_max_bytes = 1 << 20
    long = [an_event(f"anzsco/{'ä' * 30}{number}.jsonl", 10) for number in range(1000)]
    sharing.receive(*long)
    given = sharing.inputs()
    assert sum(len(each["drops"]) for each in given) == 1000
    assert len(given) <= 3
    assert max(len(json.dumps(each)) for each in given) < 262_144 * 0.8


def should_cut_a_large_file_at_line_ends_into_parts_of_their_own(fixture: ReceiveFixture) -> None:
    content = lines(100)
    fixture.aws.segment("anzsco/large.jsonl", content)
    segment = fixture.aws.segment("anzsco/large.jsonl", content)
    fixture.receive(
        an_event(segment.key, len(content), version_id=segment.version_id, etag=segment.etag)
    )
    (given,) = fixture.inputs()
    parts = listed_pieces(fixture, given)
    assert [part["piece"] for part in parts] == list(range(1, len(parts) + 1))
    assert len(parts) == -(-len(content) // 1000)
    assert sum(part["bytes"] for part in parts) == len(content)
    for part in parts:
        (piece,) = part["segments"]
        assert content[piece["last_byte"] : piece["last_byte"] + 1] == b"\n"
        assert part["bytes"] <= 1000


def listed_pieces(fixture: ReceiveFixture, given: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts in the list that an input names instead of them."""
    assert given["outcomes"] == []
    assert (given["parts"]["bucket"], given["parts"]["key"][: len(PIECES)]) == (RESULTS, PIECES)
    parts: list[dict[str, Any]] = json.loads(fixture.aws.result(given["parts"]["key"]))
    assert len(parts) == given["parts"]["count"]
    return parts


def should_keep_the_list_that_an_execution_reads_when_the_file_is_cut_otherwise_later(
    fixture: ReceiveFixture,
) -> None:
    content = lines(100)
    segment = fixture.aws.segment("anzsco/large.jsonl", content)
    event = an_event(segment.key, len(content), version_id=segment.version_id, etag=segment.etag)
    fixture.receive(event)
    (given,) = fixture.inputs()
    before = listed_pieces(fixture, given)
    fixture.max_file_bytes = 700
    fixture.receive(event)
    assert fixture.inputs() == [given]
    assert listed_pieces(fixture, given) == before


def should_reject_a_large_file_when_it_has_no_line_ends(fixture: ReceiveFixture) -> None:
    segment = fixture.aws.segment("anzsco/large.jsonl", b"x" * 5000)
    fixture.receive(an_event(segment.key, 5000, version_id=segment.version_id, etag=segment.etag))
    (execution,) = fixture.started()
    assert execution.parts == ()
    assert execution.drops[0].rejection is not None


def should_name_the_messages_that_can_not_be_read() -> None:
    good = {"messageId": "1", "body": json.dumps(ReadyDrops((a_drop(), a_drop())).to_state())}
    alone = {"messageId": "4", "body": json.dumps(a_drop().to_state())}  # as sent before
    messages, unreadable = read_messages(
        [good, {"messageId": "2", "body": "no JSON"}, {"messageId": "3", "body": "{}"}, alone]
    )
    assert messages == {"1": (a_drop(), a_drop()), "4": (a_drop(),)}
    assert unreadable == ["2", "3"]
