"""Function check: asks the service for the status of a part's operation."""

from dataclasses import dataclass, replace
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.clock import Clock, parsed
from pipeline.dependencies import Dependencies, dependencies
from pipeline.domain.execution import topic_and_progress
from pipeline.domain.progress import PartStatus, Progress
from pipeline.domain.state_fields import MalformedState
from pipeline.engines.base import Engine, EngineOf
from pipeline.observability import logger, observed, quoted
from pipeline.rate_limit.limiter import RateLimited
from pipeline.rate_limit.polling import Polling
from protocol.statuses import OperationStatus

NO_REASON = "the service gave no reason"
ENDED = (OperationStatus.COMPLETE, OperationStatus.FAILED, OperationStatus.TIMED_OUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """What checking works with."""

    engine_of: EngineOf
    polling: Polling
    clock: Clock
    max_attempts: int

    def check(self, topic: str, progress: Progress) -> Progress:
        """The next progress of a part of that topic. Pending is a status, never an exception.

        Raises of `errors` the leaves of `TryAgain`, `Final` and `OperatorNeeded`.
        """
        if progress.operation_id is None:
            raise MalformedState("a part without an operation_id can't be checked")
        engine = self.engine_of(topic)
        try:
            state = engine.check(topic, progress.operation_id, turn=progress.turn)
        except RateLimited as pending:
            return progress.awaiting_slot(pending.wait_seconds, pending.turn)
        asked = replace(
            progress,
            status=PartStatus(state.status),
            polls=progress.polls + 1,
            wait_seconds=0,
            turn=None,
        )
        if state.status in ENDED:
            engine.release(self._uploaded_at(progress))
        match state.status:
            case OperationStatus.COMPLETE:
                return asked
            case OperationStatus.FAILED:
                return replace(asked, reason=quoted(state.error or NO_REASON))
            case OperationStatus.TIMED_OUT:
                return replace(asked, resubmit=progress.attempt < self.max_attempts)
            case OperationStatus.AWAITING_INPUT | OperationStatus.IN_PROGRESS:
                return replace(asked, wait_seconds=self._wait(progress, engine))

    def _uploaded_at(self, progress: Progress) -> float:
        """Seconds since 1970; now, where the upload's time is not known."""
        if progress.uploaded_at is None:
            return self.clock.seconds()
        return parsed(progress.uploaded_at).timestamp()

    def _wait(self, progress: Progress, engine: Engine) -> int:
        waited = self.clock.seconds() - self._uploaded_at(progress)
        return self.polling.wait(waited, engine.load())


def checking(deps: Dependencies) -> Checking:
    return Checking(
        engine_of=deps.engine_of,
        polling=deps.polling,
        clock=deps.clock,
        max_attempts=deps.environment.max_attempts,
    )


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    progress = checking(dependencies()).check(*topic_and_progress(event))
    logger.info(
        "checked",
        extra={
            "status": progress.status,
            "operation_id": progress.operation_id,
            "wait_seconds": progress.wait_seconds,
        },
    )
    return progress.to_state()
