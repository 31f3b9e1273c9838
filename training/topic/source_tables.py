"""Reading the tables that a topic is made of, in any format that `tables` reads, as rows of text.

What a row is for, `layouts` says: here nothing knows codes or titles.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from protocol.records import RECORD_ID
from tables.errors import EncodingAssumed, TableRefused
from tables.mapping.names import listed, plain_name
from tables.open_table import open_table
from tables.plan import TableFormat, TableOptions
from tables.readers.sheets.book import SheetBook, reading_sheets
from tables.recognise import recognise
from tables.rows import TableReader
from tables.source import LocalFile
from tables.text.cell_text import cell_text
from training.errors import TopicError

HEADER_ROWS = 40  # within which a header is looked for: published workbooks begin with a preamble
NUMBER = re.compile(r"#([1-9]\d{0,4})")
"""A column by its number, from 1, as in `columns.yaml`."""
NUMBERED = "#1"


@dataclass(frozen=True, slots=True)
class SourceTable:
    """One sheet of a workbook, or a whole file of another format."""

    path: Path
    sheet: str | None
    """Its name; None where the file is no workbook."""
    rows: Sequence[tuple[int, Sequence[str]]]
    """Number as a person sees it, and cells; rows without any text are left out."""

    def fault(self, line: int | None, problem: str, remedy: str) -> TopicError:
        """An error that says where in the file it is."""
        where = "" if self.sheet is None else f"sheet “{self.sheet}”, "
        return TopicError(self.path, line, where + problem, remedy)

    def header(self, names: Sequence[Sequence[str]], row: int | None = None) -> int | None:
        """The place among `rows` of the first that has a column for each of the `names`.

        Each of `names` is a list of names for one column. `row` is a row's number, as a person
        gave it: then it is that row, or none.
        """
        for place, (number, cells) in enumerate(self.rows):
            if number > HEADER_ROWS and row is None:
                break
            if row in (None, number) and all(column_of(each, cells) is not None for each in names):
                return place
        return None

    def columns(self, row: int | None = None) -> str:
        """The names of the columns, as far as they can be told, for a message."""
        looked = [cells for number, cells in self.rows if number <= HEADER_ROWS or number == row]
        here = [cells for number, cells in self.rows if number == row]
        widest = max(here or looked, key=lambda cells: sum(map(bool, cells)), default=())
        return listed([name for name in widest if name.strip()]) or "none"


def column_of(names: Sequence[str], header: Sequence[str]) -> int | None:
    """The place of the first column that has one of the names, or the number that one of them is.

    Case, spaces and punctuation of a name don't count.
    """
    plain = [plain_name(cell) for cell in header]
    for name in names:
        number = NUMBER.fullmatch(name)
        if name in header:
            return list(header).index(name)
        if number and int(number[1]) <= max(len(header), 1):
            return int(number[1]) - 1
        if not number and plain_name(name) and plain_name(name) in plain:
            return plain.index(plain_name(name))
    return None


def source_tables(path: Path, names: Sequence[str], sheet: str | None = None) -> list[SourceTable]:
    """The tables of a file: the sheet of that name, or all of them, hidden ones last.

    `names` are names that columns may have; they tell a header from what stands above it. Raises
    `TopicError` if the file is missing or is no table.
    """
    source = LocalFile(path)
    try:
        recognised = recognise(source)
        if recognised.format is None:
            raise TopicError(path, None, "the file is packed", "Unpack it first")
        if recognised.format is TableFormat.XLSX:
            book = SheetBook(source)
            sheets = [book.sheet(sheet)] if sheet else book.sheets
            with reading_sheets():
                return [
                    SourceTable(
                        path,
                        each.name,
                        [(row.number, _texts(row.cells)) for row in book.rows(each) if row.cells],
                    )
                    for each in sheets
                ]
        rows = list(_rows(source, recognised.format, names, path))
        return [SourceTable(path, None, [row for row in rows if any(row[1])])]
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise TopicError(path, None, reason, "Name a file that can be read") from error
    except TableRefused as refused:
        reason, step = refused.reason.rstrip("."), refused.next_step.rstrip(".")
        raise TopicError(path, None, reason, step) from refused


def _texts(cells: Sequence[object]) -> tuple[str, ...]:
    return tuple(cell_text(cell).strip() for cell in cells)  # type: ignore[arg-type]


def _rows(
    source: LocalFile, form: TableFormat, names: Sequence[str], path: Path
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The header and the rows below it."""
    reader, number = _opened(source, form, names)
    try:
        batches = list(reader.rows())
    except EncodingAssumed as assumed:
        reader, number = _opened(source, form, names, assumed.encoding)
        batches = list(reader.rows())
    yield number, _texts(reader.columns)
    for batch in batches:
        for place, (line, cells) in enumerate(zip(batch.numbers, batch.cells, strict=True)):
            if place in batch.faults:
                raise TopicError(path, line, batch.faults[place].rstrip("."), "Correct the row")
            yield line, _texts(cells)


def _opened(
    source: LocalFile, form: TableFormat, names: Sequence[str], encoding: str | None = None
) -> tuple[TableReader, int]:
    """A reader, and the number of the header's row.

    Where no column has one of the names, the header is the first row that looks like one.
    """
    named = tuple(dict.fromkeys(name for name in names if not NUMBER.fullmatch(name)))
    numbered = TableOptions(fields=("first",), columns={"first": (NUMBERED,), RECORD_ID: ()})
    try:
        options = TableOptions(fields=named, columns={RECORD_ID: ()}) if named else numbered
        reader, plan = open_table(source, form, options, encoding=encoding)
    except TableRefused:
        reader, plan = open_table(source, form, numbered, encoding=encoding)
    return reader, plan.header_row
