"""Turns a table into the JSON Lines that a service takes, in a stream that can be taken up again.

What is sent for a row is an object with recordId and all fields of the model; of rows with the same
texts the first alone may be sent (`distinct_rows`). A chunk ends where a batch of the reader does,
so nothing about it depends on where an earlier run was cut.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from itertools import compress, islice
from typing import Any

import msgspec

from protocol.records import RECORD_ID
from tables.decisions import DecidedColumns, RowDecisions, RowStatus
from tables.dictionary.dictionary import Dictionary
from tables.distinct_rows import DistinctRows, Window, sent_columns
from tables.errors import PlanChanged
from tables.mapping.columns import MAX_COLUMNS
from tables.open_table import reopened
from tables.plan import Chunk, RowCounts, TableOptions, TablePlan
from tables.prepared_rows import refuse_hopeless, refuse_unfit, too_wide
from tables.rows import RowBatch
from tables.source import ByteSource

ROWS_KEPT = 100  # of those refused, and of those shortened; the plan's
MOST_ROWS = 4_000_000  # of a chunk: of rows that are sent, 184 MB, or a few seconds' reading; ours

Encode = Callable[[list[list[str]]], bytes]


@dataclass(slots=True)
class _Progress:
    """What is known of the rows so far; the counts are those of `RowCounts`."""

    rows: int = 0
    sent: int = 0
    repeated: int = 0
    blank: int = 0
    refused: int = 0
    shortened: int = 0
    known: int = 0
    width: int = 0
    refusals: list[tuple[int, str]] = field(default_factory=list)
    shortened_rows: list[int] = field(default_factory=list)


class Preparation:
    """The preparation of one table."""

    def __init__(
        self,
        source: ByteSource,
        plan: TablePlan,
        options: TableOptions,
        state: dict[str, Any] | None = None,
        *,
        dictionary: Dictionary | None = None,
    ) -> None:
        """With `state`, a chunk's, it goes on behind that chunk; rows that `dictionary` knows are
        left out.

        Raises `PlanChanged` where that chunk was made by another plan."""
        plan = replace(plan, dictionary=None if dictionary is None else dictionary.version)
        self._plan = plan
        self._plan_digest = sha256(msgspec.json.encode(plan)).hexdigest()
        self._options = options
        self._reader = reopened(source, plan, options)
        self._decisions = RowDecisions(plan, dictionary)
        self._encode = _record_encoder(tuple(plan.mapping.fields))
        self._reader_state: dict[str, Any] | None = None
        self._progress = _Progress(width=plan.width)
        self._distinct = DistinctRows(plan.distinct_window) if plan.distinct_window else None
        if state is not None:
            if state.get("plan") != self._plan_digest:
                raise PlanChanged
            self._reader_state = state["reader"]
            self._progress = msgspec.convert(state["progress"], _Progress)
            if self._distinct is not None:
                self._distinct = DistinctRows.resumed(
                    source, plan, Window(**state["window"]), state["window_rows"], dictionary
                )

    @property
    def refusals(self) -> tuple[tuple[int, str], ...]:
        """The first hundred refused rows so far: number and reason."""
        return tuple(self._progress.refusals)

    def chunks(self, chunk_bytes: int) -> Iterator[Chunk]:
        """The lines, in chunks of at least `chunk_bytes` but for the last one, and for those of so
        many rows that are not sent by themselves, or at all, that there must be a state. Call once.

        Raises as the reader's `rows`: `EncodingAssumed` where all has to begin anew. Raises
        `TableRefused`, too, where there is no point in reading on.
        """
        pieces: list[bytes] = []
        size, rows = 0, self._progress.rows
        for lines in map(self._lines, self._reader.rows(self._reader_state)):
            pieces.append(lines)
            size += len(lines)
            if size >= chunk_bytes or self._progress.rows - rows >= MOST_ROWS:
                yield Chunk(b"".join(pieces), self._state())
                pieces, size, rows = [], 0, self._progress.rows
        if size:
            yield Chunk(b"".join(pieces), self._state())

    def finished_plan(self) -> TablePlan:
        """The whole plan, once `chunks` has given the last one.

        Raises `TableRefused`, with the rows that are the reason, where there is nothing to code,
        or where more rows can't be read than may be.
        """
        found = self._progress
        plan = replace(
            self._plan,
            columns=self._reader.columns,
            width=max(found.width, len(self._reader.columns)),
            assumed_examples=tuple(getattr(self._reader, "assumed_examples", ())),
            counts=msgspec.convert(found, RowCounts, from_attributes=True),
            refusals=self.refusals,
            shortened_rows=tuple(found.shortened_rows),
        )
        refuse_unfit(plan, self._options)
        return plan

    def _state(self) -> dict[str, Any] | None:
        if self._reader_state is None:
            return None
        state = {
            "plan": self._plan_digest,
            "reader": self._reader_state,
            "progress": msgspec.to_builtins(self._progress),
        }
        if self._distinct is not None:
            state |= {
                "window": asdict(self._distinct.window),
                "window_rows": self._distinct.count,
            }
        return state

    def _lines(self, batch: RowBatch) -> bytes:
        """The lines of a batch's rows that are sent."""
        before, self._reader_state = self._reader_state, batch.state
        decided = self._decisions.columns(batch)
        count = len(decided.statuses)
        found = self._progress
        found.rows += count
        found.sent += count - len(decided.unsent)
        found.width = max(found.width, self._width(batch))
        if decided.statuses.count(RowStatus.SENT) < count:
            self._note_others(batch, decided)
        columns = sent_columns(decided)
        if self._distinct is not None:
            are_new = self._distinct.are_new(columns[1:], before)
            if repeated := are_new.count(0):
                found.repeated += repeated
                columns = [list(compress(column, are_new)) for column in columns]
        return self._encode(columns)

    def _width(self, batch: RowBatch) -> int:
        """The cells of the widest row. Raises `TableRefused` for one that is too wide."""
        width = max(map(len, batch.cells), default=0)
        if width > MAX_COLUMNS:
            number, _ = max(
                zip(batch.numbers, batch.cells, strict=True), key=lambda row: len(row[1])
            )
            raise too_wide(number, width, self._plan.format)
        return width

    def _note_others(self, batch: RowBatch, decided: DecidedColumns) -> None:
        """Counts the rows that are not simply sent, and keeps the first of them."""
        found, statuses, reasons = self._progress, decided.statuses, decided.reasons
        shortened = statuses.count(RowStatus.SHORTENED)
        found.blank += len(decided.unsent) - len(reasons) - len(decided.known)
        found.known += len(decided.known)
        found.refused += len(reasons)
        found.shortened += shortened
        if reasons:
            room = ROWS_KEPT - len(found.refusals)
            found.refusals += [
                (batch.numbers[place], reasons[place]) for place in islice(sorted(reasons), room)
            ]
            refuse_hopeless(found.rows, found.refused, self.refusals, self._options)
        room = ROWS_KEPT - len(found.shortened_rows)
        if shortened and room:
            places = (place for place, each in enumerate(statuses) if each is RowStatus.SHORTENED)
            found.shortened_rows += [batch.numbers[place] for place in islice(places, room)]


def _record_encoder(fields: tuple[str, ...]) -> Encode:
    """Encodes rows as lines, given the column of their ids and those of their texts, in the order
    of `fields`."""
    names = (RECORD_ID, *fields)
    encode_lines = msgspec.json.Encoder().encode_lines
    try:
        record = msgspec.defstruct(
            "PreparedRecord",
            [(f"text_{place}", str) for place in range(len(names))],
            rename={f"text_{place}": name for place, name in enumerate(names)},
            gc=False,
        )
    except ValueError:  # a name that msgspec can't take
        return lambda columns: encode_lines(
            [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        )
    return lambda columns: encode_lines(list(map(record, *columns)))
