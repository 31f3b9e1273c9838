"""Function submit: creates a part's operation and streams the part to its presigned URL."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.dependencies import Dependencies, dependencies
from pipeline.executions.compact_input import expanded_task
from pipeline.observability import logger, observed
from pipeline.submit.submitter import Submitter
from pipeline.validation.rejection_report import Rejections


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
