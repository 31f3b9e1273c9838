"""Tells of executions that died where nobody catches: one result or one clear failure.

Errors that a person must mend, and unforeseen ones, leave the execution failed where it stands,
so that it can be redriven from there. A short execution of the same state machine, without parts,
then tells the droppers.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pipeline.aws_errors import aws_busy_as_try_again
from pipeline.identity import telling_name
from pipeline.observability import logger
from pipeline.redaction import quoted
from pipeline.starting import start
from pipeline.states import Drop, Execution, Failure, MalformedState

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
        """Starts a telling for each drop of a dead execution; the ids of those drops."""
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
        failure = Failure(error, quoted(died.get("cause") or "", longest=LONGEST_CAUSE))
        drops = Execution.from_state(json.loads(died["input"])).drops
        return [
            drop.drop_id for drop in drops if self._tell(drop, failure, died.get("redriveCount", 0))
        ]

    def _tell(self, drop: Drop, failure: Failure, redrive_count: int) -> bool:
        logger.set_correlation_id(drop.drop_id)
        if drop.failure is not None:
            # To start another telling would go in circles; the alarm on failed executions stays.
            logger.error("telling that a drop failed has failed itself; redrive its execution")
            return False
        telling = Execution(drops=(replace(drop, failure=failure),), parts=())
        start(
            self.executions,
            self.state_machine_arn,
            telling_name(drop.drop_id, redrive_count),
            telling,
        )
        logger.warning("the execution died; its drop is told", extra={"error": failure.error})
        return True
