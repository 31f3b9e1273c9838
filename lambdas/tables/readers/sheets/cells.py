"""The cells of a row's XML, with the types that they have in Python."""

from datetime import datetime, time, timedelta
from typing import Final
from xml.etree.ElementTree import Element

from openpyxl.utils.cell import column_index_from_string
from openpyxl.utils.datetime import from_excel, from_ISO8601
from openpyxl.xml.constants import SHEET_MAIN_NS

from tables.readers.sheets.number_formats import NumberFormats
from tables.readers.sheets.shared_strings import SharedStrings, text_of, unescaped
from tables.rows import Cell

VALUE: Final = f"{{{SHEET_MAIN_NS}}}v"
INLINE: Final = f"{{{SHEET_MAIN_NS}}}is"
DIGITS: Final = "0123456789"
NO_DATE = "#VALUE!"  # what Excel shows for a number that is no date
MIDNIGHT: Final = time()


class CellXml:
    """Reads the cells of one sheet."""

    def __init__(self, strings: SharedStrings, formats: NumberFormats, epoch: datetime) -> None:
        """`epoch` is the day from which the workbook counts its dates."""
        self._strings = strings
        self._formats = formats
        self._epoch = epoch
        self._places: dict[str, int] = {}

    def place(self, cell: Element, after: int) -> int:
        """The place of a cell's column, from 0; that `after` the last one's where it says none."""
        name = cell.get("r")
        if name is None:
            return after + 1
        letters = name.rstrip(DIGITS)
        place = self._places.get(letters)
        if place is None:
            place = self._places[letters] = int(column_index_from_string(letters)) - 1
        return place

    def shown_as(self, cell: Element) -> str | None:
        """How Excel shows the cell's number or date, where that is not "General"."""
        return self._formats.codes.get(_style(cell))

    def value(self, cell: Element) -> Cell:
        """What is in a cell; None where it is empty, and "" where it has an empty text.

        Raises `ValueError` and `LookupError` for what no Excel writes."""
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            inline = cell.find(INLINE)
            return None if inline is None else unescaped(text_of(inline))
        value = cell.findtext(VALUE)
        if not value:
            return None
        if kind == "s":
            return unescaped(self._strings[int(value)])
        if kind == "n":
            return self._number(value, _style(cell))
        if kind == "b":
            return bool(int(value))
        return _moment(value) if kind == "d" else unescaped(value)

    def _number(self, written: str, style: int) -> Cell:
        is_whole = "." not in written and "E" not in written and "e" not in written
        number = int(written) if is_whole else float(written)
        if style not in self._formats.dates:
            return number
        try:
            moment = from_excel(number, self._epoch, timedelta=style in self._formats.spans)
        except (OverflowError, ValueError):
            return NO_DATE
        return self._day(moment, style)

    def _day(self, moment: datetime | time | timedelta | None, style: int) -> Cell:
        """A date where Excel shows no time beside it: in the file it is midnight."""
        is_day = style in self._formats.days and isinstance(moment, datetime)
        if is_day and isinstance(moment, datetime) and moment.time() == MIDNIGHT:
            return moment.date()
        return moment


def _style(cell: Element) -> int:
    return int(cell.get("s", 0))


def _moment(written: str) -> Cell:
    """A date as the strict form of workbooks writes it."""
    moment: Cell = from_ISO8601(written)  # type: ignore[no-untyped-call]
    return moment
