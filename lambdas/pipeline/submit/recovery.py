"""What an earlier invocation left of a part, settled before anything is repeated.

| the ledger says | what can be true | so |
|---|---|---|
| creating | an operation may exist that nobody knows | it gets no input and times out; try anew |
| created, uploading | no last byte was sent | the status is asked, then a new operation |
| closing | the last byte may have arrived | the operation's status decides |
| uploaded | the service has the input | go on with it |
"""

from dataclasses import dataclass

from pipeline.clock import Clock, parsed
from pipeline.domain.execution import TaskInput
from pipeline.domain.progress import PartStatus
from pipeline.engines.base import Engine
from pipeline.ledger.parts import AttemptState, PartLease
from protocol.statuses import OperationStatus

ARRIVAL_SECONDS = 120  # ours: an upload whose answer was lost is visible by then, or never
ASK_AGAIN_SECONDS = 20  # ours
HAS_INPUT = (OperationStatus.IN_PROGRESS, OperationStatus.COMPLETE, OperationStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Settling:
    """Settles the claimed part. Afterwards its state is `idle` or `uploaded`, unless it waits."""

    lease: PartLease
    engine: Engine
    clock: Clock

    def settle(self, task: TaskInput) -> int | None:
        """None, or the seconds after which to ask again. Raises as `engine.settle` does."""
        lease, progress = self.lease, task.progress
        record = lease.record
        if record.state is AttemptState.IDLE:
            return None
        if record.operation_id is None:
            lease.abandon("the answer to the create call is unknown")
        elif (
            progress.status is PartStatus.TIMED_OUT and progress.operation_id == record.operation_id
        ):
            lease.abandon("the service says that it timed out", seen_to_end=True)
        elif record.state is not AttemptState.UPLOADED:
            return self._ask(task, record.operation_id)
        return None

    def _ask(self, task: TaskInput, operation_id: str) -> int | None:
        record = self.lease.record
        state = self.engine.recover(task.part.topic, operation_id, turn=task.progress.turn)
        status = state.status
        if status in HAS_INPUT and record.input is not None:
            self.lease.uploaded(record.input)
        elif status is OperationStatus.AWAITING_INPUT and self._may_still_arrive():
            return ASK_AGAIN_SECONDS
        else:
            self.lease.abandon(f"left unfinished; the service says {status}")
        return None

    def _may_still_arrive(self) -> bool:
        record = self.lease.record
        if record.state is not AttemptState.CLOSING or record.closing_at is None:
            return False
        age = self.clock.now() - parsed(record.closing_at)
        return age.total_seconds() < ARRIVAL_SECONDS
