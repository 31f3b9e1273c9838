"""Draws a state machine's file as a Mermaid diagram: `python -m docs.drawing FILE.asl.json`.

The pictures in the documents are this program's output for the shipped files: `docs/blocks.py`.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

INDENT = "    "
# The comparisons of Amazon States Language that have a sign; others are written by their names.
SIGNS = {
    "Equals": "=",
    "LessThan": "<",
    "LessThanEquals": "≤",
    "GreaterThan": ">",
    "GreaterThanEquals": "≥",
}
NAMED_ERRORS = 2  # a label with more errors than that would be wider than the picture
_COMPARISON = re.compile(
    r"(?:String|Numeric|Boolean|Timestamp)(?P<relation>" + "|".join(SIGNS) + r")(?:Path)?"
)
_NOT_IN_LABELS = re.compile(r"[:;\"\n#]+")  # what ends a label in Mermaid's grammar


def draw(definition: Mapping[str, Any]) -> str:
    """The Mermaid text for a decoded Amazon States Language definition.

    A Map is drawn around the states that it repeats, a Parallel around its branches. Retries are
    left out: they lead back to where they come from.
    """
    return "\n".join(["stateDiagram-v2", *_machine(definition, depth=1)]) + "\n"


def _machine(machine: Mapping[str, Any], *, depth: int) -> Iterator[str]:
    pad = INDENT * depth
    yield f"{pad}[*] --> {_id(machine['StartAt'])}"
    for name, state in machine["States"].items():
        yield from _declaration(name, state, depth=depth)
        for target, label in _transitions(state):
            suffix = f" : {_NOT_IN_LABELS.sub(' ', label)}" if label else ""
            yield f"{pad}{_id(name)} --> {target}{suffix}"


def _declaration(name: str, state: Mapping[str, Any], *, depth: int) -> Iterator[str]:
    pad = INDENT * depth
    if state["Type"] == "Map":
        yield f'{pad}state "{name}: for each" as {_id(name)} {{'
        yield from _machine(state["ItemProcessor"], depth=depth + 1)
        yield f"{pad}}}"
    elif state["Type"] == "Parallel":
        yield f'{pad}state "{name}" as {_id(name)} {{'
        for number, branch in enumerate(state["Branches"]):
            if number:
                yield f"{pad}{INDENT}--"
            yield from _machine(branch, depth=depth + 1)
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
        yield _id(catcher["Next"]), _caught(catcher["ErrorEquals"])
    if state.get("End") or state["Type"] in ("Succeed", "Fail"):
        yield "[*]", ""


def _caught(errors: list[str]) -> str:
    if "States.ALL" in errors:
        return "any error"
    return " or ".join(errors) if len(errors) <= NAMED_ERRORS else "final error"


def _condition(rule: Mapping[str, Any]) -> str:
    """A choice's test in words; its variables' last names say enough in a picture."""
    for operator, word in (("And", " and "), ("Or", " or ")):
        if operator in rule:
            return word.join(_condition(part) for part in rule[operator])
    if "Not" in rule:
        return f"not ({_condition(rule['Not'])})"
    variable = rule["Variable"].rsplit(".", 1)[-1]
    ((operator, value),) = (
        (key, value) for key, value in rule.items() if key not in ("Variable", "Next", "Comment")
    )
    if operator == "StringEquals":
        return str(value)
    if operator == "BooleanEquals":
        return str(variable if value else f"not {variable}")
    if operator == "IsPresent":
        return f"has {variable}" if value else f"no {variable}"
    compared = _COMPARISON.fullmatch(operator)
    other = value.rsplit(".", 1)[-1] if operator.endswith("Path") else value
    return f"{variable} {SIGNS[compared['relation']] if compared else operator} {other}"


def _id(name: str) -> str:
    """A name that Mermaid takes. A state's name is unique in its whole machine, and so is this:
    `Submitted?` and `Submitted` stay two."""
    return re.sub(r"\W", "_", name)


if __name__ == "__main__":
    sys.stdout.write(draw(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
