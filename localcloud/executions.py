"""Where a drop is: read from its execution's history."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.cloud import LocalCloud

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_HISTORY_PAGE = 100  # events, newest first: more than a round of polling leaves


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

    def __init__(self, cloud: LocalCloud) -> None:
        self._sfn: SFNClient = cloud.stepfunctions()
        self._machine = cloud.pipeline.state_machine

    def of_drop(self, drop_id: str) -> list[str]:
        """The ARNs of a drop's executions: its name ends with the drop's id."""
        pages = self._sfn.get_paginator("list_executions").paginate(stateMachineArn=self._machine)
        return [
            execution["executionArn"]
            for page in pages
            for execution in page["executions"]
            if drop_id in execution["name"]
        ]

    def whereabouts(self, execution_arn: str) -> Whereabouts:
        status = self._sfn.describe_execution(executionArn=execution_arn)["status"]
        events = self._sfn.get_execution_history(
            executionArn=execution_arn, reverseOrder=True, maxResults=_HISTORY_PAGE
        )["events"]
        progress = _newest_progress(events)
        return Whereabouts(
            execution=status,
            state=_newest_state(events),
            status=progress.get("status"),
            operation_id=progress.get("operation_id"),
        )


def _newest_state(events: list[Any]) -> str:
    for event in events:
        if entered := event.get("stateEnteredEventDetails"):
            return str(entered["name"])
    return "starting"


def _newest_progress(events: list[Any]) -> Mapping[str, Any]:
    for event in events:
        output = event.get("stateExitedEventDetails", {}).get("output")
        if output is None:
            continue
        state = json.loads(output)
        progress = state.get("progress") if isinstance(state, dict) else None
        if isinstance(progress, dict):
            return progress
    return {}
