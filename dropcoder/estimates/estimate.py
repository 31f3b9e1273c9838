"""What a drop takes: calls of the service, days of its quota, AWS's price, hours of people.

How long the service works on an operation only it knows, so calls and price are given for two
cases: it is done within a minute, or takes a day.
"""

import dataclasses
import math
from dataclasses import dataclass

from infra.settings.settings import Settings
from pipeline.rate_limit.polling import STANDARD
from protocol.real_time import MOST_RECORDS
from simulation.cloud.costs import Bill
from tables.report.thresholds import ROWS_AN_HOUR

MINUTE, DAY = 60, 86_400
OWN_CALLS = 2  # of an operation: to create it, and for its fresh URLs before it is collected
FILE_TRANSITIONS, CHECK_TRANSITIONS = 17, 3  # docs/cost.md, from statemachine/drop.asl.json
OWN_INVOCATIONS = 10  # docs/cost.md
INVOCATION_GB_SECONDS = 0.05  # a fifth of a second of 256 MB; ours
STREAMED_BYTES_A_SECOND, STREAMING_GB = 50e6, 0.75  # docs/scale.md
WAYS = 2  # a file is streamed in, and its results out
LIMITS = Settings()
"""The limits of the service and of Pipeline, as shipped."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a drop takes where each of its operations is done after so many seconds."""

    calls: int
    dollars: float

    @property
    def days(self) -> float:
        """Of the calls that the service allows in a day."""
        return self.calls / LIMITS.requests_per_day


@dataclass(frozen=True, slots=True)
class SmallBatches:
    """What a file takes that is coded in small batches, by the engine `coding-service-small`."""

    texts: int
    """The different ones, as they are sent."""

    @property
    def calls(self) -> int:
        return math.ceil(self.texts / MOST_RECORDS)

    @property
    def days(self) -> float:
        """Of the calls that the service allows the public in a day."""
        return self.calls / LIMITS.service_public_requests_per_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What dropping a file takes."""

    operations: int
    least: Taken
    """Where each operation is done within a minute."""
    most: Taken
    """Where each takes a day."""
    coverage: float | None
    """The share of texts that get a code, as measured of the model; None: it is not known."""
    rows_left: int
    """For people; of all rows with text where the coverage is not known."""
    texts_left: int
    """The same of the distinct texts."""

    @property
    def hours(self) -> float:
        """Of a person who reads row by row."""
        return self.rows_left / ROWS_AN_HOUR

    @property
    def hours_of_distinct_texts(self) -> float:
        """Of a person who reads each distinct text once."""
        return self.texts_left / ROWS_AN_HOUR


def estimate(
    *, sent_bytes: int, rows: int, distinct_texts: int, coverage: float | None
) -> Estimate:
    """What a table takes whose `rows` with text are sent as so many bytes of JSON Lines."""
    operations = max(1, math.ceil(sent_bytes / LIMITS.max_file_bytes))
    left = 1.0 if coverage is None else 1.0 - coverage
    return Estimate(
        operations=operations,
        least=_taken(operations, sent_bytes, MINUTE),
        most=_taken(operations, sent_bytes, DAY),
        coverage=coverage,
        rows_left=math.ceil(rows * left),
        texts_left=math.ceil(distinct_texts * left),
    )


def checks_until(seconds: float) -> int:
    """Status checks until an operation of this length is seen to be complete, on an average."""
    policy = dataclasses.replace(STANDARD, chance=lambda: 0.5)
    waited, checks = 0, 0
    while waited < seconds:
        waited += policy.wait(waited)
        checks += 1
    return checks


def transitions(checks: int) -> int:
    """State transitions of one operation's execution (docs/cost.md)."""
    return FILE_TRANSITIONS + CHECK_TRANSITIONS * (checks - 1)


def _taken(operations: int, sent_bytes: int, seconds: float) -> Taken:
    checks = checks_until(seconds)
    invocations = operations * (OWN_INVOCATIONS + checks)
    streaming = WAYS * sent_bytes / STREAMED_BYTES_A_SECOND * STREAMING_GB
    bill = Bill(
        transitions=operations * transitions(checks),
        invocations=invocations,
        gb_seconds=invocations * INVOCATION_GB_SECONDS + streaming,
        drops=1,
        parts=operations,
    )
    return Taken(calls=operations * (OWN_CALLS + checks), dollars=bill.dollars)
