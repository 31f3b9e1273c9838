"""Draws a state machine file as a Mermaid diagram: `python docs/drawing.py FILE.asl.json`.

The README's picture is this program's output for the shipped file; a test keeps them the same.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

INDENT = "    "


def draw(definition: Mapping[str, Any]) -> str:
    """The Mermaid text for a decoded Amazon States Language definition."""
    return "\n".join(["stateDiagram-v2", *_machine(definition, depth=1)]) + "\n"


def _machine(machine: Mapping[str, Any], *, depth: int) -> Iterator[str]:
    pad = INDENT * depth
    yield f"{pad}[*] --> {_id(machine['StartAt'])}"
    for name, state in machine["States"].items():
        yield from _declaration(name, state, depth=depth)
        for target, label in _transitions(state):
            suffix = f" : {label}" if label else ""
            yield f"{pad}{_id(name)} --> {target}{suffix}"


def _declaration(name: str, state: Mapping[str, Any], *, depth: int) -> Iterator[str]:
    pad = INDENT * depth
    if state["Type"] == "Map":
        yield f'{pad}state "{name}: for each" as {_id(name)} {{'
        yield from _machine(state["ItemProcessor"], depth=depth + 1)
        yield f"{pad}}}"
    elif state["Type"] == "Choice":
        yield f"{pad}state {_id(name)} <<choice>>"
    else:
        yield f'{pad}state "{name}" as {_id(name)}'


def _transitions(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for rule in state.get("Choices", ()):
        yield _id(rule["Next"]), _condition(rule)
    if "Default" in state:
        yield _id(state["Default"]), "otherwise"
    if "Next" in state:
        yield _id(state["Next"]), ""
    for catcher in state.get("Catch", ()):
        yield _id(catcher["Next"]), "final error"
    if state.get("End") or state["Type"] in ("Succeed", "Fail"):
        yield "[*]", ""


def _condition(rule: Mapping[str, Any]) -> str:
    """A choice's test in words; its variables' last names say enough in a picture."""
    for operator, word in (("And", " and "), ("Or", " or ")):
        if operator in rule:
            return word.join(_condition(part) for part in rule[operator])
    variable = rule["Variable"].rsplit(".", 1)[-1]
    if "BooleanEquals" in rule:
        return str(variable if rule["BooleanEquals"] else f"not {variable}")
    if "IsPresent" in rule:
        return f"has {variable}" if rule["IsPresent"] else f"no {variable}"
    value = next(value for key, value in rule.items() if key not in ("Variable", "Next", "Comment"))
    return str(value)


def _id(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_")


if __name__ == "__main__":
    sys.stdout.write(draw(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
