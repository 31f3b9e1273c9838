"""What CodingService pays AWS for coding files of records, on paper.

From the shipped state machine, the shipped settings, the rate that `bench.inference.workers` kept,
and list prices: US East, arm64, before any free tier. A Lambda function with 1,769 MB has one
processor; it is taken to be as fast as the one that was measured.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from bench.inference.workers import Run
from coding_service.byte_ranges.cut import MAX_RANGES
from coding_service.byte_ranges.multipart_writer import PART_BYTES
from coding_service.byte_ranges.process import READ_BYTES
from coding_service.inference.cut import SLOWER_WITH_SENTENCES
from infra.project_files import PROJECT
from infra.settings.command_line import project_context
from infra.settings.settings import CODER_MEMORY_MB, Settings

RECORDS = (1_000_000, 10_000_000, 40_000_000)

# Dollars (AWS's price lists of November 2026, as in docs/cost.md).
PER_GB_SECOND = 0.0000133334
PER_INVOCATION = 0.20 / 1_000_000
PER_TRANSITION = 0.025 / 1_000
PER_WRITE_REQUEST, PER_READ_REQUEST = 0.005 / 1_000, 0.0004 / 1_000  # S3
PER_ITEM_WRITTEN, PER_ITEM_READ = 0.625 / 1_000_000, 0.125 / 1_000_000  # DynamoDB, a kB, 4 kB

START_SECONDS = 1.0  # ours: of a new function, with its model; billed as any second
BESIDE_CODING_SECONDS = (
    10.0  # ours: Begin, Cut, the Map Run's start, Join and Complete, on the clock
)
SMALL_FUNCTION_SECONDS, SMALL_FUNCTION_GB = 10.0, 0.5  # ours: Settle's steps together
ITEM_KB = 2  # ours: of an operation's item with the numbers of its coded ranges
SENTENCE_SECONDS = 0.008
"""A processor's, for a record that the second reader is asked about: a title and a task, some 30
pieces of words (docs/coder.md)."""
SHARES_ASKED = (0.25, 0.5, 1.0)  # ours: of the records with a text of their own
SENTENCE_RECORDS = (1_000_000, 40_000_000)
CHILD_TRANSITIONS = 3  # at most: the Map's iteration, the child's start, its one state


@dataclass(frozen=True, slots=True)
class Cost:
    """What coding so many records costs, in dollars.

    `operations` is the files that the records take, each at most the service's limit, `ranges`
    those of all of them, `seconds` the time from upload to result, files one after the other.
    """

    records: int
    input_bytes: float
    operations: int
    ranges: int
    seconds: float
    compute: float
    transitions: float
    storage: float

    @property
    def total(self) -> float:
        return self.compute + self.transitions + self.storage


def cost_of(records: int, *, run: Run, settings: Settings, asked: float = 0.0) -> Cost:
    """The cost of `records` like those of the measured sample, in as few files as can be.

    `asked` is the share of them that a second reader is asked about, 0 where there is none.
    """
    (alone, *_) = run.measured
    input_bytes = records * run.input_bytes / alone.records
    output_bytes = records * run.output_bytes / alone.records
    operations = ceil(input_bytes / settings.service_max_file_bytes)
    range_bytes = settings.inference_range_bytes // (SLOWER_WITH_SENTENCES if asked else 1)
    ranges = operations * min(ceil(input_bytes / operations / range_bytes), MAX_RANGES)
    at_a_time = min(ranges, settings.inference_concurrency)
    coding_seconds = records * (1 / alone.rate_of_processor + asked * SENTENCE_SECONDS)
    waves = ceil(ranges / operations / at_a_time) * operations
    return Cost(
        records=records,
        input_bytes=input_bytes,
        operations=operations,
        ranges=ranges,
        seconds=waves * coding_seconds / ranges
        + operations * (BESIDE_CODING_SECONDS + START_SECONDS),
        compute=PER_GB_SECOND
        * (
            (coding_seconds + at_a_time * START_SECONDS) * CODER_MEMORY_MB / 1024
            + operations * SMALL_FUNCTION_SECONDS * SMALL_FUNCTION_GB
        )
        + PER_INVOCATION * (ranges + 6 * operations),
        transitions=PER_TRANSITION * (operations * len(path()) + ranges * CHILD_TRANSITIONS),
        storage=_requests(input_bytes, output_bytes, ranges),
    )


def _requests(input_bytes: float, output_bytes: float, ranges: int) -> float:
    """S3's and DynamoDB's. A range: its cut, its reads, its piece, the copy of that; an item."""
    reads = ranges * (1 + ceil(input_bytes / ranges / READ_BYTES))
    writes = ranges * (3 + ceil(output_bytes / ranges / PART_BYTES))
    return (
        reads * PER_READ_REQUEST
        + writes * PER_WRITE_REQUEST
        + ranges * (ITEM_KB * PER_ITEM_WRITTEN + PER_ITEM_READ)
    )


def path() -> list[str]:
    """The states that the execution of a large file goes through, without its children's."""
    machine: Mapping[str, Any] = json.loads(
        (PROJECT / "statemachine" / "inference.asl.json").read_text("utf-8")
    )
    name, found = str(machine["StartAt"]), []
    while name:
        found.append(name)
        state = machine["States"][name]
        large = (
            rule["Next"] for rule in state.get("Choices", ()) if rule["StringEquals"] == "large"
        )
        name = next(large, state.get("Next", ""))
    return found


def block() -> str:
    """The table of docs/coding-service.md."""
    run, settings = Run.kept(), Settings.from_context(project_context().get)
    costs = [cost_of(records, run=run, settings=settings) for records in RECORDS]
    return _table(costs)


def sentence_block() -> str:
    """The table of docs/coding-service.md for models with a second reader."""
    run, settings = Run.kept(), Settings.from_context(project_context().get)
    cases = [(records, asked) for records in SENTENCE_RECORDS for asked in SHARES_ASKED]
    costs = [cost_of(records, run=run, settings=settings, asked=asked) for records, asked in cases]
    head, rule, *rows = _table(costs).splitlines(keepends=True)
    shares = [f"| {asked:.0%} " for _, asked in cases]
    lines = zip(("| asked ", "| ---: ", *shares), (head, rule, *rows), strict=True)
    return "".join(first + rest for first, rest in lines)


def _table(costs: Sequence[Cost]) -> str:
    head = ("records", "input", "files", "ranges", "minutes", "Lambda", "Step Functions")
    rows = [
        (
            f"{each.records:,}",
            f"{each.input_bytes / 1e9:.2f} GB",
            f"{each.operations}",
            f"{each.ranges}",
            f"{each.seconds / 60:.1f}",
            f"${each.compute:.4f}",
            f"${each.transitions:.4f}",
            f"${each.storage:.4f}",
            f"**${each.total:.3f}**",
        )
        for each in costs
    ]
    lines = [(*head, "S3, DynamoDB", "together"), ("---:",) * (len(head) + 2), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
