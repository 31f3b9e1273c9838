"""Events as EventBridge delivers them, to executions in moto."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from pipeline.clock import Clock
from pipeline.collaborators import Collaborators
from pipeline.drops import Drops, DropState
from pipeline.environment import Environment
from pipeline.errors import SettingInvalid
from pipeline.intake import Arrival, Intake
from pipeline.receive import intake
from pipeline.states import Execution, MalformedState
from tests.pipeline.builders import VARIABLES, Hands, Measured
from tests.pipeline.clouds import DROPS, REGION, Cloud, cloud

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

DEFINITION = '{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9, "End": true}}}'
ROLE = "arn:aws:iam::123456789012:role/drop"


@cache
def stepfunctions() -> "SFNClient":
    return boto3.client(
        "stepfunctions",
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


class World:
    def __init__(self, aws: Cloud) -> None:
        self.aws = aws
        self.measured = Measured()
        self.executions = stepfunctions()
        self.machine = self.executions.create_state_machine(
            name="drop", definition=DEFINITION, roleArn=ROLE
        )["stateMachineArn"]
        self.intake = Intake(
            s3=aws.s3,
            executions=self.executions,
            drops=Drops(aws.ledger, Hands().clock),
            measure=self.measured,
            state_machine_arn=self.machine,
            default_topic=None,
            max_file_bytes=1000,
        )

    def receive(self, event: dict[str, Any]) -> str | None:
        return self.intake.accept(Arrival.from_event(event))

    def started(self) -> list[Execution]:
        listed = self.executions.list_executions(stateMachineArn=self.machine)["executions"]
        arns = [each["executionArn"] for each in listed]
        described = [self.executions.describe_execution(executionArn=arn) for arn in arns]
        return [Execution.from_state(json.loads(each["input"])) for each in described]


@pytest.fixture
def world() -> Iterator[World]:
    with cloud() as aws:
        yield World(aws)


def an_event(
    key: str = "anzsco/jobs.jsonl",
    size: int = 10,
    *,
    version_id: str | None = "v1",
    etag: str | None = "ab12",
) -> dict[str, Any]:
    """As S3 tells EventBridge: the key is not URL-encoded."""
    described = {"key": key, "size": size, "etag": etag, "version-id": version_id}
    return {
        "source": "aws.s3",
        "detail-type": "Object Created",
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
def should_start_one_part_of_one_segment_when_a_file_is_dropped(world: World, key: str) -> None:
    drop_id = world.receive(an_event(key))
    (execution,) = world.started()
    (drop,), (part,) = execution.drops, execution.parts
    (segment,) = part.segments
    assert (drop.drop_id, drop.key, drop.version_id, drop.etag) == (drop_id, key, "v1", "ab12")
    assert drop.results_prefix == segment.results_prefix == f"{key}/{drop_id}/"
    assert (part.topic, part.model, part.bytes) == ("anzsco", None, 10)
    assert (segment.first_byte, segment.last_byte, segment.key) == (0, 9, key)
    assert drop.dropped_at == "2026-11-21T12:00:00.000Z"
    assert world.measured.total("DropsAccepted") == 1


def should_run_once_when_the_event_is_delivered_twice(world: World) -> None:
    assert world.receive(an_event()) == world.receive(an_event())
    assert len(world.started()) == 1
    assert world.measured.total("DropsAccepted") == 1


def should_run_again_when_the_key_has_a_new_version(world: World) -> None:
    first = world.receive(an_event())
    second = world.receive(an_event(version_id="v2"))
    assert first != second
    assert len(world.started()) == 2


def should_start_the_execution_when_the_function_died_between_ledger_and_start(
    world: World,
) -> None:
    class Dying:
        def start_execution(self, **_: Any) -> None:
            raise KeyboardInterrupt

    dying = replace(world.intake, executions=Dying())  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        dying.accept(Arrival.from_event(an_event()))
    assert world.started() == []
    drop_id = world.receive(an_event())
    assert [each.drops[0].drop_id for each in world.started()] == [drop_id]


def should_take_the_execution_for_started_when_step_functions_knows_its_name(
    world: World,
) -> None:
    class Forgetful(Drops):
        """Dies after the start, before it is written down."""

        __slots__ = ()

        def started(self, drop_id: str, execution: str) -> None:
            raise KeyboardInterrupt

    dying = replace(world.intake, drops=Forgetful(world.aws.ledger, Hands().clock))
    with pytest.raises(KeyboardInterrupt):
        dying.accept(Arrival.from_event(an_event()))
    drop_id = world.receive(an_event())
    assert len(world.started()) == 1
    assert drop_id is not None
    record = world.intake.drops.record(drop_id)
    assert record is not None
    assert record.state is DropState.STARTED
    item = world.aws.ledger.get(f"drop#{drop_id}", "drop")
    assert item is not None
    listed = world.executions.list_executions(stateMachineArn=world.machine)["executions"]
    assert item["execution"] == listed[0]["executionArn"]


def should_pass_over_folder_markers_when_consoles_make_them(world: World) -> None:
    assert world.receive(an_event("anzsco/", 0)) is None
    assert world.receive(an_event("anzsco/models/", 0)) is None
    assert world.started() == []


@pytest.mark.parametrize(
    ("key", "size", "reason"),
    [
        ("anzsco/empty.jsonl", 0, "empty"),
        ("anzsco/huge.jsonl", 1001, "1,001 bytes; at most 1,000"),
        ("no-topic.jsonl", 10, "topic"),
        ("anzsco/models/latest/x.jsonl", 10, "model"),
    ],
)
def should_send_it_on_to_be_told_without_a_part_when_a_drop_is_refused_at_the_door(
    world: World, key: str, size: int, reason: str
) -> None:
    world.receive(an_event(key, size))
    (execution,) = world.started()
    assert execution.parts == ()
    rejection = execution.drops[0].rejection
    assert rejection is not None
    assert reason in rejection.reason
    assert rejection.next_step


def should_take_a_file_of_exactly_the_limit(world: World) -> None:
    world.receive(an_event(size=1000))
    assert world.started()[0].parts[0].bytes == 1000


def should_use_the_default_topic_when_the_key_names_none(world: World) -> None:
    world.intake = replace(world.intake, default_topic="osca")
    world.receive(an_event("jobs.jsonl"))
    (execution,) = world.started()
    assert execution.parts[0].topic == "osca"
    assert execution.drops[0].results_prefix.startswith("osca/jobs.jsonl/")


def should_ask_s3_when_the_event_lacks_version_and_etag(world: World) -> None:
    segment = world.aws.segment("anzsco/ä b+%.jsonl", b"12345")
    world.receive(an_event(segment.key, 0, version_id=None, etag=None))
    (execution,) = world.started()
    drop = execution.drops[0]
    assert (drop.version_id, drop.etag, drop.size) == (segment.version_id, segment.etag, 5)


def should_ask_for_the_very_version_when_only_the_etag_is_missing(world: World) -> None:
    first = world.aws.segment("anzsco/a", b"12345")
    world.aws.segment("anzsco/a", b"other")
    world.receive(an_event("anzsco/a", 5, version_id=first.version_id, etag=None))
    assert world.started()[0].drops[0].etag == first.etag


def should_start_nothing_when_the_object_is_gone_before_it_could_be_identified(
    world: World,
) -> None:
    assert world.receive(an_event("anzsco/gone", version_id=None)) is None
    assert world.started() == []


@pytest.mark.parametrize("event", [{}, {"detail": None}, {"detail": {"object": {"key": "k"}}}])
def should_name_what_is_wrong_when_the_event_is_not_of_s3(event: dict[str, Any]) -> None:
    with pytest.raises(MalformedState, match="Object Created"):
        Arrival.from_event(event)


def should_be_wired_from_the_environment_when_the_function_starts() -> None:
    arn = "arn:aws:states:ap-southeast-2:1:stateMachine:drop"
    settings = Environment.read({**VARIABLES, "STATE_MACHINE_ARN": arn, "DEFAULT_TOPIC": "osca"})
    with pytest.raises(SettingInvalid, match="STATE_MACHINE_ARN"):
        intake(Collaborators(Environment.read(VARIABLES), Clock()))
    with cloud() as aws:
        found = Collaborators(settings, Clock())
        found.__dict__.update(s3=aws.s3, executions=stepfunctions(), ledger=aws.ledger)
        wired = intake(found)
    assert (wired.state_machine_arn, wired.default_topic) == (arn, "osca")
    assert wired.max_file_bytes == 5_000_000_000
