"""Excel workbooks: the rows of one sheet, with the types and the number formats of its cells."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from tables.errors import TableRefused
from tables.mapping.columns import fields_named, mapped
from tables.mapping.names import shown
from tables.plan import TableFormat, TableOptions, TablePlan
from tables.readers.sheets.book import Sheet, SheetBook, SheetRow, reading_sheets
from tables.rows import Cell, RowBatch
from tables.source import ByteSource
from tables.text.cell_text import cell_text

HEADER_ROWS = 20  # within which a header is looked for
BATCH_ROWS = 1_000  # ours
BATCH_CELLS = 20_000  # so that a batch of wide rows is a few MB too; ours


@dataclass(slots=True)
class SheetRows(RowBatch):
    """Rows of a sheet, and how Excel shows their numbers and dates."""

    formats: list[dict[int, str]] = field(default_factory=list)
    """As `SheetRow.formats`, for each row."""


class Workbook:
    """Reads one sheet of a workbook; see `open_workbook` and `reopened`."""

    def __init__(
        self, book: SheetBook, sheet: Sheet, header_row: int, columns: Sequence[str]
    ) -> None:
        self._book = book
        self._sheet = sheet
        self._header_row = header_row
        self._columns = tuple(columns)

    @property
    def columns(self) -> tuple[str, ...]:
        """The header's cells."""
        return self._columns

    def above(self) -> list[SheetRow]:
        """The rows above the header."""
        with reading_sheets():
            return list(islice(self._book.rows(self._sheet), self._header_row - 1))

    def rows(self, state: dict[str, Any] | None = None) -> Iterator[SheetRows]:
        """The rows below the header. With a state the sheet is read again up to there."""
        passed = self._header_row if state is None else state["row"]
        rows = self._book.rows(self._sheet)
        while batch := self._batch(rows, passed):
            numbers = range(batch[0].number, batch[-1].number + 1)
            cells: list[Sequence[Cell]] = [row.cells for row in batch]
            formats = [row.formats for row in batch]
            yield SheetRows(numbers, cells, {}, state={"row": numbers[-1]}, formats=formats)

    def _batch(self, rows: Iterator[SheetRow], passed: int) -> list[SheetRow]:
        batch: list[SheetRow] = []
        room = BATCH_CELLS
        with reading_sheets():
            for row in rows:
                if row.number <= passed:
                    continue
                batch.append(row)
                room -= len(row.cells)
                if room < 0 or len(batch) == BATCH_ROWS:
                    break
        return batch


def open_workbook(source: ByteSource, options: TableOptions) -> tuple[Workbook, TablePlan]:
    """Finds the sheet and its header. Raises `TableRefused`, and what `source` raises."""
    book = SheetBook(source)
    named = [book.sheet(options.sheet)] if options.sheet else book.sheets
    sheet, header = _header(book, named, options)
    columns = tuple(map(cell_text, header.cells))
    plan = TablePlan(
        format=TableFormat.XLSX,
        columns=columns,
        mapping=mapped(columns, options),
        header_row=header.number,
        width=len(columns),
        sheet=sheet.name,
    )
    return Workbook(book, sheet, header.number, columns), plan


def reopened(source: ByteSource, plan: TablePlan) -> Workbook:
    """Reads the sheet again that `open_workbook` found."""
    book = SheetBook(source)
    return Workbook(book, book.sheet(plan.sheet or ""), plan.header_row, plan.columns)


def _header(
    book: SheetBook, sheets: Sequence[Sheet], options: TableOptions
) -> tuple[Sheet, SheetRow]:
    """The row that names most fields, of the first sheet with one that names any; else the first
    row with anything in it, for a message."""
    first: tuple[Sheet, SheetRow] | None = None
    for sheet in sheets:
        with reading_sheets():
            top = [row for row in islice(book.rows(sheet), HEADER_ROWS) if row.cells]
        named = [fields_named([cell_text(cell) for cell in row.cells], options) for row in top]
        if any(named):
            return sheet, top[named.index(max(named))]
        first = first or ((sheet, top[0]) if top else None)
    if first is None:
        where = f"sheet “{shown(sheets[0].name)}”" if len(sheets) == 1 else "Excel workbook"
        raise TableRefused(
            f"The {where} has nothing in its first {HEADER_ROWS} rows.",
            "Put the names of the columns in the first row, and a row for each text below.",
        )
    return first
