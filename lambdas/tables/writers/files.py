"""Formats that are a file as a whole, and are there only when they are complete."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tables.coded.coded_rows import CodedRows
from tables.errors import TableRefused
from tables.plan import TableFormat, TablePlan
from tables.rows import RowBatch, TableReader
from tables.writers.layout import TableLayout


class FileWriter(Protocol):
    """Writes a table to a file."""

    @property
    def cut_cells(self) -> int:
        """How many texts were cut as the format can't hold them."""

    def rows(self, rows: RowBatch, coded: CodedRows) -> None:
        """The next rows."""

    def close(self) -> None:
        """Completes the file."""

    def discard(self) -> None:
        """Removes what only the writing needed."""


def reader_for(form: TableFormat, reader: TableReader, plan: TablePlan) -> TableReader:
    """The reader, which leaves out the cells that the format's writer takes from elsewhere."""
    if form is TableFormat.PARQUET and plan.format is TableFormat.PARQUET:
        from tables.readers.parquet import ParquetTable  # noqa: PLC0415  DuckDB is large

        if isinstance(reader, ParquetTable):
            return reader.with_cells_of(plan.mapping)
    return reader


@contextmanager
def written_file(
    form: TableFormat, layout: TableLayout, path: Path, reader: TableReader
) -> Iterator[FileWriter]:
    """A writer of the file at `path`, which is gone again where the rows, or `close`, fail."""
    try:
        writer = _writer(form, layout, path, reader)
        try:
            yield writer
        finally:
            writer.discard()
    except OSError as error:
        path.unlink(missing_ok=True)
        if error.errno != errno.ENOSPC:
            raise
        raise TableRefused(
            f"The table can't be given back as {form}: there is no room for it on the disk.",
            "Take it as CSV or JSON Lines, or drop it in several files.",
        ) from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _writer(form: TableFormat, layout: TableLayout, path: Path, reader: TableReader) -> FileWriter:
    if form is TableFormat.XLSX:
        from tables.writers.workbook import WorkbookWriter  # noqa: PLC0415  XlsxWriter is large

        return WorkbookWriter(layout, path)
    from tables.writers.parquet import ParquetWriter  # noqa: PLC0415  DuckDB is large

    return ParquetWriter(layout, path, scan=getattr(reader, "scan", None))
