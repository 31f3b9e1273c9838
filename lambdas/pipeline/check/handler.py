"""Function check: asks the engine for the status of a part's operation."""

from dataclasses import replace
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.clock import Clock, parsed
from pipeline.dependencies import dependencies
from pipeline.domain.execution import CheckInput
from pipeline.domain.progress import PartStatus, Progress
from pipeline.domain.state_fields import MalformedState
from pipeline.engines.base import Engine
from pipeline.observability import logger, observed, quoted
from pipeline.rate_limit.limiter import RateLimited, sent_away
from pipeline.rate_limit.polling import Polling
from protocol.short_texts import LONGEST_REASON, cut
from protocol.statuses import OperationStatus

NO_REASON = "the service gave no reason"
ENDED = (OperationStatus.COMPLETE, OperationStatus.FAILED, OperationStatus.TIMED_OUT)


def check(
    topic: str,
    progress: Progress,
    *,
    engine: Engine,
    polling: Polling,
    clock: Clock,
    max_attempts: int,
) -> Progress:
    """The next progress of a part of that topic. Pending is a status, never an exception.

    Raises of `errors` the leaves of `TryAgain`, `Final` and `OperatorNeeded`.
    """
    if progress.operation_id is None:
        raise MalformedState("a part without an operation_id can't be checked")
    try:
        state = engine.check(topic, progress.operation_id, turn=progress.turn)
    except RateLimited as pending:
        return sent_away(progress, pending)
    checked = replace(
        progress,
        status=PartStatus(state.status),
        polls=progress.polls + 1,
        wait_seconds=0,
        turn=None,
        throttled=None,
    )
    if state.status in ENDED:
        engine.release(_uploaded_at(progress, clock))
    match state.status:
        case OperationStatus.COMPLETE:
            return checked
        case OperationStatus.FAILED:
            return replace(checked, reason=quoted(cut(state.error or NO_REASON, LONGEST_REASON)))
        case OperationStatus.TIMED_OUT:
            return replace(checked, resubmit=progress.attempt < max_attempts)
        case OperationStatus.AWAITING_INPUT | OperationStatus.IN_PROGRESS:
            waited = clock.seconds() - _uploaded_at(progress, clock)
            return replace(checked, wait_seconds=polling.wait(waited, engine.load()))


def _uploaded_at(progress: Progress, clock: Clock) -> float:
    """Seconds since 1970; now, where the upload's time is not known."""
    if progress.uploaded_at is None:
        return clock.seconds()
    return parsed(progress.uploaded_at).timestamp()


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    deps = dependencies()
    given = CheckInput.from_state(event)
    progress = check(
        given.part.topic,
        given.progress,
        engine=deps.engine_of(given.part.topic),
        polling=deps.polling,
        clock=deps.clock,
        max_attempts=deps.environment.max_attempts,
    )
    logger.info(
        "checked",
        extra={
            "status": progress.status,
            "operation_id": progress.operation_id,
            "wait_seconds": progress.wait_seconds,
        },
    )
    return progress.to_state()
