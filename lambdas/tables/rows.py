"""Rows as readers give them, in batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Protocol

Cell = (
    str
    | int
    | float
    | bool
    | Decimal
    | date
    | datetime
    | time
    | timedelta
    | bytes
    | list[Any]
    | dict[str, Any]
    | None
)
"""A cell's value. CSV has text only; JSON's numbers come as `Written`."""


class Written(str):
    """A number of a JSON file as it is written, so that it never changes: `1e400`, `007.10`."""

    __slots__ = ()


@dataclass(slots=True)
class RowBatch:
    """A batch of rows, in order. The lists have the same length.

    Their owner gives a new object for each batch."""

    numbers: Sequence[int]
    """Each row's number as a person sees it: the line at which it begins (CSV, JSON Lines), the
    row of the sheet, or the place of the object or row, counted from 1 (JSON array, Parquet)."""
    cells: list[Sequence[Cell]]
    """Each row's cells, in the order of the reader's `columns` so far; a row may have fewer."""
    faults: dict[int, str]
    """Place in this batch → why the row can't be read. Its cells are what could be read."""
    written: list[bytes] | None = None
    """Of JSON: each row as it is written, in UTF-8, without what separates rows."""
    state: dict[str, Any] | None = None
    """With it, reading goes on behind this batch; None where that can't be."""
    longest: int | None = None
    """No row's cells have more characters together; None where that is not known."""


class TableReader(Protocol):
    """Reads one table, again and again.

    `rows` raises `TableRefused`, `EncodingAssumed`, and what its source raises.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns so far: a JSON object may bring new ones."""

    def rows(self, state: dict[str, Any] | None = None) -> Iterator[RowBatch]:
        """All rows below the header, or those behind the batch whose `state` this is."""
