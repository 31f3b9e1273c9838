"""The recorded session of docs/command-line.md: what was typed, and what came on standard output.

What differs from run to run is written alike: times, ids, and the names of buckets.
"""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.support.markdown import document

PROMPT = "$ "
_ID = re.compile(r"\b[0-9a-f]{32}\b")
_SECONDS = re.compile(r"\b\d+\.\d s\b")


@dataclass(frozen=True, slots=True)
class Step:
    """A command line without the prompt, and its lines of output."""

    command: str
    output: str

    @property
    def arguments(self) -> list[str]:
        return shlex.split(self.command)[1:]

    @property
    def verb(self) -> str:
        return self.arguments[0]


def recorded() -> list[Step]:
    """The session as the page has it."""
    fences = document("docs/command-line.md").fences
    (text,) = [each.body for each in fences if each.label == "session"]
    steps = text.split(PROMPT)[1:]
    return [Step(*step.split("\n", 1)) for step in steps]


def alike(output: str, names: Mapping[str, str] | None = None) -> str:
    """The output with what differs written alike; the keys of `names` as their values."""
    for said, shown in (names or {}).items():
        output = output.replace(said, shown)
    lines = _SECONDS.sub("0.0 s", output).splitlines()
    return "\n".join(line.rstrip() for line in lines).strip()


def id_in(output: str) -> str:
    """The drop's id in what `drop` printed."""
    found = _ID.search(output)
    assert found, output
    return found[0]


def played(steps: list[Step], run: Callable[[list[str]], str], names: Mapping[str, str]) -> str:
    """The session once more, by `run`, as the page has it: with the page's id for its own."""
    known = dict(names)
    shown = []
    for step in steps:
        arguments = step.arguments
        for own, on_page in known.items():
            arguments = [each.replace(on_page, own) for each in arguments]
        output = run(arguments)
        if step.verb == "drop":
            own, on_page = id_in(output), id_in(step.output)
            known |= {own: on_page, own[:8]: on_page[:8]}
        shown.append(f"{PROMPT}{step.command}\n{alike(output, known)}\n")
    return "\n".join(shown)
