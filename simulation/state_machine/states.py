"""The states of the Amazon States Language (JSONPath) that the shipped definitions use.

A field that is not known here is refused: to pass over it silently could make the simulation
prettier than the truth.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from simulation.agenda import Gather, Process
from simulation.state_machine.choices import rule
from simulation.state_machine.paths import Context, State, placed, reader, template

EVERYTHING, TASK_FAILED = "States.ALL", "States.TaskFailed"
NOT_TASK_FAILED = ("States.Timeout", "States.Runtime", "States.DataLimitExceeded")
KNOWN_OF_ALL = {"Type", "Comment", "Next", "End"}
EVENTS = {"Task": 5, "Map": 4}  # of an execution's history; entered, exited, and what is between
EVENTS_OF_OTHERS, EVENTS_OF_A_RETRY, EVENTS_OF_AN_ITERATION = 2, 3, 2
EVENTS_OF_A_MAP_RUN = 2  # started and ended; its children have histories of their own
CHILD_FAILED = "States.ExceedToleratedFailureThreshold"


class StateFailed(Exception):
    """A state failed, with an error's name; whoever catches it goes on."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(f"{error}: {cause}")
        self.error, self.cause = error, cause


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What a task did: how long it took, and its result or the error that it ended with."""

    seconds: float
    result: Any = None
    failure: StateFailed | None = None


Task = Callable[[Any], TaskResult]


@dataclass(slots=True)
class Tally:
    """State transitions and history events of an execution."""

    transitions: int = 0
    """Its children's too."""
    events: int = 0
    events_of_a_child: int = 0
    """Of the child with the longest history."""
    weighs: bool = False
    """Whether states are weighed, its children's too."""
    bytes: int = 0
    """Of the largest state, as JSON."""

    def weigh(self, state: State) -> None:
        if self.weighs:
            text = json.dumps(state, ensure_ascii=False, separators=(",", ":"))
            self.bytes = max(self.bytes, len(text.encode()))

    def add_child(self, child: "Tally") -> None:
        self.transitions += 1 + child.transitions  # to start it is one (Step Functions pricing)
        self.events_of_a_child = max(self.events_of_a_child, child.events)
        self.bytes = max(self.bytes, child.bytes)


@dataclass(slots=True)
class Visit:
    """A state is entered with this; its `state` becomes the output."""

    state: State
    context: Context
    tally: Tally

    def place(self, path: str | None, result: Any) -> None:
        self.state = placed(path, self.state, result)


class StateType(Protocol):
    """A process that gives the next state's name, or None at the end."""

    def run(self, visit: Visit) -> Process: ...


class SubMachine(Protocol):
    def execution(self, state: State, context: Context, tally: Tally) -> Process: ...


class TaskState:
    FIELDS = "Resource Parameters ResultPath ResultSelector TimeoutSeconds Retry Catch"

    def __init__(self, written: Mapping[str, Any], task: Task, chance: Random) -> None:
        self._written, self._task, self._chance = written, task, chance
        self._payload = template(written["Parameters"]) if "Parameters" in written else None
        self._limit = written.get("TimeoutSeconds", float("inf"))
        self._retriers = written.get("Retry", ())

    def run(self, visit: Visit) -> Process:
        payload = visit.state
        if self._payload is not None:
            payload = self._payload(visit.state, visit.context)
        tried = [0] * len(self._retriers)
        while True:
            ran = self._task(payload)
            yield min(ran.seconds, self._limit)
            failure = ran.failure
            if ran.seconds > self._limit:
                failure = StateFailed("States.Timeout")
            if failure is None:
                result = ran.result
                if "ResultSelector" in self._written:
                    result = template(self._written["ResultSelector"])(result, visit.context)
                visit.place(self._written.get("ResultPath", "$"), result)
                return self._written.get("Next")
            delay = self._retry_after(failure, tried)
            if delay is None:
                return self._caught(failure, visit)
            visit.tally.transitions += 1
            visit.tally.events += EVENTS_OF_A_RETRY
            yield delay

    def _retry_after(self, failure: StateFailed, tried: list[int]) -> float | None:
        for number, retrier in enumerate(self._retriers):
            if not _is_named(failure, retrier["ErrorEquals"]):
                continue
            if tried[number] >= retrier.get("MaxAttempts", 3):
                return None
            growth = retrier.get("BackoffRate", 2.0) ** tried[number]
            delay = retrier.get("IntervalSeconds", 1) * growth
            delay = min(delay, retrier.get("MaxDelaySeconds", delay))
            tried[number] += 1
            full = retrier.get("JitterStrategy") == "FULL"
            return float(delay * (self._chance.random() if full else 1))
        return None

    def _caught(self, failure: StateFailed, visit: Visit) -> str:
        for catcher in self._written.get("Catch", ()):
            if _is_named(failure, catcher["ErrorEquals"]):
                error = {"Error": failure.error, "Cause": failure.cause}
                visit.place(catcher.get("ResultPath", "$"), error)
                return str(catcher["Next"])
        raise failure


class MapState:
    """A Map whose iterations are part of the execution."""

    FIELDS = "ItemsPath ItemSelector ItemProcessor MaxConcurrency ResultPath"

    def __init__(self, written: Mapping[str, Any], inner: SubMachine) -> None:
        self._written, self._inner = written, inner
        self._items = reader(written.get("ItemsPath", "$"))
        self._selector = template(written["ItemSelector"]) if "ItemSelector" in written else None

    def run(self, visit: Visit) -> Process:
        items = self._items(visit.state, visit.context)
        visit.tally.events += EVENTS_OF_AN_ITERATION * len(items)
        iterations = []
        for index, item in enumerate(items):
            inside = {**visit.context, "Map": {"Item": {"Index": index, "Value": item}}}
            selected = item if self._selector is None else self._selector(visit.state, inside)
            iterations.append(self._inner.execution(selected, inside, visit.tally))
        results = yield Gather(iterations, self._written.get("MaxConcurrency", 0))
        visit.place(self._written.get("ResultPath", "$"), results)
        return self._written.get("Next")


class DistributedMapState:
    """A Map whose items come out of an object in S3, each to be a child execution."""

    FIELDS = "Label ItemReader ItemSelector ItemProcessor MaxConcurrency ResultPath"

    def __init__(self, written: Mapping[str, Any], inner: SubMachine, read: Task) -> None:
        self._written, self._inner, self._read = written, inner, read
        self._place = template(written["ItemReader"]["Parameters"])
        self._selector = template(written["ItemSelector"])

    def run(self, visit: Visit) -> Process:
        visit.tally.events += EVENTS_OF_A_MAP_RUN
        items = self._read(self._place(visit.state, visit.context))
        yield items.seconds
        children = [self._child(index, item, visit) for index, item in enumerate(items.result)]
        results = yield Gather(children, self._written.get("MaxConcurrency", 0))
        visit.tally.weigh(results)
        visit.place(self._written.get("ResultPath", "$"), results)
        return self._written.get("Next")

    def _child(self, index: int, item: Any, visit: Visit) -> Process:
        inside = {**visit.context, "Map": {"Item": {"Index": index, "Value": item}}}
        tally = Tally(weighs=visit.tally.weighs)
        try:
            return (
                yield from self._inner.execution(self._selector(visit.state, inside), inside, tally)
            )
        except StateFailed as failure:
            raise StateFailed(CHILD_FAILED, str(failure)) from None
        finally:
            visit.tally.add_child(tally)


class ChoiceState:
    FIELDS = "Choices Default"

    def __init__(self, written: Mapping[str, Any]) -> None:
        self._rules = [(rule(each), each["Next"]) for each in written["Choices"]]
        self._default = written.get("Default")

    def run(self, visit: Visit) -> Process:
        yield from ()
        for holds, following in self._rules:
            if holds(visit.state, visit.context):
                return following
        if self._default is None:
            raise StateFailed("States.NoChoiceMatched")
        return self._default


class WaitState:
    FIELDS = "Seconds SecondsPath"

    def __init__(self, written: Mapping[str, Any]) -> None:
        self._next = written.get("Next")
        path, seconds = written.get("SecondsPath"), written.get("Seconds")
        self._seconds = template(seconds) if path is None else reader(path)

    def run(self, visit: Visit) -> Process:
        yield float(self._seconds(visit.state, visit.context))
        return self._next


class PassState:
    FIELDS = "Parameters Result ResultPath"

    def __init__(self, written: Mapping[str, Any]) -> None:
        self._written = written
        self._result = reader("$")
        if "Parameters" in written:
            self._result = template(written["Parameters"])
        elif "Result" in written:
            self._result = lambda _state, _context: written["Result"]

    def run(self, visit: Visit) -> Process:
        yield from ()
        result = self._result(visit.state, visit.context)
        visit.place(self._written.get("ResultPath", "$"), result)
        return self._written.get("Next")


class SucceedState:
    FIELDS = ""

    def __init__(self, written: Mapping[str, Any]) -> None:
        self._written = written

    def run(self, visit: Visit) -> Process:
        yield from ()
        visit.tally.events += 1


class FailState:
    FIELDS = "Error Cause CausePath"

    def __init__(self, written: Mapping[str, Any]) -> None:
        self._error = written.get("Error", "")
        self._cause = template(written.get("Cause", ""))
        if "CausePath" in written:
            self._cause = reader(written["CausePath"])

    def run(self, visit: Visit) -> Process:
        yield from ()
        raise StateFailed(self._error, str(self._cause(visit.state, visit.context)))


def _is_named(failure: StateFailed, listed: list[str]) -> bool:
    if EVERYTHING in listed or failure.error in listed:
        return True
    return TASK_FAILED in listed and failure.error not in NOT_TASK_FAILED
