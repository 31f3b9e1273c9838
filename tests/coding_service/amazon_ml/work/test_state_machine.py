"""The state machine of predictions against the function and the errors that it names."""

import inspect
import json
import re
from typing import Any

from coding_service.amazon_ml.entities import BatchPrediction, DataSource
from coding_service.amazon_ml.work import handler as machine_learning_work
from coding_service.amazon_ml.work.step import WorkStage
from coding_service.errors import TryAgain, leaves
from infra.project_files import STATE_MACHINES

MACHINE = json.loads((STATE_MACHINES / "predictions.asl.json").read_text("utf-8"))
STATES: dict[str, Any] = MACHINE["States"]
PREDICT: dict[str, Any] = STATES["Predict"]["ItemProcessor"]["States"]["Predict a range"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}


def should_name_only_steps_that_the_function_knows() -> None:
    named = {task["Parameters"]["step"] for task in TASKS.values()}
    named.add(STATES["Predict"]["ItemSelector"]["step"])
    source = inspect.getsource(machine_learning_work)
    assert named == set(re.findall(r'case "(\w+)":', source))


def should_try_again_what_may_succeed_at_every_task() -> None:
    for task in [*TASKS.values(), PREDICT]:
        retried = {name for rule in task["Retry"] for name in rule["ErrorEquals"]}
        assert leaves(TryAgain) <= retried
        assert {"Lambda.Unknown", "Sandbox.Timedout", "States.Timeout"} <= retried


def should_tell_of_every_failure_of_the_work() -> None:
    for name, state in STATES.items():
        if name != "Tell why" and state["Type"] in ("Task", "Map"):
            (rule,) = state["Catch"]
            assert rule == {
                "ErrorEquals": ["States.ALL"],
                "ResultPath": "$.caught",
                "Next": "Tell why",
            }
    assert STATES["Explained?"]["Default"] == "Broken"


def should_choose_by_words_that_the_function_says() -> None:
    chosen = {
        choice["StringEquals"] for state in STATES.values() for choice in state.get("Choices", [])
    }
    assert chosen - {DataSource.kind} <= set(WorkStage)
    assert STATES["Which?"]["Default"] == "Begin"
    assert BatchPrediction.kind not in chosen


def should_lead_to_states_that_exist() -> None:
    text = json.dumps(MACHINE)
    assert set(re.findall(r'"(?:Next|Default|StartAt)": "([^"]+)"', text)) <= {
        *STATES,
        "Predict a range",
    }
    assert set(re.findall(r"\$\{(\w+)\}", text)) == {
        "WorkFunctionArn",
        "InferenceConcurrency",
        "Partition",
    }
