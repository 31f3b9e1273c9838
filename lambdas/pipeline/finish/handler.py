"""Function finish: ends the drops of an execution and says what to tell."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.dependencies import Dependencies, dependencies
from pipeline.finish.drop_result import Judge
from pipeline.finish.finish_input import EndedExecution
from pipeline.finish.finisher import Finishing
from pipeline.finish.join_output import WholeOutput
from pipeline.finish.outcomes import Outcomes
from pipeline.observability import observed

ENDING_SECONDS = 60.0  # ours: a drop's manifest and ledger take a second, a copy of 5 GB a minute


def finishing(deps: Dependencies) -> Finishing:
    return Finishing(
        drops=deps.drops,
        judge=Judge(
            outcomes=Outcomes(parts=deps.parts, shared_files=deps.shared_files),
            whole_output=WholeOutput(
                drops=deps.drops, files=deps.result_files, results=deps.results
            ),
            results=deps.results,
        ),
        starter=deps.starter,
        results_bucket=deps.results.name,
        clock=deps.clock,
        measure=deps.measure,
    )


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return finishing(dependencies()).finish(
        EndedExecution.from_state(event),
        has_time=lambda: context.get_remaining_time_in_millis() / 1000 > ENDING_SECONDS,
    )
