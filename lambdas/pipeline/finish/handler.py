"""Function finish: ends the drops of an execution and gives their notifications."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.dependencies import Dependencies, dependencies
from pipeline.finish.drop_result import DropResults
from pipeline.finish.finish_input import EndedExecution
from pipeline.finish.finisher import Finisher
from pipeline.finish.join_output import JoinedOutputs
from pipeline.finish.outcomes import Outcomes
from pipeline.observability import observed

ENDING_SECONDS = 60.0  # a drop's manifest and ledger take a second, a copy of 5 GB a minute; ours


def finisher(deps: Dependencies) -> Finisher:
    """Made anew for each call, as its `Outcomes` remember what they read."""
    outcomes = Outcomes(parts=deps.parts, shared_files=deps.shared_files)
    joined_outputs = JoinedOutputs(drops=deps.drops, files=deps.result_files, results=deps.results)
    return Finisher(
        drops=deps.drops,
        outcomes=outcomes,
        drop_results=DropResults(
            outcomes=outcomes, joined_outputs=joined_outputs, results=deps.results
        ),
        starter=deps.starter,
        clock=deps.clock,
        measure=deps.measure,
    )


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Gives a page of notifications; errors are those of `Finisher.finish`."""
    return finisher(dependencies()).finish(
        EndedExecution.from_state(event),
        has_time=lambda: context.get_remaining_time_in_millis() / 1000 > ENDING_SECONDS,
    )
