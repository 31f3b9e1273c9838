"""Function submit: creates a part's operation and streams the part to its presigned URL."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.dependencies import Dependencies, dependencies
from pipeline.executions.compact_input import expanded_task
from pipeline.observability import logger, observed
from pipeline.submit.input_stream import Boarding
from pipeline.submit.submitter import Submitting
from pipeline.validation.rejection_report import Rejections


@cache
def submitting(deps: Dependencies) -> Submitting:
    rejections = Rejections(deps.results)
    return Submitting(
        parts=deps.parts,
        engine_of=deps.engine_of,
        reader=deps.block_reader,
        rejections=rejections,
        polling=deps.polling,
        boarding=Boarding(deps.block_reader, rejections, deps.shared_files),
        pinned_model=deps.drops.pinned_model,
        clock=deps.clock,
        measure=deps.measure,
    )


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    deps = dependencies()
    progress = submitting(deps).submit(
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
