"""Simulated time: what happens next, and processes that wait for it."""

import heapq
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

Process = Generator[Any, Any, Any]
"""Yields seconds to wait, or a `Gather`; is sent None, or the gathered results."""
Done = Callable[[Any, BaseException | None], None]


@dataclass(frozen=True, slots=True)
class Gather:
    """Runs processes, at most `at_once` at a time; the first that fails fails them all."""

    processes: Sequence[Process]
    at_once: int


class Agenda:
    """Events in the order of their times; at the same time, in the order in which they came."""

    def __init__(self, now: float) -> None:
        self.now = now
        """Seconds since 1970."""
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def at(self, time: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, (max(time, self.now), next(self._numbers), act))

    def run(self) -> None:
        """Until nothing is left to happen."""
        while self._events:
            self.now, _, act = heapq.heappop(self._events)
            act()

    def start(self, process: Process, done: Done, failures: type[Exception]) -> None:
        """Runs a process; `done` gets its result or its failure. Other errors are bugs."""
        _Run(self, process, done, failures).step(None, None)


class _Run:
    """One process under way."""

    __slots__ = ("_agenda", "_done", "_failures", "_process")

    def __init__(
        self, agenda: Agenda, process: Process, done: Done, failures: type[Exception]
    ) -> None:
        self._agenda, self._process, self._done = agenda, process, done
        self._failures = failures

    def step(self, value: Any, error: BaseException | None) -> None:
        try:
            wanted = self._process.send(value) if error is None else self._process.throw(error)
        except StopIteration as ended:
            self._done(ended.value, None)
        except self._failures as failure:
            self._done(None, failure)
        else:
            if isinstance(wanted, Gather):
                _Gathering(self._agenda, wanted, self.step, self._failures).begin()
            else:
                self._agenda.at(self._agenda.now + wanted, lambda: self.step(None, None))


class _Gathering:
    def __init__(
        self, agenda: Agenda, wanted: Gather, done: Done, failures: type[Exception]
    ) -> None:
        self._agenda, self._done, self._failures = agenda, done, failures
        self._processes = wanted.processes
        self._at_once = wanted.at_once or len(wanted.processes)
        self._results: list[Any] = [None] * len(wanted.processes)
        self._next, self._left, self._failed = 0, len(wanted.processes), False

    def begin(self) -> None:
        if not self._left:
            self._agenda.at(self._agenda.now, lambda: self._done([], None))
        for _ in range(min(self._at_once, self._left)):
            self._begin_next()

    def _begin_next(self) -> None:
        number = self._next
        self._next += 1

        def ended(result: Any, failure: BaseException | None) -> None:
            if self._failed:
                return
            if failure is not None:
                self._failed = True
                self._done(None, failure)
                return
            self._results[number] = result
            self._left -= 1
            if self._next < len(self._processes):
                self._begin_next()
            elif not self._left:
                self._done(self._results, None)

        self._agenda.start(self._processes[number], ended, self._failures)
