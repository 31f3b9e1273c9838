"""Function submit: creates a part's operation and streams the part to its presigned URL."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.dependencies import Collaborators, collaborators
from pipeline.executions.compact_input import completed_ticket
from pipeline.ledger.drops import Drops
from pipeline.ledger.parts import Attempts
from pipeline.ledger.shared_files import Passengers
from pipeline.observability import logger, observed
from pipeline.storage.block_reader import BlockReader
from pipeline.storage.results_bucket import ResultsBucket
from pipeline.submit.input_stream import Boarding
from pipeline.submit.submitter import Submitting
from pipeline.validation.rejection_report import Rejections


@cache
def submitting(found: Collaborators) -> Submitting:
    reader = BlockReader(found.s3, sleep=found.clock.sleep)
    rejections = Rejections(ResultsBucket(found.s3, found.environment.results_bucket))
    return Submitting(
        attempts=Attempts(found.ledger, found.clock),
        engine_of=found.engine_of,
        reader=reader,
        rejections=rejections,
        polling=found.polling,
        boarding=Boarding(reader, rejections, Passengers(found.ledger, found.clock)),
        pinned_model=Drops(found.ledger, found.clock).pinned_model,
        clock=found.clock,
        measure=found.measure,
    )


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    found = collaborators()
    progress = submitting(found).submit(
        completed_ticket(event, Drops(found.ledger, found.clock).known),
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
