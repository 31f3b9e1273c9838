"""Parquet: the dropped file's columns with their types, or texts, and the code columns."""

import csv
import gzip
import io
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from typing import Any, Final

import duckdb

from tables.coded.code_columns import CONFIDENCE, LEVEL
from tables.coded.coded_rows import CodedRows
from tables.duckdb_files.connection import connected, parquet_scan, quoted, row_count
from tables.errors import RowsDisagree, TableRefused
from tables.rows import RowBatch
from tables.text.cell_text import cell_text, whole_text
from tables.writers.column_names import unique_names
from tables.writers.layout import TableLayout

GZIP_LEVEL = 1  # the rows are read once more and are gone; ours
MAX_ROW_BYTES = 8 << 20  # of a row that waits: the readers take rows of 1 to 4 MB; ours
GROUP_BYTES = 32 << 20  # of texts in a group of rows, which DuckDB writes at once; ours
SMALLEST_GROUP, LARGEST_GROUP = 2_048, 122_880  # rows; DuckDB's vectors, its own default
SQL_TYPES: Final = {LEVEL: "INTEGER", CONFIDENCE: "DOUBLE"}
TEXT_TYPE: Final = "VARCHAR"


class ParquetWriter:
    """Writes the file at `path` when it is closed; the rows wait on disk until then."""

    def __init__(self, layout: TableLayout, path: Path, *, scan: str | None = None) -> None:
        """`scan` is the dropped table for a query of DuckDB where that is Parquet: its columns
        are taken from there, and of the rows that are given only the codes."""
        self._layout = layout
        self._path = path
        self._scan = scan
        names = () if scan else unique_names(layout.plan.columns, layout.width)
        self._types = dict.fromkeys(names, TEXT_TYPE) | {
            name: SQL_TYPES.get(kind, TEXT_TYPE)
            for name, kind in zip(layout.codes.names, layout.codes.kinds, strict=True)
        }
        self._folder = tempfile.TemporaryDirectory(prefix="parquet-")
        self._waiting = Path(self._folder.name, "rows.csv.gz")
        self._file = gzip.open(self._waiting, "wb", compresslevel=GZIP_LEVEL)  # noqa: SIM115
        self._rows = 0
        self._bytes = 0

    @property
    def cut_cells(self) -> int:
        """None: Parquet holds texts of any length."""
        return 0

    def rows(self, rows: RowBatch, coded: CodedRows) -> None:
        """The next rows."""
        codes = self._layout.codes.values(coded)
        own = self._own(rows) if self._scan is None else repeat((), len(codes))
        lines = [[*cells, *code_cells] for cells, code_cells in zip(own, codes, strict=True)]
        content = _as_csv(lines)
        if len(content) > MAX_ROW_BYTES:
            for line, number in zip(lines, rows.numbers, strict=True):
                _check_length(line, number)
        self._rows += len(lines)
        self._bytes += self._file.write(content)

    def _own(self, rows: RowBatch) -> Iterator[Iterable[str | None]]:
        """The dropped cells as texts."""
        width = self._layout.width
        for cells, number in zip(rows.cells, rows.numbers, strict=True):
            self._layout.check_width(cells, number)
            texts = [
                cell if type(cell) is str or cell is None else cell_text(cell) for cell in cells
            ]
            yield [*texts, *[None] * (width - len(cells))]

    def close(self) -> None:
        """Makes the file. Raises `RowsDisagree` where it has another number of rows."""
        self._file.close()
        with _writing(), connected() as connection:
            if self._scan is not None:
                self._check(row_count(connection, self._scan))
            connection.execute(
                f"COPY (FROM {self._table()}) TO {quoted(str(self._path))} "
                f"(FORMAT parquet, ROW_GROUP_SIZE {self._group_rows()})"
            )
            self._check(row_count(connection, parquet_scan(self._path)))

    def discard(self) -> None:
        """Removes the rows that wait."""
        self._file.close()
        self._folder.cleanup()

    def _table(self) -> str:
        columns = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in self._types.items())
        waiting = (
            f"read_csv({quoted(str(self._waiting))}, auto_detect=false, header=false, delim=',', "
            "quote='\"', escape='\"', nullstr='', allow_quoted_nulls=false, new_line='\\n', "
            f"compression='gzip', parallel=false, max_line_size={MAX_ROW_BYTES}, "
            f"columns={{{columns}}})"
        )
        return waiting if self._scan is None else f"{self._scan} POSITIONAL JOIN {waiting}"

    def _group_rows(self) -> int:
        """As many rows as take about `GROUP_BYTES`: DuckDB holds a group until it is written."""
        each = self._bytes // max(self._rows, 1) + 1
        return max(SMALLEST_GROUP, min(LARGEST_GROUP, GROUP_BYTES // each))

    def _check(self, rows: int) -> None:
        if rows != self._rows:
            raise RowsDisagree(f"the Parquet file has {rows:,} rows, the table {self._rows:,}")


class _Nothing(int):
    """A number for Python's writer of CSV, which puts all but numbers in quotes, without digits."""

    def __str__(self) -> str:
        return ""


_NOTHING: Final = _Nothing()


def _as_csv(lines: Iterable[Iterable[Any]]) -> bytes:
    """Texts in quotes, also empty ones; nothing where there is none."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerows([[_NOTHING if cell is None else cell for cell in line] for line in lines])
    return whole_text(text.getvalue())


def _check_length(line: Iterable[Any], number: int) -> None:
    if len(_as_csv([line])) > MAX_ROW_BYTES:
        raise TableRefused(
            f"Row {number:,} has more than {MAX_ROW_BYTES >> 20} MB, too much for Parquet.",
            "Take the table as CSV, which has no such limit.",
        )


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise TableRefused(
            "The table can't be given back as Parquet: its rows are too large to be grouped.",
            "Take it as CSV, which has no such limit.",
        ) from None
