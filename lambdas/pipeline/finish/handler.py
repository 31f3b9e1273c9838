"""Function finish: ends the drops of an execution and says what to tell."""

from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.dependencies import Dependencies, dependencies
from pipeline.executions.starter import ExecutionStarter
from pipeline.finish.drop_result import Judge
from pipeline.finish.finish_input import EndedExecution
from pipeline.finish.finisher import Finishing
from pipeline.finish.join_output import WholeOutput
from pipeline.finish.outcomes import Outcomes
from pipeline.ledger.drops import Drops
from pipeline.ledger.groups import ExecutionGroups
from pipeline.ledger.parts import Parts
from pipeline.ledger.shared_files import SharedFiles
from pipeline.observability import observed
from pipeline.storage.multipart import MultipartFiles
from pipeline.storage.results_bucket import ResultsBucket

ENDING_SECONDS = 60.0  # ours: a drop's manifest and ledger take a second, a copy of 5 GB a minute


def finishing(deps: Dependencies) -> Finishing:
    bucket = deps.environment.results_bucket
    drops, results = Drops(deps.ledger, deps.clock), ResultsBucket(deps.s3, bucket)
    return Finishing(
        drops=drops,
        judge=Judge(
            outcomes=Outcomes(
                parts=Parts(deps.ledger, deps.clock),
                shared_files=SharedFiles(deps.ledger, deps.clock),
            ),
            whole_output=WholeOutput(
                drops=drops, files=MultipartFiles(deps.s3, bucket), results=results
            ),
            results=results,
        ),
        starter=partial(
            _departures, drops=drops, groups=ExecutionGroups(deps.ledger, deps.clock), deps=deps
        ),
        results_bucket=bucket,
        clock=deps.clock,
        measure=deps.measure,
    )


def _departures(
    state_machine_arn: str, *, drops: Drops, groups: ExecutionGroups, deps: Dependencies
) -> ExecutionStarter:
    return ExecutionStarter(
        drops=drops,
        groups=groups,
        executions=deps.executions,
        state_machine_arn=state_machine_arn,
    )


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return finishing(dependencies()).finish(
        EndedExecution.from_state(event),
        has_time=lambda: context.get_remaining_time_in_millis() / 1000 > ENDING_SECONDS,
    )
