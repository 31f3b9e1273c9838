"""What a file is, read to its end as it would be for coding, and what dropping it takes."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from dropcoder.estimates.estimate import Estimate, SmallBatches, estimate
from dropcoder.local_coding.prepared_table import PreparedFile, prepared
from dropcoder.terminal.screen import Progress
from pipeline.engines.small_batches.distinct_texts import texts_sent
from tables.plan import RowCounts, TableOptions
from tables.report.assumptions import assumptions_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlan:
    """What a file is, and what dropping it takes."""

    file: Path
    is_packed: bool
    read_as: dict[str, Any]
    """As a report tells it (docs/schemas/report.json, `assumed`)."""
    columns: tuple[str, ...]
    rows: RowCounts
    refusals: tuple[tuple[int, str], ...]
    """The first hundred refused rows: number and reason."""
    distinct_texts: int
    sent_bytes: int
    """Of the records that are sent, as JSON Lines: one of rows with the same texts."""
    takes: Estimate
    small_batches: SmallBatches

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        takes = self.takes
        return {
            "file": str(self.file),
            "packed": self.is_packed,
            "readAs": self.read_as,
            "columns": list(self.columns),
            # No dictionary is asked, so 0 known would say that the next drop finds nothing there.
            "rows": {name: n for name, n in asdict(self.rows).items() if name != "known"},
            "refusals": [{"number": number, "fault": why} for number, why in self.refusals],
            "distinctTexts": self.distinct_texts,
            "sentBytes": self.sent_bytes,
            "operations": takes.operations,
            "calls": {"least": takes.least.calls, "most": takes.most.calls},
            "daysOfCalls": {"least": takes.least.days, "most": takes.most.days},
            "smallBatches": {
                "texts": self.small_batches.texts,
                "calls": self.small_batches.calls,
                "daysOfCalls": self.small_batches.days,
            },
            "dollars": {
                "least": round(takes.least.dollars, 4),
                "most": round(takes.most.dollars, 4),
            },
            "review": {
                "coverage": takes.coverage,
                "rows": takes.rows_left,
                "hours": round(takes.hours, 2),
                "distinctTexts": takes.texts_left,
                "hoursOfDistinctTexts": round(takes.hours_of_distinct_texts, 2),
            },
        }


def plan_file(
    file: Path, options: TableOptions, *, coverage: float | None, progress: Progress
) -> FilePlan:
    """Reads the file to its end. Raises `FileRejected` where it could not be coded."""
    with (
        progress(f"Reading {file.name}", None) as advance,
        prepared(file, options, advance) as table,
    ):
        return _planned(file, table, options.fields, coverage)


def _planned(
    file: Path, table: PreparedFile, fields: tuple[str, ...], coverage: float | None
) -> FilePlan:
    with table.lines.path.open("rb") as lines:
        distinct, sent = count_distinct(lines, fields)
    counts = table.plan.counts
    return FilePlan(
        file=file,
        is_packed=table.is_packed,
        read_as=assumptions_of(table.plan),
        columns=table.plan.columns,
        rows=counts,
        refusals=table.plan.refusals,
        distinct_texts=distinct,
        sent_bytes=table.lines.size,
        takes=estimate(
            sent_bytes=table.lines.size,
            rows=counts.sent,
            distinct_texts=distinct,
            coverage=coverage,
        ),
        small_batches=SmallBatches(sent),
    )


def count_distinct(lines: Iterable[bytes], fields: tuple[str, ...]) -> tuple[int, int]:
    """The number of different records, their ids aside; and of those that small batches send.

    Each is remembered by a hash of 64 bits: ten million take one to two gigabytes, and that
    two of them are taken for one has a probability of a few in a million.
    """
    decode = msgspec.json.Decoder(dict[str, str]).decode
    seen, sent = set[int](), set[int]()
    for line in lines:
        record = decode(line)
        digest = hash(tuple(record.get(field, "") for field in fields))
        if digest not in seen:
            seen.add(digest)
            texts = texts_sent(record, fields)
            if texts is not None:
                sent.add(hash(texts))
    return len(seen), len(sent)
