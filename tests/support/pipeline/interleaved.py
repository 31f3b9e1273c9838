"""Callers that run one step at a time, in an order that a test chooses.

Each caller is a thread that stands still at every read and write of the ledger and in every
sleep; one moves at a time, so a run is the same whenever the choices are. Time is moved by the
test too. A caller may be left standing for ever: it has died.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from pipeline.clock import Clock
from pipeline.ledger.table import Item, Ledger


class Dead(BaseException):
    """Ends a caller's thread at the end of the run."""


@dataclass(eq=False)
class Caller:
    """One thread. `due`: when it may go on."""

    due: float
    done: bool = False
    killed: bool = False
    _may_go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


class Stage:
    """Where the callers are; its clock is theirs."""

    def __init__(self, time: float) -> None:
        self.time = time
        self.callers: list[Caller] = []
        self.failures: list[BaseException] = []
        self._moved = threading.Semaphore(0)
        self._current: Caller | None = None
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> "Stage":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for caller in self.callers:
            if not caller.done:
                caller.killed = True
                self._let_go(caller)
        for thread in self._threads:
            thread.join()

    @property
    def clock(self) -> Clock:
        return Clock(seconds=lambda: self.time, sleep=self.sleep)

    def enter(self, at: float, act: Callable[[], None]) -> Caller:
        """A caller that begins at a time."""
        caller = Caller(at)

        def run() -> None:
            caller._may_go.acquire()
            try:
                if not caller.killed:
                    act()
            except Dead:
                pass
            except BaseException as error:  # noqa: BLE001  the test's own thread reports it
                self.failures.append(error)
            caller.done = True
            self._moved.release()

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()
        self.callers.append(caller)
        return caller

    def sleep(self, seconds: float) -> None:
        """What a caller's sleep is; also stands still for none."""
        caller = self._current
        assert caller is not None
        caller.due = self.time + seconds
        self._moved.release()
        caller._may_go.acquire()
        if caller.killed:
            raise Dead

    def run(self, choose: Callable[[int], int], until: float) -> None:
        """Moves callers until all have ended or the time has come.

        `choose(n)` picks one of the `n` callers that may move now."""
        while not self.failures:
            living = [each for each in self.callers if not each.done]
            if not living:
                break
            ready = [each for each in living if each.due <= self.time]
            if not ready:
                self.time = min(each.due for each in living)
                if self.time > until:
                    return
                continue
            self._let_go(ready[choose(len(ready))])
        if self.failures:
            raise self.failures[0]

    def kill(self, caller: Caller) -> None:
        """It never moves again."""
        caller.due = float("inf")

    def _let_go(self, caller: Caller) -> None:
        self._current = caller
        caller._may_go.release()
        self._moved.acquire()


@dataclass(frozen=True, slots=True)
class StagedLedger(Ledger):
    """A ledger before each of whose reads and writes the caller stands still."""

    stage: Stage
    latency: Callable[[], float] = lambda: 0.0
    """Seconds before a read or write takes place."""

    def get(self, pk: str, sk: str) -> Item | None:
        self.stage.sleep(self.latency())
        return Ledger.get(self, pk, sk)

    def update(self, *args: Any, **more: Any) -> bool:
        self.stage.sleep(self.latency())
        return Ledger.update(self, *args, **more)

    def add(self, pk: str, sk: str, name: str, amount: int) -> int:
        self.stage.sleep(self.latency())
        return Ledger.add(self, pk, sk, name, amount)
