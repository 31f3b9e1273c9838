"""Every task that calls a function is tried again after what AWS says may pass by itself."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.project_files import STATE_MACHINES

# AWS Step Functions developer guide, "Handle transient Lambda service exceptions"; and throttling.
OF_LAMBDA = {
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
}
THROTTLED = "Lambda.TooManyRequestsException"


def tasks(states: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every task that calls a function, those of maps too."""
    for name, state in states.items():
        if state["Type"] == "Task" and "FunctionArn" in state["Resource"]:
            yield name, state
        inner = state.get("ItemProcessor") or {}
        yield from tasks(inner.get("States", {}))


@pytest.mark.parametrize("path", sorted(STATE_MACHINES.glob("*.asl.json")), ids=lambda p: p.name)
def should_try_again_after_what_aws_lists_as_passing(path: Path) -> None:
    found = dict(tasks(json.loads(path.read_text("utf-8"))["States"]))
    assert found
    for name, task in found.items():
        retried = {error for retry in task["Retry"] for error in retry["ErrorEquals"]}
        assert retried >= OF_LAMBDA | {THROTTLED}, name
