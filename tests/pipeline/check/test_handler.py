from collections.abc import Iterator
from dataclasses import replace

import pytest

from pipeline.check.handler import Checking
from pipeline.domain.execution import TaskInput
from pipeline.domain.progress import PartStatus, Progress
from pipeline.domain.state_fields import MalformedState
from pipeline.engines.base import Engine
from pipeline.errors import ServiceBusy, ServiceRefused
from pipeline.ledger.table import Ledger
from pipeline.rate_limit.polling import CallLoad
from protocol.errors import ServiceAnswer
from protocol.statuses import OperationStatus
from tests.support.pipeline.builders import (
    NOON,
    SimulatedIo,
    a_polling,
    a_ticket,
    an_engine,
    an_operation_request,
    unlimited,
)
from tests.support.pipeline.clouds import cloud
from tests.support.pipeline.memory_service import TOPIC, URL_CANARY, MemoryService

UPLOADED = "2026-11-21T12:00:00.000Z"  # noon, when the clock starts


class World:
    def __init__(self, ledger: Ledger) -> None:
        self.io = SimulatedIo()
        self.memory = MemoryService(codes_at_once=False)
        self.engine = unlimited(an_engine(self.memory, ledger, self.io))
        self.operation_id = self.engine.open(an_operation_request()).operation_id
        self.checking = Checking(
            engine_of=self.engine_of,
            polling=a_polling(),
            clock=self.io.clock,
            max_attempts=3,
        )
        self.io.time = NOON + 1000

    def engine_of(self, topic: str) -> Engine:
        assert topic == TOPIC
        return self.engine

    def now(self, status: OperationStatus) -> None:
        self.memory.operations[self.operation_id].status = status

    def task(self, attempt: int = 1) -> TaskInput:
        return a_ticket(
            PartStatus.AWAITING_INPUT,
            operation_id=self.operation_id,
            attempt=attempt,
            polls=4,
            uploaded_at=UPLOADED,
        )


def asked(task: TaskInput) -> tuple[str, Progress]:
    return task.part.topic, task.progress


@pytest.fixture
def world() -> Iterator[World]:
    with cloud() as aws:
        yield World(aws.ledger)


@pytest.mark.parametrize("status", [OperationStatus.AWAITING_INPUT, OperationStatus.IN_PROGRESS])
def should_wait_in_proportion_to_the_time_since_the_upload_when_it_is_pending(
    world: World, status: OperationStatus
) -> None:
    world.now(status)
    progress = world.checking.check(*asked(world.task()))
    assert progress == replace(
        world.task().progress, status=PartStatus(status.value), polls=5, wait_seconds=100
    )


def should_wait_longer_when_the_days_calls_get_scarce(world: World) -> None:
    world.now(OperationStatus.IN_PROGRESS)
    world.engine = replace(world.engine, seen=CallLoad(quota_left=0.05))
    assert world.checking.check(*asked(world.task())).wait_seconds == 400


def should_wait_for_the_others_to_be_asked_when_many_operations_are_under_way(
    world: World,
) -> None:
    world.now(OperationStatus.IN_PROGRESS)
    world.engine = replace(world.engine, seen=CallLoad(round_seconds=300))
    assert world.checking.check(*asked(world.task())).wait_seconds == 300


def should_hand_on_no_url_when_the_operation_is_complete(world: World) -> None:
    world.memory.finish(world.operation_id)
    progress = world.checking.check(*asked(world.task()))
    assert progress.status is PartStatus.COMPLETE
    assert URL_CANARY not in str(progress.to_state())


def should_give_the_services_reason_without_secrets_when_the_operation_failed(
    world: World,
) -> None:
    world.memory.fail(world.operation_id, f"line 7 of https://b/k?X-Amz-Signature={URL_CANARY}")
    progress = world.checking.check(*asked(world.task()))
    assert progress.status is PartStatus.FAILED
    assert progress.reason is not None
    assert progress.reason.startswith("line 7 of")
    assert URL_CANARY not in progress.reason


@pytest.mark.parametrize(("attempt", "again"), [(1, True), (2, True), (3, False)])
def should_try_again_only_while_attempts_are_left_when_the_operation_timed_out(
    world: World, attempt: int, again: bool
) -> None:
    world.memory.time_out(world.operation_id)
    progress = world.checking.check(*asked(world.task(attempt)))
    assert (progress.status, progress.resubmit) == (PartStatus.TIMED_OUT, again)


@pytest.mark.parametrize("status", OperationStatus)
def should_tell_the_end_of_an_operation_when_it_needs_no_more_checks(
    world: World, status: OperationStatus
) -> None:
    world.now(status)
    world.checking.check(*asked(world.task()))
    pending = status in (OperationStatus.AWAITING_INPUT, OperationStatus.IN_PROGRESS)
    assert world.engine.heard == ([] if pending else [NOON])


def should_keep_everything_and_count_no_poll_when_no_call_is_free(world: World) -> None:
    limiter = world.engine.client.limiter
    limiter.slow_down()
    progress = world.checking.check(*asked(world.task()))
    waiting = world.task().progress.awaiting_slot(progress.wait_seconds, "checks-1")
    assert progress == waiting
    assert progress.wait_seconds >= 2
    world.io.time += progress.wait_seconds
    assert world.checking.check(*asked(TaskInput(world.task().part, progress))).polls == 5


def should_raise_what_the_state_machine_knows_when_the_service_refuses(world: World) -> None:
    world.memory.refuse_next("operations", ServiceAnswer.INTERNAL)
    with pytest.raises(ServiceBusy):
        world.checking.check(*asked(world.task()))
    world.memory.refuse_next("operations", ServiceAnswer.OPERATION_UNKNOWN)
    with pytest.raises(ServiceRefused):
        world.checking.check(*asked(world.task()))


def should_refuse_a_ticket_when_it_names_no_operation(world: World) -> None:
    with pytest.raises(MalformedState, match="operation_id"):
        world.checking.check(*asked(a_ticket()))
