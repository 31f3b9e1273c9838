"""A picture shows every state of a machine and every way out of it."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from docs.drawing import draw
from infra.project_files import PROJECT

MACHINES = sorted((PROJECT / "statemachine").glob("*.asl.json"))


def machines(definition: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A machine and those inside it."""
    yield definition
    for state in definition["States"].values():
        for inner in (*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])):
            yield from machines(inner)


def ways(state: Mapping[str, Any]) -> list[str]:
    """The states that may follow, by their names; one for each rule."""
    targets = [state["Next"]] if "Next" in state else []
    targets += [rule["Next"] for rule in state.get("Choices", ())]
    targets += [catcher["Next"] for catcher in state.get("Catch", ())]
    return targets + ([state["Default"]] if "Default" in state else [])


def name_of(state: str) -> str:
    return re.sub(r"\W", "_", state)


@pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.name)
def should_show_every_state_and_every_way_of_the_shipped_machines(path: Path) -> None:
    definition = json.loads(path.read_text("utf-8"))
    picture = [line.strip() for line in draw(definition).splitlines()]
    for machine in machines(definition):
        assert f"[*] --> {name_of(machine['StartAt'])}" in picture
        for name, state in machine["States"].items():
            declared = rf'state (".*" as )?{name_of(name)}( <<choice>>| {{)?'
            assert any(re.fullmatch(declared, line) for line in picture), name
            for target in ways(state):
                way = f"{name_of(name)} --> {name_of(target)}"
                assert any(line.split(" : ")[0] == way for line in picture), way


@pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.name)
def should_draw_only_lines_that_mermaid_reads(path: Path) -> None:
    first, *lines = draw(json.loads(path.read_text("utf-8"))).splitlines()
    place = r"(\[\*\]|\w+)"
    known = rf'{place} --> {place}( : [^:;"#]+)?|state ("[^"]+" as )?\w+( <<choice>>| {{)?|}}|--'
    assert first == "stateDiagram-v2"
    for line in lines:
        assert re.fullmatch(known, line.strip()), line


def should_tell_states_apart_whose_names_differ_by_a_sign() -> None:
    picture = draw(
        {
            "StartAt": "Sent",
            "States": {
                "Sent": {"Type": "Pass", "Next": "Sent?"},
                "Sent?": {"Type": "Choice", "Choices": [], "Default": "Sent"},
            },
        }
    )
    assert "Sent --> Sent_\n" in picture
    assert "Sent_ --> Sent : otherwise\n" in picture


@pytest.mark.parametrize(
    ("rule", "label"),
    [
        ({"Variable": "$.a.status", "StringEquals": "failed"}, "failed"),
        ({"Variable": "$.a.again", "BooleanEquals": True}, "again"),
        ({"Variable": "$.a.again", "BooleanEquals": False}, "not again"),
        ({"Variable": "$.a.again", "IsPresent": True}, "has again"),
        ({"Variable": "$.left", "NumericGreaterThan": 0}, "left > 0"),
        ({"Variable": "$.left", "NumericLessThanEqualsPath": "$.a.most"}, "left ≤ most"),
        ({"Variable": "$.name", "StringMatches": "a*"}, "name StringMatches a*"),
        (
            {
                "And": [
                    {"Variable": "$.s", "StringEquals": "a"},
                    {"Not": {"Variable": "$.s", "StringEquals": "b"}},
                ]
            },
            "a and not (b)",
        ),
    ],
)
def should_say_a_condition_in_words(rule: dict[str, Any], label: str) -> None:
    choice = {"Type": "Choice", "Choices": [{**rule, "Next": "End"}]}
    picture = draw({"StartAt": "Way", "States": {"Way": choice, "End": {"Type": "Succeed"}}})
    assert f"Way --> End : {label}\n" in picture


@pytest.mark.parametrize(
    ("errors", "label"),
    [
        (["States.ALL"], "any error"),
        (["Rejected"], "Rejected"),
        (["A", "B", "C"], "final error"),
    ],
)
def should_say_which_error_leads_elsewhere(errors: list[str], label: str) -> None:
    task = {"Type": "Task", "End": True, "Catch": [{"ErrorEquals": errors, "Next": "Off"}]}
    picture = draw({"StartAt": "Do", "States": {"Do": task, "Off": {"Type": "Fail"}}})
    assert f"Do --> Off : {label}\n" in picture


def should_draw_the_branches_of_a_parallel_apart() -> None:
    branch = {"StartAt": "{}", "States": {}}
    branches = [
        {**branch, "StartAt": name, "States": {name: {"Type": "Pass", "End": True}}}
        for name in ("Left", "Right")
    ]
    both = {"Type": "Parallel", "Branches": branches, "End": True}
    picture = draw({"StartAt": "Both", "States": {"Both": both}})
    assert picture.index("[*] --> Left") < picture.index("--\n", picture.index("Left --> [*]"))
    assert "[*] --> Right" in picture
