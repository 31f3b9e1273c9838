"""The sums of docs/cost.md follow from the shipped state machine and policy."""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.project_files import PROJECT
from pipeline.rate_limit.polling import STANDARD
from tests.support.markdown import document, table_rows

PAGE = document("docs/cost.md")
PER_TRANSITION = 0.025 / 1000  # dollars: Step Functions, standard workflows
# How each task ends when all goes well at the first status check.
ENDS_AS = {
    "Submit": "awaiting_input",
    "Check status": "complete",
    "Collect": "collected",
    "Finish": "complete",
}


def walked(machine: Mapping[str, Any], status: str = "") -> Iterator[str]:
    """The states that one drop of one part goes through when all goes well."""
    name = machine["StartAt"]
    while name:
        state = machine["States"][name]
        yield name
        status = ENDS_AS.get(name, status)
        if "ItemProcessor" in state:
            yield from walked(state["ItemProcessor"])
        following = [
            rule["Next"]
            for rule in state.get("Choices", ())
            if rule.get("StringEquals") == status and rule["Variable"].endswith("status")
        ]
        name = next(iter(following), state.get("Next", state.get("Default", "")))


def should_count_the_transitions_of_the_shipped_machine() -> None:
    machine = json.loads((PROJECT / "statemachine" / "drop.asl.json").read_text("utf-8"))
    states = list(walked(machine))
    assert states[-1] == "Complete"
    assert states.count("Check status") == 1
    assert f"A file takes {len(states)}," in " ".join(PAGE.prose.split())
    for _, checks, _, transitions, price in table_rows(PAGE.section("A file")):
        assert int(transitions) == len(states) + 3 * (int(checks) - 1)
        assert float(price.strip("$")) == round(int(transitions) * PER_TRANSITION, 4)


def should_count_the_checks_of_the_shipped_policy() -> None:
    units = {"minute": 60, "hour": 3_600}
    for takes, checks, *_ in table_rows(PAGE.section("A file")):
        found = re.fullmatch(r"(\d+) (minute|hour)s?", takes)
        assert found
        assert abs(int(checks) - checks_of(int(found[1]) * units[found[2]])) <= 1, takes


def checks_of(seconds: int) -> int:
    """Status checks until an operation of this length is seen to be complete, on an average."""
    policy = dataclasses.replace(STANDARD, chance=lambda: 0.5)
    waited, checks = 0, 0
    while waited < seconds:
        waited += policy.wait(waited)
        checks += 1
    return checks
