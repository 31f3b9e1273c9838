"""Function submit: gives a part to its engine, so that at most one operation's bytes count.

The order is: lease the part, recover what an earlier invocation left, check the beginning of the
file, create the operation, upload; each step is in the ledger before and after it is done.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.clock import Clock, parsed
from pipeline.dependencies import Dependencies, dependencies
from pipeline.domain.execution import TaskInput
from pipeline.domain.part import Part
from pipeline.domain.progress import PartStatus, Progress
from pipeline.engines.base import Engine, EngineOf, OpenOperation, OperationRequest
from pipeline.errors import (
    AwsBusy,
    DropcoderError,
    FileRejected,
    OperatorNeeded,
    PartTaken,
    Rejected,
    ServiceBusy,
)
from pipeline.executions.compact_input import expanded_task
from pipeline.ledger.parts import AttemptState, PartLease, PartRecord, Parts
from pipeline.ledger.shared_files import SharedFiles
from pipeline.observability import Measures, logger, observed
from pipeline.rate_limit.limiter import RateLimited, sent_away
from pipeline.rate_limit.polling import Polling
from pipeline.storage.block_reader import BlockReader
from pipeline.submit.attempt_limit import MOST_OPERATIONS, wait_before_next
from pipeline.submit.input_stream import InputStream, ValidatedFile
from pipeline.submit.shared_input import load_shared_files
from pipeline.submit.upload import upload_with_retries
from pipeline.validation.rejection_report import Rejections
from protocol.messages import Model
from protocol.records import input_format_of
from protocol.statuses import OperationStatus

ENDING_SECONDS = 25.0  # for the report and the ledger, before Lambda ends the function; ours
NO_VALID_FILE = "none of the files could be sent"
VISIBLE_AFTER_SECONDS = 120  # by then an upload whose answer was lost is seen, or never; ours
ASK_AGAIN_SECONDS = 20  # a few looks within that time; ours
HAS_INPUT = (OperationStatus.IN_PROGRESS, OperationStatus.COMPLETE, OperationStatus.FAILED)
NOTHING_SENT = (AttemptState.CREATED, AttemptState.UPLOADING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitter:
    """Submits one part at a time, each in as many invocations as it needs."""

    parts: Parts
    engine_of: EngineOf
    reader: BlockReader
    rejections: Rejections
    shared_files: SharedFiles
    polling: Polling
    pinned_model: Callable[[str, str], str]
    """Drop id and model id in, the one model id for all pieces of the drop's file out."""
    clock: Clock
    measure: Measures
    most_operations: int = MOST_OPERATIONS
    """The most operations that one part may use, whatever they fail of."""

    def submit(self, task: TaskInput, *, owner: str, seconds_left: Callable[[], float]) -> Progress:
        """One try to give the task's part to the service; the part's next progress.

        `owner` names this invocation, `seconds_left` the time that it may still take. Raises of
        `errors` the leaves of `TryAgain`, `Final` and `OperatorNeeded`.
        """
        part = task.part
        engine = self.engine_of(part.topic)
        with self.parts.lease(
            part.part_id, owner=owner, seconds=seconds_left(), on_lost=engine.release
        ) as lease:
            if lease.record.output is not None:  # collected before its execution ended badly
                return _progress(lease, PartStatus.COLLECTED)
            try:
                ask_again = recover_attempt(task, lease=lease, engine=engine, clock=self.clock)
                if ask_again is not None:
                    return task.progress.awaiting_slot(ask_again)
                if lease.record.state is AttemptState.IDLE:
                    return self._try(lease, task, seconds_left)
                return self._submitted(lease, engine)
            except RateLimited as pending:
                return sent_away(task.progress, pending)
            except Rejected as rejected:
                return _rejected(lease, rejected.reason)

    def _try(
        self, lease: PartLease, task: TaskInput, seconds_left: Callable[[], float]
    ) -> Progress:
        turn = task.progress.turn
        wait = wait_before_next(lease, most=self.most_operations, clock=self.clock)
        if wait:
            return task.progress.awaiting_slot(wait, turn)
        part, model = self._part_and_model(task.part, turn)
        self.engine_of(part.topic).check_can_open(turn=turn)
        input_format = input_format_of(model.input_format)

        def has_time() -> bool:
            return seconds_left() > ENDING_SECONDS

        stream: InputStream
        if part.is_shared:
            stream = shared = load_shared_files(
                part,
                input_format,
                reader=self.reader,
                rejections=self.rejections,
                shared_files=self.shared_files,
                has_time=has_time,
            )
            if not shared.shared_files:
                return _rejected(lease, NO_VALID_FILE)
        else:
            stream = ValidatedFile(self.reader, part.segments[0], input_format, has_time=has_time)
        with closing(stream):
            try:
                if isinstance(stream, ValidatedFile):
                    stream.check_head()
                operation = self._open(lease, part, model, turn)
                upload_with_retries(
                    stream, operation, lease=lease, clock=self.clock, has_time=has_time
                )
            except FileRejected:
                return self._report_rejection(lease, part, stream)
            except DropcoderError as error:
                if lease.record.state in NOTHING_SENT and not isinstance(error, PartTaken):
                    lease.abandon(f"ended by {type(error).__name__}")
                raise
        self.measure("BytesSubmitted", stream.length, unit="Bytes")
        return self._submitted(lease, self.engine_of(part.topic))

    def _part_and_model(self, part: Part, turn: str | None) -> tuple[Part, Model]:
        """The part, with the model that codes it. All pieces of a file are coded by the same."""
        engine = self.engine_of(part.topic)
        model = engine.model(part.topic, part.model, turn=turn)
        if part.piece is not None and part.model is None:
            pinned = self.pinned_model(part.segments[0].drop_id, model.model_id)
            part = replace(part, model=pinned)
            if pinned != model.model_id:
                model = engine.model(part.topic, pinned, turn=turn)
        return part, model

    def _open(self, lease: PartLease, part: Part, model: Model, turn: str | None) -> OpenOperation:
        lease.begin()
        request = OperationRequest(
            topic=part.topic,
            model_id=part.model,
            model=model,
            name=f"{part.part_id}-{lease.record.attempt}",
        )
        try:
            operation = self.engine_of(part.topic).open(request, turn=turn)
        except (RateLimited, AwsBusy, OperatorNeeded):
            lease.withdraw()
            raise
        except ServiceBusy as busy:
            if not busy.may_be_done:
                lease.withdraw()
            raise
        except Rejected:
            lease.refused()
            raise
        lease.created(operation.operation_id)
        return operation

    def _report_rejection(self, lease: PartLease, part: Part, stream: InputStream) -> Progress:
        if lease.record.state is not AttemptState.IDLE:
            lease.abandon("the file was rejected")
        if not isinstance(stream, ValidatedFile):
            raise TypeError("the files of a shared part are checked before it is sent")
        faults = stream.all_faults()
        self.rejections.report(stream.source, faults, stream.input_format, piece=part.piece)
        return _rejected(lease, faults.summary(), faults.count)

    def _submitted(self, lease: PartLease, engine: Engine) -> Progress:
        wait = self.polling.wait(0, engine.load())
        return replace(_progress(lease, PartStatus.AWAITING_INPUT), wait_seconds=wait)


def _progress(lease: PartLease, status: PartStatus) -> Progress:
    record = lease.record
    return Progress(
        status=status,
        operation_id=record.operation_id,
        attempt=record.attempt,
        uploaded_at=record.uploaded_at,
    )


def _rejected(lease: PartLease, reason: str, faults: int | None = None) -> Progress:
    return Progress(
        status=PartStatus.REJECTED, attempt=lease.record.attempt, reason=reason, faults=faults
    )


def recover_attempt(
    task: TaskInput, *, lease: PartLease, engine: Engine, clock: Clock
) -> int | None:
    """Recovers what an earlier invocation left: brings the part to `idle` or `uploaded`.

    | the ledger says | what can be true | so |
    |---|---|---|
    | creating | an operation may exist that nobody knows | it gets no input, ends; try anew |
    | created, uploading | no last byte was sent | the status is asked, then a new operation |
    | closing | the last byte may have arrived | the operation's status decides |
    | uploaded | the service has the input | go on with it |

    Where that can't be said yet, gives the seconds after which to ask again. Raises as
    `engine.recover` does, and `PartTaken`.
    """
    record, progress = lease.record, task.progress
    if record.state is AttemptState.IDLE:
        return None
    if record.operation_id is None:
        lease.abandon("no answer came to the call that creates an operation")
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
        sent = "the upload was never confirmed" if record.closing_at else "the upload was cut off"
        lease.abandon(f"{sent} (the service says {status})")
    return None


def _may_still_arrive(record: PartRecord, clock: Clock) -> bool:
    if record.state is not AttemptState.CLOSING or record.closing_at is None:
        return False
    age = clock.now() - parsed(record.closing_at)
    return age.total_seconds() < VISIBLE_AFTER_SECONDS


@cache
def submitter(deps: Dependencies) -> Submitter:
    return Submitter(
        parts=deps.parts,
        engine_of=deps.engine_of,
        reader=deps.block_reader,
        rejections=Rejections(deps.results),
        shared_files=deps.shared_files,
        polling=deps.polling,
        pinned_model=deps.drops.pinned_model,
        clock=deps.clock,
        measure=deps.measure,
    )


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    deps = dependencies()
    progress = submitter(deps).submit(
        expanded_task(event, deps.drops.known),
        owner=context.aws_request_id,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
    )
    logger.info(
        "submitted",
        extra={
            "status": progress.status,
            "operation_id": progress.operation_id,
            "attempt": progress.attempt,
            "faults": progress.faults,
            "wait_seconds": progress.wait_seconds,
        },
    )
    return progress.to_state()
