"""The tables of docs/quotas.md: what so many files a day use, from the design's own constants.

The arithmetic stands here as code and there in words; a test holds the constants to what is
deployed.
"""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from docs.tables import markdown_table
from infra.settings.settings import Settings
from pipeline.rate_limit.limiter import CHECKS_SLEEP_MS
from pipeline.rate_limit.polling import STANDARD
from simulation.cloud.receive_queue import BATCH_OF_MANY, PREPARE_SECONDS, RECEIVE_AT_ONCE

WORKING_SECONDS = 8 * 3600  # ours: a day's files come in eight hours
OPERATION_SECONDS = 60  # ours: what the service takes for a small operation
CALL_SECONDS = 1  # ours: a call of the service, ample
TRANSITIONS, CHECK_TRANSITIONS = 17, 3  # docs/cost.md: of a file, and of each further check
SHARED_TRANSITIONS = 2  # docs/simulation.md: of each further file that shares an operation
CALLS = 2  # docs/cost.md: to create an operation, and the fresh status before collecting
FINISH_SECONDS, FINISH_FILE_SECONDS = 5, 0.1  # ours: of an execution, and of each of its files
LEDGER_WRITES, S3_REQUESTS = 10, 20  # of a file, ample (docs/cost.md)
WHOLE = 10  # ours: a rate from here on is shown without a fraction
FUNCTIONS_OF_SERVICE = 6  # ours: of CodingService, one of each and one more


@dataclass(frozen=True)
class Load:
    """What a number of files a day comes to, with settings that fit it."""

    files: int
    """Small ones, a day."""
    settings: Settings = field(default_factory=Settings)

    @property
    def a_second(self) -> float:
        """Files, in the hours in which they come."""
        return self.files / WORKING_SECONDS

    @property
    def sharing(self) -> float:
        """Files in an operation: the first, and those that come while it waits for others."""
        return min(BATCH_OF_MANY, 1 + self.a_second * self.settings.share_wait_seconds)

    @property
    def operations(self) -> int:
        """A day."""
        return math.ceil(self.files / self.sharing)

    @property
    def calls(self) -> int:
        """Of the coding service, a day."""
        return self.operations * (CALLS + checks())

    @property
    def transitions(self) -> float:
        """Of state machines, a second."""
        operation = TRANSITIONS + CHECK_TRANSITIONS * (checks() - 1)
        others = (self.files - self.operations) * SHARED_TRANSITIONS
        return (self.operations * operation + others) / WORKING_SECONDS

    @property
    def preparing(self) -> int:
        """Functions at a time, as the three that follow."""
        return math.ceil(self.a_second * max(PREPARE_SECONDS))

    @property
    def calling(self) -> int:
        """Submit, check and collect: who sleeps until a slot, and who is calling."""
        waiting = self.settings.requests_per_second * (CHECKS_SLEEP_MS / 1000 + CALL_SECONDS)
        return math.ceil(waiting)

    @property
    def finishing(self) -> int:
        seconds = FINISH_SECONDS + FINISH_FILE_SECONDS * self.sharing
        return math.ceil(self.operations / WORKING_SECONDS * seconds)

    @property
    def functions(self) -> int:
        return self.preparing + RECEIVE_AT_ONCE + self.calling + self.finishing

    @property
    def burst(self) -> int:
        """The same while more is dropped at once than can be prepared."""
        return self.functions - self.preparing + self.settings.prepare_concurrency

    @property
    def changed(self) -> str:
        """The settings that differ from the defaults."""
        found = [
            f"`{name}={value}`"
            for name, value, default in (
                ("shareWaitSeconds", self.settings.share_wait_seconds, Settings.share_wait_seconds),
                (
                    "prepareConcurrency",
                    self.settings.prepare_concurrency,
                    Settings.prepare_concurrency,
                ),
            )
            if value != default
        ]
        return ", ".join(found) or "the defaults"


LOADS = (
    Load(100),
    Load(10_000, Settings(share_wait_seconds=30)),
    Load(1_000_000, Settings(share_wait_seconds=30, prepare_concurrency=50)),
)


def checks() -> int:
    """Status checks of an operation of `OPERATION_SECONDS`, by the shipped policy."""
    policy = dataclasses.replace(STANDARD, chance=lambda: 0.5)
    waited, made = 0, 0
    while waited < OPERATION_SECONDS:
        waited += policy.wait(waited)
        made += 1
    return made


_ROWS: tuple[tuple[str, Callable[[Load], str]], ...] = (
    ("settings", lambda load: load.changed),
    ("files a second, in eight hours", lambda load: _rate(load.a_second)),
    ("files that share an operation", lambda load: f"{load.sharing:,.0f}"),
    ("operations a day", lambda load: f"{load.operations:,}"),
    ("calls of the service a day", lambda load: f"{load.calls:,}"),
    ("*prepare* at a time", lambda load: str(load.preparing)),
    ("*receive* at a time", lambda _: str(RECEIVE_AT_ONCE)),
    ("*submit*, *check*, *collect* at a time", lambda load: str(load.calling)),
    ("*finish* at a time", lambda load: str(load.finishing)),
    ("**functions at a time**", lambda load: f"**{load.functions}**"),
    ("… while files come faster", lambda load: str(load.burst)),
    ("… with CodingService", lambda load: str(load.burst + FUNCTIONS_OF_SERVICE)),
    ("state transitions a second", lambda load: _rate(load.transitions)),
    ("events, and messages of SNS, a second", lambda load: _rate(load.a_second)),
    ("writes of the ledger a second", lambda load: _rate(load.a_second * LEDGER_WRITES)),
    (
        "requests of S3, and of KMS at most, a second",
        lambda load: _rate(load.a_second * S3_REQUESTS),
    ),
)


def _rate(number: float) -> str:
    return f"{number:,.0f}" if number >= WHOLE else f"{number:.2g}"


def quotas_block() -> str:
    """The table of what a number of files a day uses."""
    heads = ("files a day", *(f"{load.files:,}" for load in LOADS))
    return markdown_table(heads, [(name, *map(cell, LOADS)) for name, cell in _ROWS])
