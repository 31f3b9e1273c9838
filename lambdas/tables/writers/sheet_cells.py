"""Rows of a sheet as XML, cell by cell: texts as texts, numbers with all of their digits.

XlsxWriter would write them too, four times slower, with 16 of a number's 17 digits, and a text
that looks like its own marks of formatted text as XML.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from html import escape
from itertools import count
from math import isfinite
from typing import Final

from tables.rows import Cell, Written
from tables.text.cell_text import cell_text, whole_text

MAX_UNITS = 32_767  # of UTF-16 in a cell: Excel's
EXACT_DIGITS = 15  # of a number: Excel's
FIRST_EXACT_DAY: Final = date(1900, 3, 1)  # Excel counts a day before it that never was
EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001  a sheet knows no time zone
DAY: Final = timedelta(days=1)
DATE_TIME, DATE, TIME, SPAN = "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd", "hh:mm:ss", "[h]:mm:ss"

_NO_XML: Final = re.compile("[\0-\x08\x0b-\x1f\ufffe\uffff]")
_LIKE_ESCAPE: Final = re.compile("_(x[0-9a-fA-F]{4}_)")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")


class SheetCells:
    """Writes rows, and counts the texts that it had to cut."""

    def __init__(self, style: Callable[[str], int]) -> None:
        """`style` gives the number of the style that shows numbers in a format of Excel."""
        self._style = style
        self._letters: list[str] = []
        self.cut_cells = 0

    def row(
        self, number: int, cells: Sequence[Cell], formats: dict[int, str], *, text_style: int = 0
    ) -> str:
        """A row by its number from 1; `formats` as `SheetRow.formats`."""
        self._letters += map(letters_of, range(len(self._letters), len(cells)))
        style = f' s="{text_style}"' if text_style else ""
        is_plain = _are_plain([cell for cell in cells if type(cell) is str])
        parts = [f'<row r="{number}">']
        for letters, place, cell in zip(self._letters, count(), cells, strict=False):
            if cell is None or cell == "":
                continue
            if type(cell) is str:
                text = f">{cell}" if is_plain else self._text(cell)
                parts.append(
                    f'<c r="{letters}{number}" t="inlineStr"{style}><is><t{text}</t></is></c>'
                )
            else:
                parts.append(self._typed(f"{letters}{number}", cell, formats.get(place)))
        parts.append("</row>")
        return "".join(parts)

    def _text(self, text: str) -> str:
        """The rest of the element's first tag, and the text within."""
        if len(text) > MAX_UNITS // 2:
            text = self._cut(text)
        if not text.isprintable():
            text = _NO_XML.sub(_escaped, _LIKE_ESCAPE.sub(r"_x005F_\1", text))
            text = whole_text(text).decode()
        elif "_x" in text:
            text = _LIKE_ESCAPE.sub(r"_x005F_\1", text)
        return f' xml:space="preserve">{escape(text, quote=False)}'

    def _typed(self, name: str, cell: Cell, shown_as: str | None) -> str:
        if isinstance(cell, bool):
            return f'<c r="{name}" t="b"><v>{int(cell)}</v></c>'
        if isinstance(cell, date | time | timedelta):
            serial, usual = _serial(cell)
            shown_as = shown_as or usual
        else:
            serial = _number(cell)
        if serial is None:
            return f'<c r="{name}" t="inlineStr"><is><t{self._text(cell_text(cell))}</t></is></c>'
        style = f' s="{self._style(shown_as)}"' if shown_as else ""
        return f'<c r="{name}"{style}><v>{serial}</v></c>'

    def _cut(self, text: str) -> str:
        units = whole_text(text).decode().encode("utf-16-le")
        if len(units) <= 2 * MAX_UNITS:
            return text
        self.cut_cells += 1
        return units[: 2 * MAX_UNITS].decode("utf-16-le", "ignore")


def _are_plain(texts: Sequence[str]) -> bool:
    """Whether the texts of a row stand in XML as they are, as most do."""
    joined = "|".join(texts)
    return (
        joined.isprintable()
        and "&" not in joined
        and "<" not in joined
        and ">" not in joined
        and "_x" not in joined
        and "| " not in joined  # space around a text is kept where the XML says so
        and " |" not in joined
        and not joined.startswith(" ")
        and not joined.endswith(" ")
        and len(joined) <= MAX_UNITS // 2
    )


def letters_of(place: int) -> str:
    """The letters of a column, such as `AA` of 26."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _number(cell: Cell) -> str | None:
    """A number that Excel keeps as it is; None for all else, which is text."""
    if isinstance(cell, float):
        return repr(cell) if isfinite(cell) else None
    if not isinstance(cell, int | Decimal | Written):
        return None
    text = cell_text(cell)
    digits = sum(map(str.isdigit, text))
    return text if digits <= EXACT_DIGITS and _NUMBER.fullmatch(text) else None


def _serial(moment: Cell) -> tuple[str | None, str]:
    """Excel's number for it, where it has one, and how it is usually shown."""
    if isinstance(moment, timedelta):
        return (repr(moment / DAY) if moment >= timedelta() else None), SPAN
    if isinstance(moment, time):
        span = datetime.combine(EPOCH, moment.replace(tzinfo=None)) - EPOCH
        return (repr(span / DAY) if moment.tzinfo is None else None), TIME
    if isinstance(moment, datetime):
        known = moment.tzinfo is None and moment.date() >= FIRST_EXACT_DAY
        return (repr((moment - EPOCH) / DAY) if known else None), DATE_TIME
    if not isinstance(moment, date) or moment < FIRST_EXACT_DAY:
        return None, DATE
    return str((moment - EPOCH.date()).days), DATE


def _escaped(character: re.Match[str]) -> str:
    return f"_x{ord(character[0]):04X}_"
