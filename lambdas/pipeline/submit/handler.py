"""Function submit: creates a part's operation and streams the part to its presigned URL."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.dependencies import Dependencies, dependencies
from pipeline.executions.compact_input import completed_task
from pipeline.ledger.drops import Drops
from pipeline.ledger.parts import Parts
from pipeline.ledger.shared_files import SharedFiles
from pipeline.observability import logger, observed
from pipeline.storage.block_reader import BlockReader
from pipeline.storage.results_bucket import ResultsBucket
from pipeline.submit.input_stream import Boarding
from pipeline.submit.submitter import Submitting
from pipeline.validation.rejection_report import Rejections


@cache
def submitting(deps: Dependencies) -> Submitting:
    reader = BlockReader(deps.s3, sleep=deps.clock.sleep)
    rejections = Rejections(ResultsBucket(deps.s3, deps.environment.results_bucket))
    return Submitting(
        parts=Parts(deps.ledger, deps.clock),
        engine_of=deps.engine_of,
        reader=reader,
        rejections=rejections,
        polling=deps.polling,
        boarding=Boarding(reader, rejections, SharedFiles(deps.ledger, deps.clock)),
        pinned_model=Drops(deps.ledger, deps.clock).pinned_model,
        clock=deps.clock,
        measure=deps.measure,
    )


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    deps = dependencies()
    progress = submitting(deps).submit(
        completed_task(event, Drops(deps.ledger, deps.clock).known),
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
