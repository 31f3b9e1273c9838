"""Parquet: rows with the types that their columns have, read by DuckDB."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from itertools import chain
from typing import Any, Self

import duckdb

from tables.duckdb_files.connection import connected, named, parquet_scan, row_count
from tables.duckdb_files.local_copy import LocalCopy
from tables.errors import TableRefused
from tables.mapping.columns import mapped
from tables.mapping.names import shown
from tables.plan import ColumnMapping, TableFormat, TableOptions, TablePlan
from tables.rows import RowBatch
from tables.source import ByteSource

MAX_COLUMNS = 2_000  # as of workbooks; ours
MAX_ROWS = 100_000_000  # a few kB of Parquet can say that a text stands in them all; ours
BATCH_ROWS = 2_048  # DuckDB's vectors; ours
BATCH_CELLS = 40_000  # so that a batch of wide rows is a few MB too; ours
NESTED = ("STRUCT(", "MAP(", "UNION(")
AS_TEXT = ("UUID", "TIME ZONE")
"""Parts of the names of types that Python would need further data for, or that JSON has none of."""


@contextmanager
def reading_parquet() -> Iterator[None]:
    """Refuses the file where DuckDB can't read it."""
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise TableRefused(
            "The Parquet file has larger values, or groups of rows, than can be read at once.",
            "Write it with smaller groups of rows, without columns of large values, and drop it.",
        ) from None
    except duckdb.Error as error:
        raise TableRefused(
            f"The Parquet file can't be read: it is damaged, encrypted or written in a way that "
            f"is not known ({type(error).__name__}).",
            "Write it again, with Snappy or Zstandard and without encryption, and drop it.",
        ) from None


class ParquetTable:
    """Reads a Parquet file; see `open_parquet` and `reopened`."""

    def __init__(self, source: ByteSource) -> None:
        self._copy = LocalCopy(source)
        self._scan = parquet_scan(self._copy.path)
        with reading_parquet(), connected() as connection:
            described = connection.execute(f"DESCRIBE FROM {self._scan}").fetchall()
            self._row_count = row_count(connection, self._scan)
        self._types: dict[str, str] = {row[0]: row[1] for row in described}
        self._places = frozenset(range(len(self._types)))
        self._check()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self._types)

    @property
    def scan(self) -> str:
        """The table for a query of DuckDB; its file lives as long as this object."""
        return self._scan

    def with_cells_of(self, mapping: ColumnMapping) -> Self:
        """Reads the cells alone that the fields and the ids are read from; others are None."""
        ids = () if mapping.record_id is None else (mapping.record_id,)
        other = copy(self)
        other._places = frozenset(chain(ids, *mapping.fields.values()))
        return other

    def rows(self, state: dict[str, Any] | None = None) -> Iterator[RowBatch]:
        """All rows, or those behind the state."""
        row = 0 if state is None else int(state["row"])
        selected = ", ".join(
            _selected(name, kind) if place in self._places else "NULL"
            for place, (name, kind) in enumerate(self._types.items())
        )
        size = max(1, min(BATCH_ROWS, BATCH_CELLS // len(self._types)))
        with connected() as connection:
            with reading_parquet():
                result = connection.execute(f"FROM {self._scan} SELECT {selected} OFFSET {row}")
            while True:
                with reading_parquet():
                    cells: list[Sequence[Any]] = list(result.fetchmany(size))
                if not cells:
                    return
                numbers = range(row + 1, row + len(cells) + 1)
                row += len(cells)
                yield RowBatch(numbers, cells, {}, state={"row": row})

    def check_mapped(self, mapping: ColumnMapping) -> None:
        """Raises `TableRefused` where a text would be read from a list or an object."""
        names, kinds = list(self._types), list(self._types.values())
        for field, places in mapping.fields.items():
            for place in places:
                if kinds[place].startswith(NESTED) or kinds[place].endswith("]"):
                    raise TableRefused(
                        f"The column “{shown(names[place])}”, which {field} is read from, has "
                        f"lists or objects ({shown(kinds[place])}).",
                        "Map a column of texts, or write the texts to a column of their own.",
                    )

    def _check(self) -> None:
        if len(self._types) > MAX_COLUMNS:
            raise TableRefused(
                f"The Parquet file has {len(self._types):,} columns; at most {MAX_COLUMNS:,} are "
                "taken.",
                "Write the columns with the texts and an id to a file, and drop that.",
            )
        if self._row_count > MAX_ROWS:
            raise TableRefused(
                f"The Parquet file has {self._row_count:,} rows; at most {MAX_ROWS:,} are taken.",
                "Drop it in several files.",
            )


def open_parquet(source: ByteSource, options: TableOptions) -> tuple[ParquetTable, TablePlan]:
    """Finds the columns. Raises `TableRefused`, and what `source` raises."""
    table = ParquetTable(source)
    mapping = mapped(table.columns, options)
    table.check_mapped(mapping)
    return table, TablePlan(
        format=TableFormat.PARQUET,
        columns=table.columns,
        mapping=mapping,
        width=len(table.columns),
    )


def reopened(source: ByteSource, _plan: TablePlan) -> ParquetTable:
    """Reads the file again."""
    return ParquetTable(source)


def _selected(name: str, kind: str) -> str:
    as_text = any(part in kind for part in AS_TEXT)
    return f"CAST({named(name)} AS VARCHAR)" if as_text else named(name)
