"""Runs a state machine file on simulated time."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from infra.project_files import STATE_MACHINES
from simulation.agenda import Process
from simulation.state_machine.paths import Context, PathMissing, State
from simulation.state_machine.states import (
    EVENTS,
    EVENTS_OF_OTHERS,
    KNOWN_OF_ALL,
    ChoiceState,
    DistributedMapState,
    FailState,
    MapState,
    PassState,
    StateFailed,
    StateType,
    SucceedState,
    Tally,
    Task,
    TaskState,
    Visit,
    WaitState,
)

FIELDS = {
    "Task": TaskState.FIELDS,
    "Map": MapState.FIELDS,
    "Choice": ChoiceState.FIELDS,
    "Wait": WaitState.FIELDS,
    "Pass": PassState.FIELDS,
    "Succeed": SucceedState.FIELDS,
    "Fail": FailState.FIELDS,
}
PLAIN: dict[str, Callable[[Mapping[str, Any]], StateType]] = {
    "Choice": ChoiceState,
    "Wait": WaitState,
    "Pass": PassState,
    "Succeed": SucceedState,
    "Fail": FailState,
}


def shipped(file_name: str, numbers: Mapping[str, int] | None = None) -> dict[str, Any]:
    """A shipped definition; each of its placeholders is filled with its own name, or its number."""
    text = (STATE_MACHINES / file_name).read_text(encoding="utf-8")
    for name, number in (numbers or {}).items():
        text = text.replace(f'"${{{name}}}"', str(number))
    definition: dict[str, Any] = json.loads(re.sub(r"\$\{(\w+)\}", r"\1", text))
    return definition


@dataclass(frozen=True, slots=True)
class _Named:
    kind: str
    state: StateType


class StateMachine:
    """A definition; `tasks` gives what its resources do."""

    def __init__(
        self, definition: Mapping[str, Any], tasks: Mapping[str, Task], chance: Random
    ) -> None:
        self._start: str = definition["StartAt"]
        self._states = {
            name: _Named(written["Type"], _state(name, written, tasks, chance))
            for name, written in definition["States"].items()
        }

    def execution(self, state: State, context: Context, tally: Tally) -> Process:
        """A process that ends with the last state's output, or fails as `StateFailed`."""
        visit = Visit(state, context, tally)
        tally.weigh(state)
        name: str | None = self._start
        while name is not None:
            here = self._states[name]
            tally.transitions += 1
            tally.events += EVENTS.get(here.kind, EVENTS_OF_OTHERS)
            try:
                name = yield from here.state.run(visit)
                tally.weigh(visit.state)
            except PathMissing as missing:
                raise StateFailed("States.Runtime", f"no {missing} in {name}") from None
        return visit.state


def _state(
    name: str, written: Mapping[str, Any], tasks: Mapping[str, Task], chance: Random
) -> StateType:
    kind = written["Type"]
    processor = written.get("ItemProcessor", {})
    distributed = processor.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED"
    if kind not in FIELDS:
        raise NotImplementedError(f"state {name}: type {kind}")
    known = DistributedMapState.FIELDS if distributed else FIELDS[kind]
    unknown = set(written) - set(known.split()) - KNOWN_OF_ALL
    if unknown:
        raise NotImplementedError(f"state {name}: {', '.join(sorted(unknown))}")
    if kind == "Task":
        return TaskState(written, tasks[written["Resource"]], chance)
    if kind == "Map":
        inner = StateMachine(processor, tasks, chance)
        if distributed:
            return DistributedMapState(written, inner, tasks[written["ItemReader"]["Resource"]])
        return MapState(written, inner)
    return PLAIN[kind](written)
