"""Function collect: copies an operation's results to the results bucket, in resumable steps."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.collect.collector import Collector
from pipeline.dependencies import Dependencies, dependencies
from pipeline.executions.compact_input import expanded_task
from pipeline.observability import logger, observed


@cache
def collector(deps: Dependencies) -> Collector:
    return Collector(
        parts=deps.parts,
        engine_of=deps.engine_of,
        files=deps.result_files,
        shared_files=deps.shared_files,
        clock=deps.clock,
        measure=deps.measure,
    )


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    deps = dependencies()
    progress = collector(deps).collect(
        expanded_task(event, deps.drops.known),
        owner=context.aws_request_id,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
    )
    logger.info(
        "collected",
        extra={
            "status": progress.status,
            "operation_id": progress.operation_id,
            "wait_seconds": progress.wait_seconds,
        },
    )
    return progress.to_state()
