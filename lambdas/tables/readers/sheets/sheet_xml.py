"""The rows of a sheet's XML, one by one.

openpyxl's own loop over a sheet keeps what it has read until the sheet ends, however much that is,
and pads rows to the widest cell. So the loop is ours.
"""

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from openpyxl.xml.constants import SHEET_MAIN_NS

from tables.errors import TableRefused
from tables.readers.sheets.archive import BoundedXml
from tables.readers.sheets.elements import elements_of

MAX_SHEET_ROWS = 1_048_576  # Excel's
ROW: Final = f"{{{SHEET_MAIN_NS}}}row"
ROWS: Final = f"{{{SHEET_MAIN_NS}}}sheetData"


def sheet_rows(xml: BoundedXml) -> Iterator[tuple[int, Element]]:
    """Each row that is written down: its number from 1, and its element, until the next is asked.

    Raises `TableRefused`, `ValueError`, and what the parser raises."""
    last = 0
    for element in elements_of(xml, ROWS):
        if element.tag == ROW:
            last = _number(element, last)
            yield last, element


def _number(row: Element, last: int) -> int:
    """The row's number; the next where it says none."""
    written = row.get("r")
    number = last + 1 if written is None else int(written.removesuffix(".0"))
    if not last < number <= MAX_SHEET_ROWS:
        raise TableRefused(
            f"Row {number:,} of the sheet stands behind row {last:,}.",
            "Open the workbook in Excel or LibreOffice, save it under a new name and drop that.",
        )
    return number
