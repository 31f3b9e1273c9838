"""The interpreter runs state machines as Step Functions does, as far as the shipped ones need."""

import json
from random import Random
from typing import Any

import pytest

from simulation.agenda import Agenda
from simulation.state_machine.machine import StateMachine, shipped
from simulation.state_machine.states import StateFailed, Tally, Task, TaskResult


class Runs:
    """One execution, run to its end."""

    def __init__(
        self,
        states: dict[str, Any],
        state: Any,
        tasks: dict[str, Task] | None = None,
        tally: Tally | None = None,
    ) -> None:
        definition = {"StartAt": next(iter(states)), "States": states}
        self.agenda, self.tally = Agenda(0.0), tally or Tally()
        self.output: Any = None
        self.failure: BaseException | None = None
        machine = StateMachine(definition, tasks or {}, Random(1))  # noqa: S311
        process = machine.execution(state, {"Execution": {"Name": "it"}}, self.tally)
        self.agenda.start(process, self._ended, StateFailed)
        self.agenda.run()

    def _ended(self, output: Any, failure: BaseException | None) -> None:
        self.output, self.failure = output, failure


def failing(times: int, error: str = "Busy", *, seconds: float = 1.0) -> Task:
    """A task that fails so often before it gives its payload back."""
    left = [times]

    def run(payload: Any) -> TaskResult:
        if left[0]:
            left[0] -= 1
            return TaskResult(seconds, failure=StateFailed(error, "why"))
        return TaskResult(seconds, payload)

    return run


def a_task(**more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": "work", "End": True, **more}


RETRY = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 2}]


def should_fill_templates_and_place_results_when_a_task_runs() -> None:
    states = {"Do": a_task(Parameters={"a.$": "$.x[1]", "b": ["$.x"]}, ResultPath="$.y.z")}
    assert Runs(states, {"x": [1, 2]}, {"work": failing(0)}).output == {
        "x": [1, 2],
        "y": {"z": {"a": 2, "b": ["$.x"]}},
    }


def should_try_again_after_growing_delays_when_the_error_is_named() -> None:
    run = Runs({"Do": a_task(Retry=RETRY)}, 1, {"work": failing(2)})
    assert run.output == 1
    assert run.agenda.now == 3 * 1 + 2 + 6
    assert run.tally.transitions == 3  # each retry is charged


def should_go_to_the_catcher_when_the_retries_are_used_up() -> None:
    states = {
        "Do": a_task(
            Retry=RETRY,
            Catch=[{"ErrorEquals": ["Busy"], "ResultPath": "$.caught", "Next": "Caught"}],
        ),
        "Caught": {"Type": "Succeed"},
    }
    run = Runs(states, {}, {"work": failing(3)})
    assert run.output == {"caught": {"Error": "Busy", "Cause": "why"}}


def should_fail_when_nobody_catches_the_error() -> None:
    run = Runs({"Do": a_task(Retry=RETRY)}, {}, {"work": failing(1, "Other")})
    assert isinstance(run.failure, StateFailed)
    assert run.failure.error == "Other"


def should_time_out_when_a_task_takes_too_long() -> None:
    run = Runs({"Do": a_task(TimeoutSeconds=5)}, {}, {"work": failing(0, seconds=9)})
    assert run.agenda.now == 5
    assert isinstance(run.failure, StateFailed)
    assert run.failure.error == "States.Timeout"


@pytest.mark.parametrize(("at_once", "seconds"), [(0, 3), (1, 12), (2, 6), (9, 3)])
def should_run_so_many_items_at_once_when_a_map_says_so(at_once: int, seconds: float) -> None:
    states = {
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "MaxConcurrency": at_once,
            "ItemSelector": {"n.$": "$$.Map.Item.Value", "of.$": "$.name"},
            "ItemProcessor": {"StartAt": "Do", "States": {"Do": a_task()}},
            "ResultPath": "$.done",
            "End": True,
        }
    }
    run = Runs(states, {"items": [4, 3, 2, 1], "name": "x"}, {"work": failing(0, seconds=3)})
    assert run.output["done"] == [{"n": n, "of": "x"} for n in (4, 3, 2, 1)]
    assert run.agenda.now == seconds


def should_fail_as_a_whole_when_one_item_of_a_map_fails() -> None:
    states = {
        "Each": {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "Do", "States": {"Do": a_task()}},
            "End": True,
        }
    }
    run = Runs(states, [1, 2, 3], {"work": failing(1)})
    assert isinstance(run.failure, StateFailed)


def a_distributed_map(**of_child: Any) -> dict[str, Any]:
    return {
        "Each": {
            "Type": "Map",
            "Label": "Each",
            "MaxConcurrency": 2,
            "ItemReader": {"Resource": "reader", "Parameters": {"Key.$": "$.key"}},
            "ItemSelector": {"n.$": "$$.Map.Item.Value"},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED"},
                "StartAt": "Do",
                "States": {"Do": a_task(**of_child)},
            },
            "ResultPath": None,
            "End": True,
        }
    }


def reader(payload: Any) -> TaskResult:
    return TaskResult(1.0, list(range(int(payload["Key"]))))


def should_count_the_events_of_children_apart_when_a_map_is_distributed() -> None:
    runs = [
        Runs(a_distributed_map(), {"key": count}, {"work": failing(0), "reader": reader})
        for count in ("4", "400")
    ]
    assert [run.tally.events for run in runs] == [6, 6]
    assert [run.tally.events_of_a_child for run in runs] == [5, 5]
    assert [run.tally.transitions for run in runs] == [1 + 2 * 4, 1 + 2 * 400]
    assert [run.output for run in runs] == [{"key": "4"}, {"key": "400"}]
    assert [run.agenda.now for run in runs] == [1 + 4 / 2, 1 + 400 / 2]


def should_fail_without_the_reason_when_a_child_of_a_distributed_map_fails() -> None:
    tasks = {"work": failing(1), "reader": reader}
    run = Runs(a_distributed_map(), {"key": "3"}, tasks)
    assert isinstance(run.failure, StateFailed)
    assert run.failure.error == "States.ExceedToleratedFailureThreshold"


def should_weigh_the_largest_state_and_what_all_children_give_when_asked() -> None:
    tally = Tally(weighs=True)
    Runs(a_distributed_map(), {"key": "1000"}, {"work": failing(0), "reader": reader}, tally)
    assert tally.bytes == len(json.dumps([{"n": n} for n in range(1000)], separators=(",", ":")))


@pytest.mark.parametrize(
    ("state", "ends"),
    [
        ({"s": "a"}, "A"),
        ({"s": "b", "flag": True}, "B"),
        ({"s": "b", "flag": False}, "Else"),
        ({"s": 1, "n": 7}, "Many"),
        ({"s": None, "n": 2}, "Else"),
    ],
)
def should_choose_the_first_rule_that_holds(state: dict[str, Any], ends: str) -> None:
    states: dict[str, Any] = {
        "Which": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.s", "StringEquals": "a", "Next": "A"},
                {
                    "And": [
                        {"Variable": "$.s", "StringEquals": "b"},
                        {"Variable": "$.flag", "BooleanEquals": True},
                    ],
                    "Next": "B",
                },
                {
                    "And": [
                        {"Variable": "$.n", "IsPresent": True},
                        {"Not": {"Variable": "$.n", "NumericLessThan": 5}},
                    ],
                    "Next": "Many",
                },
            ],
            "Default": "Else",
        }
    }
    for name in ("A", "B", "Many", "Else"):
        states[name] = {"Type": "Pass", "Result": name, "End": True}
    assert Runs(states, state).output == ends


def should_wait_and_keep_the_state_when_a_path_says_how_long() -> None:
    run = Runs({"Wait": {"Type": "Wait", "SecondsPath": "$.s", "End": True}}, {"s": 30})
    assert (run.output, run.agenda.now) == ({"s": 30}, 30)


def should_fail_with_the_cause_that_a_path_names() -> None:
    run = Runs({"No": {"Type": "Fail", "Error": "E", "CausePath": "$.why"}}, {"why": "so"})
    assert isinstance(run.failure, StateFailed)
    assert (run.failure.error, run.failure.cause) == ("E", "so")


@pytest.mark.parametrize(
    "states",
    [
        {"Do": a_task(HeartbeatSeconds=1)},
        {"Do": {"Type": "Parallel", "Branches": [], "End": True}},
        {"Do": a_task(Parameters={"a.$": "States.UUID()"})},
        {"Do": {"Type": "Choice", "Choices": [{"Variable": "$", "StringMatches": "a*"}]}},
    ],
)
def should_refuse_what_it_does_not_know(states: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedError):
        Runs(states, {}, {"work": failing(0)})


def should_know_every_state_of_the_shipped_machine() -> None:
    class EveryTask(dict[str, Task]):
        def __missing__(self, name: str) -> Task:
            return failing(0)

    StateMachine(shipped("drop.asl.json"), EveryTask(), Random(1))  # noqa: S311
