"""Function finish: ends the drops of an execution and says what to tell."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.attempts import Attempts
from pipeline.collaborators import Collaborators, collaborators
from pipeline.drops import Drops
from pipeline.finishing import Finishing
from pipeline.observability import observed
from pipeline.results import ResultsBucket
from pipeline.states import Execution
from pipeline.verdict import Judge


def finishing(found: Collaborators) -> Finishing:
    bucket = found.environment.results_bucket
    return Finishing(
        drops=Drops(found.ledger, found.clock),
        judge=Judge(
            part_record=Attempts(found.ledger, found.clock).record,
            results=ResultsBucket(found.s3, bucket),
        ),
        results_bucket=bucket,
        clock=found.clock,
        measure=found.measure,
    )


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return finishing(collaborators()).finish(Execution.from_state(event))
