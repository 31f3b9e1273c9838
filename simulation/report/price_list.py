"""What a large file and many small ones cost: the table of docs/scale.md, from simulated runs.

The counts are those of the simulation; to them come the requests that move a large file's bytes,
and what the two buckets keep of it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from pipeline.storage.block_reader import BLOCK_BYTES
from pipeline.storage.multipart import PART_BYTES
from simulation.cloud.costs import GB_SECOND, GET, INVOCATION, PUT, TRANSITION
from simulation.cloud.receive_queue import Dropped
from simulation.scenarios import BYTES_A_RECORD, MORNING, at_once
from simulation.simulation import Simulation

STORED_GB_MONTH = 0.023  # dollars; S3 standard, list price of US East
GB = 10**9
HEAD = (
    "| dropped | calls | transitions | Lambda, GB-seconds | Step Functions | Lambda "
    "| ledger, requests, messages | together | kept for a month |\n"
    "| :--- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
)


@dataclass(frozen=True, slots=True)
class Price:
    """Of everything that was dropped together; dollars."""

    name: str
    calls: int
    transitions: int
    gb_seconds: float
    workflow: float
    functions: float
    rest: float
    kept: float
    """The dropped files and their results, for each month."""

    @property
    def together(self) -> float:
        return self.workflow + self.functions + self.rest

    def row(self) -> str:
        dollars = (self.workflow, self.functions, self.rest, self.together, self.kept)
        cells = [f"{self.calls:,}", f"{self.transitions:,}", f"{self.gb_seconds:,.0f}"]
        return " | ".join([f"| {self.name}", *cells, *map(_dollars, dollars)]) + " |\n"


def price(name: str, drops: Sequence[Dropped]) -> Price:
    """What one simulated run of these drops would have cost."""
    simulation = Simulation(drops[0].at)
    simulation.run(drops)
    bill, size = simulation.bill, sum(drop.bytes for drop in drops)
    workflow = bill.transitions * TRANSITION
    functions = bill.gb_seconds * GB_SECOND + bill.invocations * INVOCATION
    return Price(
        name=name,
        calls=len(simulation.service.call_times),
        transitions=bill.transitions,
        gb_seconds=bill.gb_seconds,
        workflow=workflow,
        functions=functions,
        rest=bill.dollars - workflow - functions + sum(map(_moving, drops)),
        kept=2 * size / GB * STORED_GB_MONTH,
    )


def _moving(drop: Dropped) -> float:
    """Of a file in several requests, those beside the first; results are taken for as long."""
    reads, writes = math.ceil(drop.bytes / BLOCK_BYTES), math.ceil(drop.bytes / PART_BYTES)
    return (reads - 1) * GET + (writes - 1) * PUT


def _large(size: int) -> list[Dropped]:
    return [Dropped(number=0, at=MORNING, records=size // BYTES_A_RECORD, bytes=size)]


def _dollars(amount: float) -> str:
    return f"${amount:.2f}" if amount >= 1 else f"${amount:.4f}"


@cache
def block() -> str:
    """The table. The same whenever it is made: everything random has a seed."""
    prices = (
        price("a file of 1 GB", _large(GB)),
        price("a file of 5 GB", _large(5 * GB)),
        price("10,000 files of 100 records, sharing", at_once(10_000)),
    )
    return HEAD + "".join(each.row() for each in prices)
