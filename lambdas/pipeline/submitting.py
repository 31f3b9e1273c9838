"""Gives a part to the coding service, so that at most one operation's bytes count.

The order is: hold the part, settle what an earlier invocation left, check the beginning of the
file, create the operation, upload; each step is in the ledger before and after it is done.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from pipeline.attempts import Attempts, AttemptState, Claim
from pipeline.checked_drop import CheckedDrop
from pipeline.clock import Clock
from pipeline.delivery import Delivery
from pipeline.errors import DropcoderError, FileRejected, PartTaken, Rejected
from pipeline.limiter import CallNotDue
from pipeline.observability import Measures
from pipeline.polling import Polling
from pipeline.reading import BlockReader
from pipeline.rejection import Rejections
from pipeline.segments import only_segment
from pipeline.service_port import CodingServicePort
from pipeline.settling import Settling
from pipeline.states import Part, PartStatus, Progress, Ticket
from pipeline.uploading import Uploader
from protocol.messages import CreatedOperation
from protocol.records import input_format_of

ENDING_SECONDS = 25.0  # ours: for the report and the ledger, before Lambda ends the function
NOTHING_SENT = (AttemptState.CREATED, AttemptState.UPLOADING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitting:
    """What submitting works with."""

    attempts: Attempts
    service: CodingServicePort
    reader: BlockReader
    uploader: Uploader
    rejections: Rejections
    polling: Polling
    clock: Clock
    measure: Measures

    def submit(self, ticket: Ticket, *, owner: str, seconds_left: Callable[[], float]) -> Progress:
        """One try to give the ticket's part to the service; the part's next progress.

        `owner` names this invocation, `seconds_left` the time that it may still take. Raises of
        `errors` the leaves of `TryAgain`, `Final` and `OperatorNeeded`.
        """
        part = ticket.part
        with self.attempts.claimed(part.part_id, owner=owner, seconds=seconds_left()) as claim:
            try:
                ask_again = Settling(claim, self.service, self.clock).settle(ticket)
                if ask_again is not None:
                    return ticket.progress.awaiting_slot(ask_again)
                if claim.record.state is AttemptState.IDLE:
                    return self._try(claim, ticket, seconds_left)
                return self._submitted(claim)
            except CallNotDue as pending:
                return ticket.progress.awaiting_slot(pending.wait_seconds, pending.turn)
            except Rejected as rejected:
                return _rejected(claim, rejected.reason)

    def _try(self, claim: Claim, ticket: Ticket, seconds_left: Callable[[], float]) -> Progress:
        part, turn = ticket.part, ticket.progress.turn
        model = self.service.model(part.topic, part.model, turn=turn)
        input_format = input_format_of(model.input_format)
        source = only_segment(part)
        delivery = Delivery(
            claim,
            self.uploader,
            self.clock,
            has_time=lambda: seconds_left() > ENDING_SECONDS,
            open_drop=lambda: CheckedDrop(self.reader, source, input_format),
        )
        with closing(delivery):
            try:
                delivery.drop.check_head()
                delivery.send(self._create(claim, part, turn))
            except FileRejected:
                return self._told_to_the_dropper(claim, delivery)
            except DropcoderError as error:
                if claim.record.state in NOTHING_SENT and not isinstance(error, PartTaken):
                    claim.abandon(f"ended by {type(error).__name__}")
                raise
        self.measure("BytesSubmitted", part.bytes, unit="Bytes")
        return self._submitted(claim)

    def _create(self, claim: Claim, part: Part, turn: str | None) -> CreatedOperation:
        claim.begin()
        try:
            operation = self.service.create_operation(part.topic, part.model, turn=turn)
        except (CallNotDue, Rejected):
            claim.withdraw()  # no operation came of it
            raise
        claim.created(operation.operation_id)
        return operation

    def _told_to_the_dropper(self, claim: Claim, delivery: Delivery) -> Progress:
        if claim.record.state is not AttemptState.IDLE:
            claim.abandon("the file was rejected")
        drop = delivery.drop
        faults = drop.all_faults(delivery.has_time)
        self.rejections.report(drop.source, faults, drop.input_format)
        return _rejected(claim, faults.summary(), faults.count)

    def _submitted(self, claim: Claim) -> Progress:
        record = claim.record
        return Progress(
            status=PartStatus.AWAITING_INPUT,
            wait_seconds=self.polling.wait(0),
            operation_id=record.operation_id,
            attempt=record.attempt,
            uploaded_at=record.uploaded_at,
        )


def _rejected(claim: Claim, reason: str, faults: int | None = None) -> Progress:
    return Progress(
        status=PartStatus.REJECTED, attempt=claim.record.attempt, reason=reason, faults=faults
    )
