from collections.abc import Iterator
from dataclasses import replace

import pytest

from pipeline.check.handler import check
from pipeline.domain.execution import TaskInput
from pipeline.domain.progress import PartStatus, Progress
from pipeline.domain.state_fields import MalformedState
from pipeline.errors import ServiceBusy, ServiceRefused
from pipeline.ledger.table import Ledger
from pipeline.rate_limit.polling import CallLoad
from protocol.errors import ServiceAnswer
from protocol.statuses import OperationStatus
from tests.support.pipeline.builders import (
    NOON,
    SimulatedIo,
    a_polling,
    a_task,
    an_engine,
    an_operation_request,
    unlimited,
)
from tests.support.pipeline.clouds import cloud
from tests.support.pipeline.memory_service import URL_CANARY, MemoryService

UPLOADED = "2026-11-21T12:00:00.000Z"  # noon, when the clock starts


class Bench:
    def __init__(self, ledger: Ledger) -> None:
        self.io = SimulatedIo()
        self.memory = MemoryService(codes_at_once=False)
        self.engine = unlimited(an_engine(self.memory, ledger, self.io))
        self.operation_id = self.engine.open(an_operation_request()).operation_id
        self.io.time = NOON + 1000

    def now(self, status: OperationStatus) -> None:
        self.memory.operations[self.operation_id].status = status

    def task(self, attempt: int = 1) -> TaskInput:
        return a_task(
            PartStatus.AWAITING_INPUT,
            operation_id=self.operation_id,
            attempt=attempt,
            polls=4,
            uploaded_at=UPLOADED,
        )

    def check(self, task: TaskInput | None = None) -> Progress:
        task = task or self.task()
        return check(
            task.part.topic,
            task.progress,
            engine=self.engine,
            polling=a_polling(),
            clock=self.io.clock,
            max_attempts=3,
        )


@pytest.fixture
def bench() -> Iterator[Bench]:
    with cloud() as aws:
        yield Bench(aws.ledger)


@pytest.mark.parametrize("status", [OperationStatus.AWAITING_INPUT, OperationStatus.IN_PROGRESS])
def should_wait_in_proportion_to_the_time_since_the_upload_when_it_is_pending(
    bench: Bench, status: OperationStatus
) -> None:
    bench.now(status)
    progress = bench.check()
    assert progress == replace(
        bench.task().progress, status=PartStatus(status.value), polls=5, wait_seconds=100
    )


def should_wait_longer_when_the_days_calls_get_scarce(bench: Bench) -> None:
    bench.now(OperationStatus.IN_PROGRESS)
    bench.engine = replace(bench.engine, seen=CallLoad(quota_left=0.05))
    assert bench.check().wait_seconds == 400


def should_wait_for_the_others_to_be_asked_when_many_operations_are_under_way(
    bench: Bench,
) -> None:
    bench.now(OperationStatus.IN_PROGRESS)
    bench.engine = replace(bench.engine, seen=CallLoad(round_seconds=300))
    assert bench.check().wait_seconds == 300


def should_hand_on_no_url_when_the_operation_is_complete(bench: Bench) -> None:
    bench.memory.finish(bench.operation_id)
    progress = bench.check()
    assert progress.status is PartStatus.COMPLETE
    assert URL_CANARY not in str(progress.to_state())


def should_give_the_services_reason_without_secrets_when_the_operation_failed(
    bench: Bench,
) -> None:
    bench.memory.fail(bench.operation_id, f"line 7 of https://b/k?X-Amz-Signature={URL_CANARY}")
    progress = bench.check()
    assert progress.status is PartStatus.FAILED
    assert progress.reason is not None
    assert progress.reason.startswith("line 7 of")
    assert URL_CANARY not in progress.reason


@pytest.mark.parametrize(("attempt", "again"), [(1, True), (2, True), (3, False)])
def should_try_again_only_while_attempts_are_left_when_the_operation_timed_out(
    bench: Bench, attempt: int, again: bool
) -> None:
    bench.memory.time_out(bench.operation_id)
    progress = bench.check(bench.task(attempt))
    assert (progress.status, progress.resubmit) == (PartStatus.TIMED_OUT, again)


@pytest.mark.parametrize("status", OperationStatus)
def should_release_an_operations_calls_when_it_needs_no_more_checks(
    bench: Bench, status: OperationStatus
) -> None:
    bench.now(status)
    bench.check()
    pending = status in (OperationStatus.AWAITING_INPUT, OperationStatus.IN_PROGRESS)
    assert bench.engine.heard == ([] if pending else [NOON])


def should_keep_everything_and_count_no_poll_when_no_call_is_free(bench: Bench) -> None:
    limiter = bench.engine.client.limiter
    limiter.slow_down("said")
    progress = bench.check()
    waiting = bench.task().progress.awaiting_slot(progress.wait_seconds, "checks-1")
    assert progress == waiting
    assert progress.wait_seconds >= 2
    bench.io.time += progress.wait_seconds
    assert bench.check(replace(bench.task(), progress=progress)).polls == 5


def should_raise_what_the_state_machine_knows_when_the_service_refuses(bench: Bench) -> None:
    bench.memory.refuse_next("operations", ServiceAnswer.INTERNAL)
    with pytest.raises(ServiceBusy):
        bench.check()
    bench.memory.refuse_next("operations", ServiceAnswer.OPERATION_UNKNOWN)
    with pytest.raises(ServiceRefused):
        bench.check()


def should_refuse_a_task_when_it_names_no_operation(bench: Bench) -> None:
    with pytest.raises(MalformedState, match="operation_id"):
        bench.check(a_task())
