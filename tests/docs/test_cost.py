"""The sums of docs/cost.md follow from the shipped state machine and policy."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from dropcoder.estimates.estimate import FILE_TRANSITIONS, checks_until, transitions
from infra.project_files import PROJECT
from simulation.cloud.costs import TRANSITION
from tests.support.markdown import document, table_rows

PAGE = document("docs/cost.md")
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
    assert len(states) == FILE_TRANSITIONS
    assert f"A file takes {len(states)}," in " ".join(PAGE.prose.split())
    for _, checks, _, counted, price in table_rows(PAGE.section("A file")):
        assert int(counted) == transitions(int(checks))
        assert float(price.strip("$")) == round(int(counted) * TRANSITION, 4)


def should_count_the_checks_of_the_shipped_policy() -> None:
    units = {"minute": 60, "hour": 3_600}
    for takes, checks, *_ in table_rows(PAGE.section("A file")):
        found = re.fullmatch(r"(\d+) (minute|hour)s?", takes)
        assert found
        assert abs(int(checks) - checks_until(int(found[1]) * units[found[2]])) <= 1, takes
