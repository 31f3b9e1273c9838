"""Function finish: ends the drops of an execution and says what to tell."""

from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.dependencies import Collaborators, collaborators
from pipeline.executions.starter import Departures
from pipeline.finish.drop_result import Judge
from pipeline.finish.finish_input import EndedExecution
from pipeline.finish.finisher import Finishing
from pipeline.finish.join_output import WholeOutput
from pipeline.finish.outcomes import Outcomes
from pipeline.ledger.drops import Drops
from pipeline.ledger.groups import Rosters
from pipeline.ledger.parts import Attempts
from pipeline.ledger.shared_files import Passengers
from pipeline.observability import observed
from pipeline.storage.multipart import ResultFiles
from pipeline.storage.results_bucket import ResultsBucket

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
