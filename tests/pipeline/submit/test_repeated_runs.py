"""A part is submitted by several invocations: one after a death, or beside each other."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from pipeline.domain.progress import PartStatus
from pipeline.engines.coding_service.http import HttpAnswer
from pipeline.errors import PartTaken, ServiceBusy, StorageBusy
from pipeline.ledger.parts import Parts
from pipeline.ledger.table import Ledger
from protocol.statuses import OperationStatus
from tests.support.pipeline.builders import an_operation_request, lines
from tests.support.pipeline.memory_service import StorageFault
from tests.support.pipeline.submit_bench import Bench, Died


def should_refuse_to_work_beside_another_invocation(bench: Bench) -> None:
    part = bench.part(lines(2))
    with (
        bench.parts.lease(part.part_id, owner="other", seconds=60),
        pytest.raises(PartTaken),
    ):
        bench.submit(part)
    assert bench.memory.operations == {}


def should_go_on_with_the_same_operation_when_the_answer_of_the_first_run_was_lost(
    bench: Bench,
) -> None:
    part = bench.part(lines(2))
    first = bench.submit(part)

    again = bench.submit(part, owner="second")

    assert again == first
    assert len(bench.memory.operations) == 1


def should_try_a_new_operation_when_the_first_has_timed_out(bench: Bench) -> None:
    part = bench.part(lines(2))
    first = bench.submit(part)
    bench.memory.time_out(first.operation_id or "")

    progress = bench.submit(part, replace(first, status=PartStatus.TIMED_OUT, resubmit=True))

    assert progress.attempt == 2
    assert progress.operation_id != first.operation_id


def should_submit_once_more_only_when_a_timed_out_step_is_repeated(bench: Bench) -> None:
    part = bench.part(lines(2))
    timed_out = replace(bench.submit(part), status=PartStatus.TIMED_OUT, resubmit=True)

    second = bench.submit(part, timed_out)
    repeated = bench.submit(part, timed_out)

    assert repeated.operation_id == second.operation_id
    assert len(bench.memory.operations) == 2


@dataclass
class DyingTable:
    """The ledger's table; the process dies around the write of the `fatal` state."""

    table: Any
    fatal: str
    after: bool
    dead: bool = False

    def update_item(self, **request: Any) -> Any:
        if self.dead:
            raise Died  # a dead process writes nothing, its lease included
        values = request.get("ExpressionAttributeValues", {})
        if values.get(":set_state") != self.fatal:
            return self.table.update_item(**request)
        self.dead = True
        if self.after:
            self.table.update_item(**request)
        raise Died

    def __getattr__(self, name: str) -> Any:
        return getattr(self.table, name)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("fatal", ["creating", "created", "uploading", "closing", "uploaded"])
def should_let_one_operations_bytes_count_wherever_the_first_run_died(
    bench: Bench, fatal: str, after: bool
) -> None:
    part = bench.part(lines(100))
    table = DyingTable(bench.aws.ledger.table, fatal, after)
    dying = Parts(Ledger(table), bench.io.clock)  # type: ignore[arg-type]
    with pytest.raises(Died):
        bench.with_(parts=dying).submit(part, owner="dead")

    with pytest.raises(PartTaken):
        bench.submit(part, owner="early")
    bench.io.time += bench.seconds + 6
    progress = bench.submit_when_due(part, owner="second")

    assert bench.uploads() == [lines(100)]
    assert progress.operation_id == bench.memory.uploaded[0].operation_id
    record = bench.parts.record(part.part_id)
    assert record.operation_id == progress.operation_id
    assert record.input is not None
    assert record.input.records == 100


def should_adopt_the_upload_when_only_its_answer_was_lost(bench: Bench) -> None:
    part = bench.part(lines(100))
    bench.memory.storage_faults = [StorageFault("PUT", stored=True)]
    with pytest.raises(StorageBusy, match="status"):
        bench.submit(part)

    progress = bench.submit(part, owner="second")

    assert len(bench.memory.operations) == 1
    assert bench.uploads() == [lines(100)]
    assert progress.attempt == 1
    assert progress.uploaded_at is not None


def should_be_patient_and_then_try_anew_when_an_upload_may_still_arrive(bench: Bench) -> None:
    part = bench.part(lines(10))
    bench.memory.storage_faults = [StorageFault("PUT", after_bytes=10_000)]
    with pytest.raises(StorageBusy):
        bench.submit(part)

    waiting = bench.submit(part, owner="second")
    assert waiting.status is PartStatus.AWAITING_SLOT
    assert waiting.wait_seconds == 20
    assert len(bench.memory.operations) == 1

    bench.io.time += 120
    progress = bench.submit_when_due(part, waiting, owner="third")
    assert progress.attempt == 2
    assert bench.uploads() == [lines(10)]


def should_spend_a_new_attempt_when_the_answer_to_the_create_call_was_lost(bench: Bench) -> None:
    part = bench.part(lines(2))

    def lost() -> HttpAnswer:
        raise ServiceBusy("no answer")

    bench.memory.fail_next("batch-code", lost)
    with pytest.raises(ServiceBusy):
        bench.submit(part)

    assert bench.submit_when_due(part).attempt == 2
    assert len(bench.uploads()) == 1


def should_not_trust_a_status_that_claims_input_which_was_never_sent(bench: Bench) -> None:
    part = bench.part(lines(2))
    with bench.parts.lease(part.part_id, owner="dead", seconds=1) as lease:
        lease.begin()
        operation = bench.engine.open(an_operation_request())
        lease.created(operation.operation_id)
        lease.uploading()
    bench.memory.operations[operation.operation_id].status = OperationStatus.FAILED

    assert bench.submit_when_due(part).attempt == 2
