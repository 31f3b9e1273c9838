"""Formats of text: they are written from their beginning to their end, in pieces of any size."""

from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from tables.coded.coded_rows import CodedRows
from tables.plan import TableFormat
from tables.rows import RowBatch
from tables.writers.delimited import DelimitedWriter
from tables.writers.json_objects import JsonArrayWriter, JsonLinesWriter
from tables.writers.layout import TableLayout


class StreamWriter(Protocol):
    """Writes a table from its beginning to its end."""

    def head(self) -> bytes:
        """What stands above the rows."""

    def rows(self, rows: RowBatch, coded: CodedRows, *, first: bool) -> bytes:
        """The rows of a batch; `first` says that none stand above them."""

    def tail(self, *, empty: bool) -> bytes:
        """What stands below the rows; `empty` says that there are none."""


_WRITERS: Final[dict[TableFormat, type[DelimitedWriter] | type[JsonLinesWriter]]] = {
    TableFormat.CSV: DelimitedWriter,
    TableFormat.JSON_LINES: JsonLinesWriter,
    TableFormat.JSON_ARRAY: JsonArrayWriter,
}
STREAMED: Final = frozenset(_WRITERS)
"""All others are a file as a whole (`files`)."""


def stream_writer(form: TableFormat, layout: TableLayout) -> StreamWriter:
    """The writer of one of the formats that are `STREAMED`."""
    return _WRITERS[form](layout)


def streamed(
    form: TableFormat, layout: TableLayout, batches: Iterable[tuple[RowBatch, CodedRows]]
) -> Iterator[bytes]:
    """The whole table in one of these formats, a piece for each batch of rows."""
    writer = stream_writer(form, layout)
    yield writer.head()
    is_empty = True
    for rows, coded in batches:
        yield writer.rows(rows, coded, first=is_empty)
        is_empty = is_empty and not coded.statuses
    yield writer.tail(empty=is_empty)
