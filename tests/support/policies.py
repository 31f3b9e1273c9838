"""The policy of docs/command-line.md: which statements each verb needs, and with names in them."""

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.support.markdown import document, table_rows

PAGE = document("docs/command-line.md")
_SID = re.compile(r"`([A-Z]\w+)`")
_AS_OF = re.compile(r"those of (?:`([a-z ]+)`)(?: and of `([a-z ]+)`)?")


def verbs() -> dict[str, str]:
    """What the table says of each verb."""
    return {row[0].strip("`"): row[1] for row in table_rows(PAGE.section("What each verb needs"))}


def sids_of(verb: str) -> set[str]:
    """The statements that the table names for a verb."""
    said = verbs()[verb]
    found = set(_SID.findall(said))
    if others := _AS_OF.search(said):
        for other in filter(None, others.groups()):
            found |= sids_of(other)
    return found


def statements() -> dict[str, dict[str, Any]]:
    """Those of the page's policy, by their Sids."""
    (text,) = [each.body for each in PAGE.fences if each.label == "policy"]
    return {each["Sid"]: each for each in json.loads(text)["Statement"]}


def actions_of(verb: str) -> set[str]:
    """The actions that a verb is granted."""
    known = statements()
    return {action for sid in sids_of(verb) for action in known[sid]["Action"]}


def policy_of(verb: str, names: Mapping[str, str]) -> str:
    """The verb's policy, with a deployment's names in it."""
    known = statements()
    chosen = [known[sid] for sid in sorted(sids_of(verb))]
    text = json.dumps({"Version": "2012-10-17", "Statement": chosen})
    for name, value in names.items():
        text = text.replace(f"<{name}>", value)
    assert "<" not in text
    return text
