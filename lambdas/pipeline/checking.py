"""Asks for an operation's status, and says when to ask again."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from pipeline.clock import Clock, parsed
from pipeline.limiter import CallNotDue
from pipeline.polling import Polling
from pipeline.progress import PartStatus, Progress
from pipeline.redaction import quoted
from pipeline.service_port import CodingServicePort
from pipeline.state_fields import MalformedState
from protocol.statuses import OperationStatus

NO_REASON = "the service gave no reason"
ENDED = (OperationStatus.COMPLETE, OperationStatus.FAILED, OperationStatus.TIMED_OUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """What checking works with."""

    service: CodingServicePort
    polling: Polling
    budget_left: Callable[[], float]
    """Share of the day's calls that is still free."""
    clock: Clock
    max_attempts: int
    ended: Callable[[float], None] = lambda _begun_at: None
    """Told when an operation needs no more status checks: about when it began, in seconds."""

    def check(self, topic: str, progress: Progress) -> Progress:
        """The next progress of a part of that topic. Pending is a status, never an exception.

        Raises of `errors` the leaves of `TryAgain`, `Final` and `OperatorNeeded`.
        """
        if progress.operation_id is None:
            raise MalformedState("a part without an operation_id can't be checked")
        try:
            state = self.service.operation(topic, progress.operation_id, turn=progress.turn)
        except CallNotDue as pending:
            return progress.awaiting_slot(pending.wait_seconds, pending.turn)
        asked = replace(
            progress,
            status=PartStatus(state.status),
            polls=progress.polls + 1,
            wait_seconds=0,
            turn=None,
        )
        if state.status in ENDED:
            self.ended(self._uploaded_at(progress))
        match state.status:
            case OperationStatus.COMPLETE:
                return asked
            case OperationStatus.FAILED:
                return replace(asked, reason=quoted(state.error or NO_REASON))
            case OperationStatus.TIMED_OUT:
                return replace(asked, resubmit=progress.attempt < self.max_attempts)
            case OperationStatus.AWAITING_INPUT | OperationStatus.IN_PROGRESS:
                return replace(asked, wait_seconds=self._wait(progress))

    def _uploaded_at(self, progress: Progress) -> float:
        """Seconds since 1970; now, where the upload's time is not known."""
        if progress.uploaded_at is None:
            return self.clock.seconds()
        return parsed(progress.uploaded_at).timestamp()

    def _wait(self, progress: Progress) -> int:
        waited = self.clock.seconds() - self._uploaded_at(progress)
        return self.polling.wait(waited, budget_left=self.budget_left())
