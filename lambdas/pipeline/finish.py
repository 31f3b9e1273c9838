"""Function finish: ends the drops of an execution and says what to tell."""

from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.aboard import Passengers
from pipeline.attempts import Attempts
from pipeline.collaborators import Collaborators, collaborators
from pipeline.departures import Departures
from pipeline.drops import Drops
from pipeline.ended_execution import EndedExecution
from pipeline.finishing import Finishing
from pipeline.multipart import ResultFiles
from pipeline.observability import observed
from pipeline.outcomes import Outcomes
from pipeline.results import ResultsBucket
from pipeline.rosters import Rosters
from pipeline.verdict import Judge
from pipeline.whole_output import WholeOutput

ENDING_SECONDS = 60.0  # ours: a drop's manifest and ledger take a second, a copy of 5 GB a minute


def finishing(found: Collaborators) -> Finishing:
    bucket = found.environment.results_bucket
    drops, results = Drops(found.ledger, found.clock), ResultsBucket(found.s3, bucket)
    return Finishing(
        drops=drops,
        judge=Judge(
            outcomes=Outcomes(
                attempts=Attempts(found.ledger, found.clock),
                passengers=Passengers(found.ledger, found.clock),
            ),
            whole_output=WholeOutput(
                drops=drops, files=ResultFiles(found.s3, bucket), results=results
            ),
            results=results,
        ),
        departures=partial(
            _departures, drops=drops, rosters=Rosters(found.ledger, found.clock), found=found
        ),
        results_bucket=bucket,
        clock=found.clock,
        measure=found.measure,
    )


def _departures(
    state_machine_arn: str, *, drops: Drops, rosters: Rosters, found: Collaborators
) -> Departures:
    return Departures(
        drops=drops,
        rosters=rosters,
        executions=found.executions,
        state_machine_arn=state_machine_arn,
    )


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return finishing(collaborators()).finish(
        EndedExecution.from_state(event),
        has_time=lambda: context.get_remaining_time_in_millis() / 1000 > ENDING_SECONDS,
    )
