"""What a table turned out to be: with its plan, the same rows are read again, decided alike."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from protocol.records import MAX_TEXT_CHARACTERS


class TableFormat(StrEnum):
    """The formats that are taken, and given back."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"
    JSON_LINES = "jsonl"
    JSON_ARRAY = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """What the deployment, the topic and the dropper say about a table before it is read."""

    fields: tuple[str, ...]
    """The model's `inputFormat`, without recordId."""
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Field → the names of the columns whose texts it joins, as somebody mapped them. A field that
    is missing here is looked for by the names that `mapping.names` knows."""
    sheet: str | None = None
    """The sheet of a workbook; None: the first with a recognised header."""
    encoding: str | None = None
    """Of text without a byte order mark; None: UTF-8, else `fallback_encoding`."""
    fallback_encoding: str = "cp1252"
    max_refused_share: float = 0.05
    """With more refused rows than this share of all, the table is refused."""
    strict: bool = False
    """A row that would be refused or shortened refuses the table."""
    max_text_characters: int = MAX_TEXT_CHARACTERS
    """Of a record's fields together: what codes the topic takes no more."""
    distinct_window: int = 0
    """As in `TablePlan`, of a table that is prepared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """Which columns the fields and the ids are read from, by their places (from 0)."""

    fields: dict[str, tuple[int, ...]]
    """Field → places of the columns whose texts it joins; () where the table has none for it."""
    record_id: int | None
    """None: the table has no column of ids; the row's number stands for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCounts:
    """The rows of a table by what was decided of them; they add up to `rows`.

    Rows above and of the header are not counted."""

    rows: int = 0
    sent: int = 0
    """Of these `shortened` were cut, and `repeated` go by the record of an earlier row."""
    repeated: int = 0
    blank: int = 0
    refused: int = 0
    shortened: int = 0
    known: int = 0
    """Not sent, as the dictionary has them."""

    @property
    def records(self) -> int:
        """The records that are sent."""
        return self.sent - self.repeated


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePlan:
    """Everything that decides how the table's rows are read. JSON-able with msgspec.

    What is known only at the end of the table stands in it too: `columns` and `width` as the widest
    row has them, `counts`, `refusals`.
    """

    format: TableFormat
    columns: tuple[str, ...]
    """The header's cells as they are written; of JSON the objects' keys, in the order in which they
    first appear."""
    mapping: ColumnMapping
    prepared: bool = True
    """False: JSON Lines that the service takes as they are. Every line was sent, with its recordId
    or none."""
    header_row: int = 0
    """The number of the header's row, as `RowBatch.numbers` counts; 0 where rows have keys."""
    header_end: int = 0
    """Of CSV: the offset of the byte behind the header."""
    width: int = 0
    """Cells of the widest row; a row with fewer is filled up with empty ones."""
    encoding: str = "utf-8"
    """Python's name: utf-8, utf-16-le, utf-16-be or another."""
    encoding_assumed: bool = False
    """Whether `encoding` is the fallback, as the text is no UTF-8."""
    assumed_examples: tuple[str, ...] = ()
    """With `encoding_assumed`: up to three values that it affects, each at most 80 characters."""
    bom_bytes: int = 0
    """The bytes of the byte order mark that is passed over."""
    separator: str = ","
    """Of CSV."""
    sheet: str | None = None
    """Of a workbook: the sheet's name."""
    max_text_characters: int = MAX_TEXT_CHARACTERS
    """Of a record's fields together."""
    distinct_window: int = 0
    """Of so many rows in a row that are sent (`distinct_rows`), those with the same texts are sent
    as one record, the first's; 0: each is a record of its own."""
    dictionary: int | None = None
    """The version of the topic's dictionary that rows are looked up in; None: in none."""
    counts: RowCounts = field(default_factory=RowCounts)
    refusals: tuple[tuple[int, str], ...] = ()
    """The first hundred refused rows: number and reason."""
    shortened_rows: tuple[int, ...] = ()
    """The first hundred shortened rows' numbers."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of a stream that is written in pieces, and where it can be taken up again.

    With `state` (JSON can hold it) the same stream goes on behind this chunk; None where the format
    can only be read from its beginning."""

    content: bytes = field(repr=False)
    state: dict[str, Any] | None
