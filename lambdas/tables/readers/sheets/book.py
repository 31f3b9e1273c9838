"""What an Excel workbook holds: its sheets, and their rows with types and number formats."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

from openpyxl.reader.excel import ExcelReader
from openpyxl.utils import get_column_letter
from openpyxl.xml.constants import ARC_STYLE, SHARED_STRINGS

from tables.errors import TableRefused
from tables.mapping.names import listed, shown
from tables.readers.sheets.archive import (
    MAX_STRINGS_BYTES,
    BoundedArchive,
    reading_workbook,
)
from tables.readers.sheets.cells import CellXml
from tables.readers.sheets.number_formats import NumberFormats
from tables.readers.sheets.shared_strings import SharedStrings
from tables.readers.sheets.sheet_xml import sheet_rows
from tables.rows import Cell
from tables.source import ByteSource

MAX_COLUMNS = 2_000  # with something in them; ours
MAX_CELLS = 60_000_000  # with something in them; about five minutes of reading; ours


@contextmanager
def reading_sheets() -> Iterator[None]:
    """As `reading_workbook`, without openpyxl's warnings of what it would lose if it wrote."""
    with reading_workbook(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class SheetRow(NamedTuple):
    """A row of a sheet."""

    number: int
    cells: list[Cell]
    """From column A to the last with something in it."""
    formats: dict[int, str]
    """Place of a cell → how Excel shows its number or date, where that is not "General"."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet with cells."""

    name: str
    hidden: bool
    part: str
    """The name of its XML in the workbook's zip."""


class SheetBook:
    """An opened workbook. The shared texts are read when a sheet is."""

    def __init__(self, source: ByteSource) -> None:
        with reading_sheets():
            self._archive = BoundedArchive(source)
            reader: Any = ExcelReader(
                self._archive.file, read_only=True, data_only=True, keep_links=False
            )
            reader.archive = self._archive
            reader.read_manifest()
            reader.read_workbook()
            self._epoch = reader.wb.epoch
            parts = frozenset(self._archive.namelist())
            self._formats = (
                NumberFormats.of_styles(self._archive.read(ARC_STYLE))
                if ARC_STYLE in parts
                else NumberFormats()
            )
            self.sheets = _sheets(reader, parts)
            strings = reader.package.find(SHARED_STRINGS)
            self._strings_part = strings.PartName[1:] if strings is not None else None
        self._strings: SharedStrings | None = None
        if not self.sheets:
            raise TableRefused(
                "The Excel workbook has no sheet with cells.", "Put the table on a sheet."
            )

    def sheet(self, name: str) -> Sheet:
        """The sheet of that name; case and spaces around it don't count. Raises `TableRefused`."""
        plain = name.strip().casefold()
        exact = [sheet for sheet in self.sheets if sheet.name == name]
        for sheet in (*exact, *self.sheets):
            if sheet.name.strip().casefold() == plain:
                return sheet
        names = listed([sheet.name for sheet in self.sheets])
        raise TableRefused(
            f"The workbook has no sheet “{shown(name)}”; it has {names}.",
            "Name one of them, or none to take the first with a header that is recognised.",
        )

    def rows(self, sheet: Sheet) -> Iterator[SheetRow]:
        """All rows from 1 to the last with something in it, empty ones too."""
        expected = 1
        seen = 0
        for row in self._written_rows(sheet):
            for number in range(expected, row.number):
                yield SheetRow(number, [], {})
            seen += len(row.cells) - row.cells.count(None)
            if seen > MAX_CELLS:
                raise TableRefused(
                    f"The sheet has more than {MAX_CELLS:,} cells, up to row {row.number:,}.",
                    "Save it as CSV UTF-8, which may be larger, and drop that.",
                )
            expected = row.number + 1
            yield row

    def _written_rows(self, sheet: Sheet) -> Iterator[SheetRow]:
        if self._strings is None:
            self._strings = SharedStrings(
                self._archive.xml(self._strings_part, max_bytes=MAX_STRINGS_BYTES)
                if self._strings_part in self._archive.NameToInfo
                else None
            )
        cells = CellXml(self._strings, self._formats, self._epoch)
        for number, element in sheet_rows(self._archive.xml(sheet.part)):
            row = self._row(number, element, cells)
            if row.cells:
                yield row

    def _row(self, number: int, element: Element, cells: CellXml) -> SheetRow:
        row: list[Cell] = []
        formats: dict[int, str] = {}
        place = -1
        for cell in element:
            place = cells.place(cell, place)
            value = cells.value(cell)
            if value is None or value == "":
                continue
            if place >= len(row):
                _check_column(number, place)
                row.extend([None] * (place + 1 - len(row)))
            row[place] = value
            if type(value) is not str and (shown_as := cells.shown_as(cell)):
                formats[place] = shown_as
        return SheetRow(number, row, formats)


def _sheets(reader: Any, parts: frozenset[str]) -> list[Sheet]:
    """Those with cells, hidden ones last."""
    found = [
        Sheet(sheet.name, sheet.state != "visible", rel.target)
        for sheet, rel in reader.parser.find_sheets()
        if rel.target in parts and rel.Type.endswith("/worksheet")
    ]
    return sorted(found, key=lambda sheet: sheet.hidden)


def _check_column(row: int, place: int) -> None:
    if place >= MAX_COLUMNS:
        raise TableRefused(
            f"Row {row:,} of the sheet has something in column {get_column_letter(place + 1)}; "
            f"at most {MAX_COLUMNS:,} columns are taken.",
            "Clear what stands outside of the table, or leave columns out.",
        )
