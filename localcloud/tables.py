"""Tables on this machine, read as Pipeline reads them: what was dropped, and what came back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dropcoder.local_coding.prepared_table import found_table
from tables.errors import EncodingAssumed
from tables.open_table import open_table
from tables.plan import TableFormat, TableOptions
from tables.rows import Cell
from tables.source import ByteSource

MAX_DIFFERENCES = 5  # more would not help; ours


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a table: its number, its cells, and whether it could be read."""

    number: int
    cells: Sequence[Cell]
    readable: bool


@dataclass(frozen=True, slots=True)
class LocalTable:
    """A table with all of its rows, in memory: for files that a person looks at."""

    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]

    def column(self, name: str) -> Iterator[Cell]:
        """The cells of a column, None where a row lacks it."""
        place = self.columns.index(name)
        for row in self.rows:
            yield row.cells[place] if place < len(row.cells) else None


def read_table(path: Path, manifest: Mapping[str, Any]) -> LocalTable:
    """Reads a table whose drop has this manifest: its columns need not have usual names."""
    mapped = manifest["table"]["columns"]
    options = TableOptions(
        fields=tuple(mapped),
        columns={field: tuple(names) for field, names in mapped.items() if names},
        sheet=manifest["table"]["sheet"],
    )
    with TemporaryDirectory(prefix="dropcoder-") as scratch:
        found = found_table(path, options, Path(scratch))
        try:
            return _read(found.content, found.format, options, None)
        except EncodingAssumed as assumed:
            return _read(found.content, found.format, options, assumed.encoding)


def _read(
    source: ByteSource, form: TableFormat, options: TableOptions, encoding: str | None
) -> LocalTable:
    reader, _ = open_table(source, form, options, encoding=encoding)
    rows = tuple(
        TableRow(number, cells, place not in batch.faults)
        for batch in reader.rows()
        for place, (number, cells) in enumerate(zip(batch.numbers, batch.cells, strict=True))
    )
    return LocalTable(tuple(reader.columns), rows)


def changed_rows(dropped: LocalTable, returned: LocalTable) -> list[str]:
    """How the rows that came back are not those that were dropped; empty where all are."""
    if len(dropped.rows) != len(returned.rows):
        return [f"rows of the table: {len(dropped.rows)} here, {len(returned.rows)} there"]
    places = [
        (place, returned.columns.index(name))
        for place, name in enumerate(dropped.columns)
        if dropped.columns.count(name) == 1 and name in returned.columns
    ]
    differences = []
    for before, after in zip_longest(dropped.rows, returned.rows):
        if before.readable and any(
            _cell(before.cells, here) != _cell(after.cells, there) for here, there in places
        ):
            differences.append(f"row {before.number} came back with other cells")
    return differences[:MAX_DIFFERENCES]


def _cell(cells: Sequence[Cell], place: int) -> Cell:
    """An empty cell and one that is not there are the same."""
    found = cells[place] if place < len(cells) else None
    return None if found == "" else found
