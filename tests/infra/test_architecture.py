"""The tables of functions in docs/architecture.md are what is deployed."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from infra.project_files import PROJECT
from tests.infra.conftest import Deployment
from tests.support.markdown import document, table_rows

PAGE = document("docs/architecture.md").section("Functions")
RUNBOOK = document("docs/runbook.md")
PACKAGES = {"Pipeline": "pipeline", "CodingService": "coding_service"}
STACKS = pytest.mark.parametrize("stack", PACKAGES)


def rows(stack: str) -> dict[str, list[str]]:
    """The cells of each function, by its handler's module: `pipeline.submit.handler`."""
    package = PACKAGES[stack]
    (table,) = (each for each in PAGE.split("\n\n") if f"handler in `lambdas/{package}/`" in each)
    cells = table_rows(f"{table}\n")
    return {f"{package}.{_named(row[1])[0].replace('/', '.')}": row for row in cells}


def _named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def functions(deployment: Deployment, stack: str) -> dict[str, str]:
    """Logical ids of the functions by their handler's module."""
    found = deployment.resources("AWS::Lambda::Function", stack)
    return {
        each["Handler"].removesuffix(".handler"): key.split("/")[1] for key, each in found.items()
    }


def watching(deployment: Deployment, stack: str, logical_id: str) -> set[str]:
    """The alarms on a function's own metrics, as their sections in the runbook are named."""
    return {
        alarm["AlarmDescription"].rpartition("#")[2]
        for alarm in deployment.resources("AWS::CloudWatch::Alarm", stack).values()
        if {"Ref": logical_id} in [each["Value"] for each in alarm.get("Dimensions", [])]
    }


def calling(deployment: Deployment, stack: str, logical_id: str) -> set[str]:
    """The states of the stack's machines that run a function."""
    machines = deployment.resources("AWS::StepFunctions::StateMachine", stack).values()
    return {
        name
        for machine in machines
        for name, state in _states(_definition(machine))
        if state.get("Resource") == logical_id
    }


def _states(machine: Any) -> Iterator[tuple[str, Any]]:
    for name, state in machine["States"].items():
        yield name, state
        for inner in (*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])):
            yield from _states(inner)


def _definition(machine: dict[str, Any]) -> Any:
    """The definition with each reference written as what it refers to."""
    parts = machine["DefinitionString"]["Fn::Join"][1]
    return json.loads("".join(each if isinstance(each, str) else _target(each) for each in parts))


def _target(reference: dict[str, Any]) -> str:
    (target,) = reference.values()
    return target if isinstance(target, str) else str(target[0])


@STACKS
def should_have_a_row_for_each_function_and_no_other(aws: Deployment, stack: str) -> None:
    assert set(rows(stack)) == set(functions(aws, stack))


@STACKS
def should_name_the_construct_that_makes_the_function(aws: Deployment, stack: str) -> None:
    for module, (function, _, construct, *_) in rows(stack).items():
        place, _, name = _named(construct)[0].partition("::")
        source = (PROJECT / place).read_text("utf-8")
        assert f"class {name}(Construct)" in source
        assert f'"{function}"' in source, place
        assert f'module="{module.partition(".")[2]}"' in source, place
        assert f"{function}Function" in functions(aws, stack)[module]


@STACKS
def should_name_the_states_that_run_the_function(aws: Deployment, stack: str) -> None:
    for module, row in rows(stack).items():
        assert set(_named(row[3])) == calling(aws, stack, functions(aws, stack)[module]), module


@STACKS
def should_name_the_alarms_that_watch_the_function(aws: Deployment, stack: str) -> None:
    own = {name: watching(aws, stack, key) for name, key in functions(aws, stack).items()}
    for module, row in rows(stack).items():
        named = {alarm.lower() for alarm in _named(row[4])}
        assert own[module], module
        assert own[module] <= named, module


def should_name_every_alarm_once() -> None:
    alarms = set(re.findall(r"^### (\w+)$", RUNBOOK.text, re.MULTILINE))
    named = Counter(span for span in _named(PAGE) if span in alarms)
    assert named == dict.fromkeys(alarms, 1)
