"""An Excel workbook with one sheet: the table, a filter on its header, which stays in sight."""

import tempfile
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.exceptions import XlsxWriterException  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from tables.coded.code_columns import CONFIDENCE
from tables.coded.coded_rows import CodedRows
from tables.errors import TableRefused
from tables.plan import TablePlan
from tables.rows import Cell, RowBatch
from tables.text.cell_text import cell_text
from tables.writers.layout import TableLayout
from tables.writers.sheet_cells import SheetCells

MAX_ROWS = 1_048_576  # Excel's
MAX_COLUMNS = 16_384  # Excel's
MAX_FORMATS = 200  # of numbers, that are not Excel's own: it takes 200 to 250
NARROWEST, WIDEST = 8, 60  # characters; ours
MARGIN = 3  # the header's button takes two characters; ours
NUMBER_WIDTH = 10  # of one with many decimals, which Excel rounds to fit; ours
SAMPLE_ROWS = 100  # by which the columns get their widths; ours
NAME_CHARACTERS = 31  # of a sheet: Excel's
NOT_IN_NAMES = str.maketrans("[]:*?/\\", "_______")  # Excel's
CONFIDENCE_FORMAT = "0.00##"
OTHERWISE = "General"


class WorkbookWriter:
    """Writes the file at `path`, row by row; `close` completes it."""

    def __init__(self, layout: TableLayout, path: Path) -> None:
        """Raises `TableRefused` for a table that no sheet holds."""
        self._layout = layout
        self._header_row = len(layout.above.rows) + 1
        _check_size(layout, self._header_row)
        self._book = xlsxwriter.Workbook(
            str(path),
            {
                "constant_memory": True,
                "strings_to_numbers": False,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "tmpdir": tempfile.gettempdir(),
            },
        )
        self._sheet: Any = self._book.add_worksheet(_sheet_name(layout.plan), _StreamedSheet)
        self._styles: dict[str, int] = {}
        self._cells = SheetCells(self._style)
        self._bold = self._book.add_format({"bold": True})._get_xf_index()
        self._sample: list[Sequence[Cell]] = [layout.header]
        self._row = 0
        self._code_formats = {
            layout.width + place: CONFIDENCE_FORMAT
            for place, kind in enumerate(layout.codes.kinds)
            if kind == CONFIDENCE
        }
        for place, cells in enumerate(layout.above.rows):
            self._add(cells, layout.above.formats[place] if layout.above.formats else {})
        self._add(layout.header, {}, text_style=self._bold)

    @property
    def cut_cells(self) -> int:
        """How many texts were longer than a cell may be, and were cut."""
        return self._cells.cut_cells

    def rows(self, rows: RowBatch, coded: CodedRows) -> None:
        """The next rows."""
        width = self._layout.width
        formats: Sequence[dict[int, str]] | None = getattr(rows, "formats", None)
        for place, (cells, codes) in enumerate(
            zip(rows.cells, self._layout.codes.values(coded), strict=True)
        ):
            self._layout.check_width(cells, rows.numbers[place])
            row = [*cells, *[None] * (width - len(cells)), *codes]
            own = formats[place] if formats else None
            self._add(row, self._code_formats | own if own else self._code_formats)
            if len(self._sample) <= SAMPLE_ROWS:
                self._sample.append(row)

    def close(self) -> None:
        """Completes the file."""
        columns = len(self._layout.header)
        self._sheet.freeze_panes(self._header_row, 0)
        self._sheet.autofilter(self._header_row - 1, 0, max(self._row, 1) - 1, columns - 1)
        for place, width in enumerate(self._widths(columns)):
            self._sheet.set_column(place, place, width)
        self._sheet.complete(self._row, columns)
        try:
            self._book.close()
        except XlsxWriterException:
            raise _too_large("it would have more than 4 GB") from None

    def discard(self) -> None:
        """Removes what was written."""
        self._sheet.discard()

    def _add(self, cells: Sequence[Cell], formats: dict[int, str], *, text_style: int = 0) -> None:
        self._row += 1
        self._sheet.add(self._cells.row(self._row, cells, formats, text_style=text_style))

    def _style(self, shown_as: str) -> int:
        if shown_as not in self._styles:
            known = shown_as if len(self._styles) < MAX_FORMATS else OTHERWISE
            style = self._book.add_format({"num_format": known})
            self._styles[shown_as] = style._get_xf_index()
        return self._styles[shown_as]

    def _widths(self, columns: int) -> list[int]:
        widths = [NARROWEST] * columns
        for row in self._sample:
            for place, cell in enumerate(row):
                if widths[place] < WIDEST and cell is not None:
                    widths[place] = max(widths[place], _width(cell) + MARGIN)
        return [min(width, WIDEST) for width in widths]


class _StreamedSheet(Worksheet):  # type: ignore[misc]  # XlsxWriter has no types
    """A sheet in constant memory whose rows come as XML."""

    def add(self, xml: str) -> None:
        """The next row."""
        self.row_data_fh.write(xml)

    def complete(self, rows: int, columns: int) -> None:
        """Says how large the sheet is."""
        self.dim_rowmin, self.dim_rowmax = 0, rows - 1
        self.dim_colmin, self.dim_colmax = 0, columns - 1

    def discard(self) -> None:
        """Removes the file of the rows."""
        self._opt_close()
        Path(self.row_data_filename).unlink(missing_ok=True)


def _check_size(layout: TableLayout, header_row: int) -> None:
    rows = header_row + layout.plan.counts.rows
    if rows > MAX_ROWS:
        raise _too_large(f"it would have {rows:,} rows, and a sheet has at most {MAX_ROWS:,}")
    columns = len(layout.header)
    if columns > MAX_COLUMNS:
        raise _too_large(f"it would have {columns:,} columns, a sheet has at most {MAX_COLUMNS:,}")


def _too_large(why: str) -> TableRefused:
    return TableRefused(
        f"The table can't be given back as an Excel workbook: {why}.",
        "Take it as CSV or Parquet, which have no such limit.",
    )


def _sheet_name(plan: TablePlan) -> str:
    name = (plan.sheet or "").translate(NOT_IN_NAMES)[:NAME_CHARACTERS].strip("'")
    return name if name.strip() and name.casefold() != "history" else "Table"


def _width(cell: Cell) -> int:
    """In characters of Latin letters, of the longest of the first lines."""
    text = cell_text(cell)
    if isinstance(cell, float):
        return min(len(text), NUMBER_WIDTH)
    lines = text[: 4 * WIDEST].splitlines()
    return max((len(line) + sum(map(_is_wide, line)) for line in lines[:4]), default=0)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
