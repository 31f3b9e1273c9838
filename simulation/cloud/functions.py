"""Lambda functions on simulated time: when they start, how long they run, how they fail.

A function runs at once and whole, on a clock of its own that its sleeps and calls move ahead; what
it returns reaches the state machine when that clock says so. What it writes into the ledger is
there a little early, by as much as it slept (5 s at most);
tests/pipeline/rate_limit/test_limiter_properties.py covers the order in which callers interleave.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from pipeline.clock import Clock
from pipeline.errors import DropcoderError
from simulation.agenda import Agenda
from simulation.cloud.costs import Bill
from simulation.state_machine.states import StateFailed, TaskResult

INVOKED_SECONDS = (0.02, 0.08)  # modelled: from the state machine to the handler
COLD_SECONDS = (0.4, 1.0)  # modelled: import and first connections, before the handler
KEPT_WARM_SECONDS = 600  # modelled: an idle environment is taken away
HANDLER_SECONDS = 0.03  # modelled: what a handler does beside its calls
LOST_ONCE_IN = 2_000  # modelled: invocations of which Lambda loses the answer


@dataclass(slots=True)
class FunctionTime:
    """What the running function's clock says; its sleeps and calls move it ahead."""

    now: float = 0.0
    """Seconds since 1970."""

    def move(self, seconds: float) -> None:
        self.now += seconds

    @property
    def clock(self) -> Clock:
        return Clock(seconds=lambda: self.now, sleep=self.move)


@dataclass(slots=True)
class SimulatedFunction:
    """One Lambda function, with its environments."""

    name: str
    memory_mb: int
    handler: Callable[[Any], Any]
    agenda: Agenda
    time: FunctionTime
    bill: Bill
    chance: Random
    _warm: list[float] = field(default_factory=list)
    """When each environment is free; a heap."""

    def __call__(self, payload: Any) -> TaskResult:
        now = self.agenda.now
        cold = not self._takes_warm(now)
        start = now + self.chance.uniform(*INVOKED_SECONDS)
        init = self.chance.uniform(*COLD_SECONDS) if cold else 0.0
        self.time.now = start + init + HANDLER_SECONDS
        result, failure = None, None
        try:
            result = self.handler(payload)
        except DropcoderError as error:
            failure = StateFailed(type(error).__name__, str(error))
        if self.chance.randrange(LOST_ONCE_IN) == 0:
            failure = StateFailed("Lambda.Unknown", "the answer was lost")
        ended = self.time.now
        self.bill.add_run(self.name, (ended - start) * self.memory_mb / 1024)
        heapq.heappush(self._warm, ended)
        return TaskResult(ended - now, result, failure)

    def _takes_warm(self, now: float) -> bool:
        while self._warm and self._warm[0] < now - KEPT_WARM_SECONDS:
            heapq.heappop(self._warm)
        if self._warm and self._warm[0] <= now:
            heapq.heappop(self._warm)
            return True
        return False
