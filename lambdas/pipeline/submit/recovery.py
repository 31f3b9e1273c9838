"""What an earlier invocation left of a part, recovered before anything is repeated.

| the ledger says | what can be true | so |
|---|---|---|
| creating | an operation may exist that nobody knows | it gets no input and times out; try anew |
| created, uploading | no last byte was sent | the status is asked, then a new operation |
| closing | the last byte may have arrived | the operation's status decides |
| uploaded | the service has the input | go on with it |
"""

from pipeline.clock import Clock, parsed
from pipeline.domain.execution import TaskInput
from pipeline.domain.progress import PartStatus
from pipeline.engines.base import Engine
from pipeline.ledger.parts import AttemptState, PartLease, PartRecord
from protocol.statuses import OperationStatus

VISIBLE_AFTER_SECONDS = 120  # by then an upload whose answer was lost is seen, or never; ours
ASK_AGAIN_SECONDS = 20  # a few looks within that time; ours
HAS_INPUT = (OperationStatus.IN_PROGRESS, OperationStatus.COMPLETE, OperationStatus.FAILED)


def recover_attempt(
    task: TaskInput, *, lease: PartLease, engine: Engine, clock: Clock
) -> int | None:
    """Brings the leased part to the state `idle` or `uploaded`.

    Where that can't be said yet, gives the seconds after which to ask again. Raises as
    `engine.recover` does, and `PartTaken`.
    """
    record, progress = lease.record, task.progress
    if record.state is AttemptState.IDLE:
        return None
    if record.operation_id is None:
        lease.abandon("the answer to the create call is unknown")
    elif progress.status is PartStatus.TIMED_OUT and progress.operation_id == record.operation_id:
        lease.abandon("the service says that it timed out", seen_to_end=True)
    elif record.state is not AttemptState.UPLOADED:
        state = engine.recover(task.part.topic, record.operation_id, turn=progress.turn)
        return _follow(state.status, lease, clock)
    return None


def _follow(status: OperationStatus, lease: PartLease, clock: Clock) -> int | None:
    record = lease.record
    if status in HAS_INPUT and record.input is not None:
        lease.uploaded(record.input)
    elif status is OperationStatus.AWAITING_INPUT and _may_still_arrive(record, clock):
        return ASK_AGAIN_SECONDS
    else:
        lease.abandon(f"left unfinished; the service says {status}")
    return None


def _may_still_arrive(record: PartRecord, clock: Clock) -> bool:
    if record.state is not AttemptState.CLOSING or record.closing_at is None:
        return False
    age = clock.now() - parsed(record.closing_at)
    return age.total_seconds() < VISIBLE_AFTER_SECONDS
