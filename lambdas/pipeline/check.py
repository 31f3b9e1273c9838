"""Function check: asks the service for the status of a part's operation."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.checking import Checking
from pipeline.collaborators import Collaborators, collaborators
from pipeline.observability import logger, observed
from pipeline.states import asked_about


def checking(found: Collaborators) -> Checking:
    return Checking(
        engine_of=found.engine_of,
        polling=found.polling,
        clock=found.clock,
        max_attempts=found.environment.max_attempts,
    )


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    progress = checking(collaborators()).check(*asked_about(event))
    logger.info(
        "checked",
        extra={
            "status": progress.status,
            "operation_id": progress.operation_id,
            "wait_seconds": progress.wait_seconds,
        },
    )
    return progress.to_state()
