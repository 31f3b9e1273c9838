"""Function rescue: an execution failed, timed out or was aborted; its drops are told."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.aws import aws_busy_as_try_again
from pipeline.dependencies import Dependencies, dependencies
from pipeline.domain.drop import Failure
from pipeline.domain.identity import failure_report_name
from pipeline.domain.state_fields import MalformedState, text_of, whole_list
from pipeline.executions.starter import start
from pipeline.observability import logger, observed, quoted

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


# Errors of the state machine's own Fail states: the drops have been told by then.
TOLD = frozenset({"DropFailed", "DropTimedOut"})
# What stands for the error where Step Functions names none.
ENDED_FROM_OUTSIDE = {"ABORTED": "ExecutionAborted", "TIMED_OUT": "ExecutionTimedOut"}
LONGEST_CAUSE = 4_000  # characters; ours: a stack trace is in the function's log


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescuing:
    """`rescue` may raise `AwsBusy`: the event is then delivered again."""

    executions: "SFNClient"
    state_machine_arn: str

    def rescue(self, event: Mapping[str, Any]) -> list[str]:
        """Starts a telling of the drops of a dead execution; their ids."""
        try:
            execution_arn = str(event["detail"]["executionArn"])
        except (KeyError, TypeError):
            raise MalformedState("the event is no status change of an execution") from None
        # The event may be old, and may lack input and cause: Step Functions knows better.
        with aws_busy_as_try_again():
            died = self.executions.describe_execution(executionArn=execution_arn)
        if died["status"] not in ("FAILED", "TIMED_OUT", "ABORTED"):
            logger.info("the execution has been redriven meanwhile")
            return []
        error = died.get("error") or ENDED_FROM_OUTSIDE.get(died["status"], "UnknownError")
        if error in TOLD:
            return []
        failure = Failure(
            error,
            quoted(died.get("cause") or "", longest=LONGEST_CAUSE),
            execution=execution_arn.rpartition(":")[2],
        )
        drops = whole_list(json.loads(died["input"]), "drops")
        if any(drop.get("failure") is not None for drop in drops):
            # To start another telling would go in circles; the alarm on failed executions stays.
            logger.error("telling that a drop failed has failed itself; redrive its execution")
            return []
        return self._tell(drops, failure, died.get("redriveCount", 0))

    def _tell(
        self, drops: Sequence[Mapping[str, Any]], failure: Failure, redrive_count: int
    ) -> list[str]:
        """Starts one telling of all drops, in the form in which they travelled."""
        ids = [text_of(drop, "drop_id") for drop in drops]
        logger.set_correlation_id(ids[0])
        telling = {
            "drops": [{**drop, "failure": failure.to_state()} for drop in drops],
            "parts": [],
        }
        start(
            self.executions,
            self.state_machine_arn,
            failure_report_name(ids[0], redrive_count),
            telling,
        )
        logger.warning(
            "the execution died; its drop is told",
            extra={"error": failure.error, "drops": ids},
        )
        return ids


def rescuing(deps: Dependencies) -> Rescuing:
    return Rescuing(executions=deps.executions, state_machine_arn=deps.state_machine_arn)


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return {"told": rescuing(dependencies()).rescue(event)}
