"""Where a drop is: read from its execution's history."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from erasure.deployment import Clients, Deployment
from shared.aws_errors import code_of

GONE = "ExecutionDoesNotExist"

_HISTORY_PAGE = 100  # events, newest first: more than a round of polling leaves
_CALLS = {
    "taskScheduledEventDetails": "",
    "lambdaFunctionScheduledEventDetails": "",
    "taskSucceededEventDetails": ", then Wait",
    "taskFailedEventDetails": ", to be tried again",
}
_OUTPUTS = ("taskSucceededEventDetails", "lambdaFunctionSucceededEventDetails")


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What the newest events of an execution say."""

    execution: str
    """RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED: Step Functions' own words."""
    state: str
    """The state that was entered last, by its name in the state machine's file."""
    status: str | None
    """The operation's status as the pipeline saw it last."""
    operation_id: str | None


class Executions:
    """Finds and follows the executions of Pipeline's state machine."""

    def __init__(self, clients: Clients, deployment: Deployment) -> None:
        self._sfn = clients.stepfunctions
        self._machine = deployment.state_machine

    @cached_property
    def _tasks(self) -> dict[str, str]:
        described = self._sfn.describe_state_machine(stateMachineArn=self._machine)
        return tasks_of(json.loads(described["definition"]))

    def arn(self, name: str) -> str:
        """The ARN of an execution, by its name."""
        return f"{self._machine.replace(':stateMachine:', ':execution:')}:{name}"

    def can_be_redriven(self, execution_arn: str) -> bool:
        """Whether Step Functions can go on with it where it stopped."""
        try:
            found = self._sfn.describe_execution(executionArn=execution_arn)
        except ClientError as error:
            if code_of(error) != GONE:
                raise
            return False
        return found.get("redriveStatus") == "REDRIVABLE"

    def whereabouts(self, execution_arn: str) -> Whereabouts | None:
        """Where it is; None where it was not started yet, or its history is gone."""
        try:
            status = self._sfn.describe_execution(executionArn=execution_arn)["status"]
        except ClientError as error:
            if code_of(error) != GONE:
                raise
            return None
        events = self._sfn.get_execution_history(
            executionArn=execution_arn, reverseOrder=True, maxResults=_HISTORY_PAGE
        )["events"]
        progress = _newest_progress(events)
        return Whereabouts(
            execution=status,
            state=_newest_state(events, self._tasks),
            status=progress.get("status"),
            operation_id=progress.get("operation_id"),
        )


def tasks_of(definition: Mapping[str, Any]) -> dict[str, str]:
    """The names of a state machine's tasks, by the ARN of the function that each calls."""
    found: dict[str, str] = {}
    for name, state in definition["States"].items():
        if state["Type"] == "Task":
            found[state["Resource"]] = name
        elif "ItemProcessor" in state:
            found |= tasks_of(state["ItemProcessor"])
    return found


def _newest_state(events: list[Any], tasks: Mapping[str, str]) -> str:
    """The state by its own name, or by the task that was called last.

    AWS's history has every state; the local cloud's leaves out those inside a Map, but not the
    calls of their tasks.
    """
    for event in events:
        if entered := event.get("stateEnteredEventDetails"):
            return str(entered["name"])
        for kind, suffix in _CALLS.items():
            if kind in event:
                task = tasks.get(event[kind].get("resource", ""), "")
                return f"{task}{suffix}" if task else "Notify"
    return "starting"


def _newest_progress(events: list[Any]) -> Mapping[str, Any]:
    for event in events:
        for kind in _OUTPUTS:
            output = json.loads(event.get(kind, {}).get("output") or "null")
            if isinstance(output, dict) and "operation_id" in output:
                return output
    return {}
