"""Function report_failure: an execution failed, timed out or was aborted; its drops have failed.

A new execution of the same state machine ends them and sends their notifications.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from pipeline.aws import aws_busy_as_try_again
from pipeline.dependencies import dependencies
from pipeline.domain.drop import Failure
from pipeline.domain.execution import NOTHING_TOLD
from pipeline.domain.identity import failure_report_name
from pipeline.domain.state_fields import MalformedState, read_state
from pipeline.executions.starter import start
from pipeline.observability import logger, observed, quoted
from protocol.short_texts import cut
from shared.aws_errors import code_of
from shared.received_json import JsonFault, read_json

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


ENDED_AS_FAILED = frozenset({"DropFailed", "DropTimedOut"})
"""Errors of the state machine's own Fail states: the drops have ended by then."""
ENDED_FROM_OUTSIDE = {"ABORTED": "ExecutionAborted", "TIMED_OUT": "ExecutionTimedOut"}
"""By an execution's status: the error's name, where Step Functions gives none."""
PIECES_FAILED = "States.ExceedToleratedFailureThreshold"
"""Step Functions' error of a map run: why a child failed, the child alone says."""
LONGEST_CAUSE = 4_000  # characters: a stack trace is in the function's log; ours
LONGEST_ERROR = 256  # characters: Step Functions' limit of an error's name


@dataclass(frozen=True, slots=True)
class _DiedInput:
    drops: tuple[dict[str, Any], ...]


def report_failure(
    event: Mapping[str, Any], *, executions: "SFNClient", state_machine_arn: str
) -> list[str]:
    """Starts one execution that ends the drops of a dead one; their ids.

    Raises `MalformedState`: `event` is no status change of an execution; `AwsBusy`: the event is
    then delivered again.
    """
    try:
        execution_arn = str(event["detail"]["executionArn"])
    except (KeyError, TypeError):
        raise MalformedState("the event is no status change of an execution") from None
    # The event may be old, and may lack input and cause: Step Functions knows better.
    with aws_busy_as_try_again():
        died = executions.describe_execution(executionArn=execution_arn)
    if died["status"] not in ("FAILED", "TIMED_OUT", "ABORTED"):
        logger.info("the execution has been redriven meanwhile")
        return []
    error = died.get("error") or ENDED_FROM_OUTSIDE.get(died["status"], "UnknownError")
    if error in ENDED_AS_FAILED:
        return []
    cause = died.get("cause") or ""
    if error == PIECES_FAILED:
        error, cause = _failure_of_a_piece(executions, execution_arn) or (error, cause)
    failure = Failure(
        cut(error, LONGEST_ERROR),
        quoted(cut(cause, LONGEST_CAUSE), longest=LONGEST_CAUSE),
        execution=execution_arn.rpartition(":")[2],
    )
    drops = _drops_of(died["input"])
    if any(drop.get("failure") is not None for drop in drops):
        # Another report would go in circles; the alarm on failed executions stays.
        logger.error("telling that a drop failed has failed itself; redrive its execution")
        return []
    ids = [str(drop["drop_id"]) for drop in drops]
    logger.set_correlation_id(ids[0])
    # The drops keep the form that the dead execution's input has, compact or full. The first has
    # the failure, which is that of all: a thousand times the same cause would not fit into a state.
    first, *others = drops
    given = {
        "drops": [{**first, "failure": failure.to_state()}, *others],
        "parts": [],
        "ended": dict(NOTHING_TOLD),
    }
    name = failure_report_name(ids[0], died.get("redriveCount", 0))
    start(executions, state_machine_arn, name, given)
    logger.warning(
        "the execution died; its drop is told", extra={"error": failure.error, "drops": ids}
    )
    return ids


def _failure_of_a_piece(executions: "SFNClient", execution_arn: str) -> tuple[str, str] | None:
    """Error and cause of the child that failed last of a large file's; None where none is known."""
    try:
        with aws_busy_as_try_again():
            for run in executions.list_map_runs(executionArn=execution_arn)["mapRuns"]:
                failed = executions.list_executions(
                    mapRunArn=run["mapRunArn"], statusFilter="FAILED", maxResults=1
                )["executions"]
                for each in failed:
                    child = executions.describe_execution(executionArn=each["executionArn"])
                    return child.get("error") or "UnknownError", child.get("cause") or ""
    except ClientError as error:  # to be told without the reason is better than not to be told
        logger.error("why a piece failed can't be looked up", extra={"error": code_of(error)})
    return None


def _drops_of(given: str) -> tuple[dict[str, Any], ...]:
    """The drops in an execution's input, which people may have started it with.

    Raises `MalformedState`."""
    try:
        drops = read_state(read_json(given), _DiedInput).drops
    except JsonFault as fault:
        raise MalformedState(f"the input of the execution {fault}") from None
    if not drops or any("drop_id" not in drop for drop in drops):
        raise MalformedState("the input of the execution names no drops")
    return drops


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    deps = dependencies()
    told = report_failure(
        event, executions=deps.executions, state_machine_arn=deps.state_machine_arn
    )
    return {"told": told}
