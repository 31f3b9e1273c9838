"""How a workbook's cells show numbers, and so which numbers are dates.

Of the styles nothing else is read: openpyxl refuses workbooks for colours that it can't take.
"""

import re
from dataclasses import dataclass, field
from typing import Final, Self
from xml.etree.ElementTree import Element, fromstring

from openpyxl.styles.numbers import (
    BUILTIN_FORMATS,
    FORMAT_GENERAL,
    FORMAT_TEXT,
    is_date_format,
    is_timedelta_format,
)
from openpyxl.xml.constants import SHEET_MAIN_NS

NO_FORMATS = frozenset({"", FORMAT_GENERAL, FORMAT_TEXT})
TIME_CODE: Final = re.compile("[hs]", re.IGNORECASE)
"""In the format of a date: hours or seconds; minutes never stand alone."""
NAMESPACES = {"": SHEET_MAIN_NS}


@dataclass(slots=True)
class NumberFormats:
    """The formats by the number of the style that a cell has."""

    codes: dict[int, str] = field(default_factory=dict)
    """As Excel writes them, such as `DD.MM.YYYY`; without "General"."""
    dates: set[int] = field(default_factory=set)
    """The styles that show numbers as dates or times."""
    spans: set[int] = field(default_factory=set)
    """Of these, the styles that show how long something takes."""
    days: set[int] = field(default_factory=set)
    """Of these, the styles that show a date without a time."""

    @classmethod
    def of_styles(cls, content: bytes) -> Self:
        """Those of a workbook's styles. Raises what the parser does, `ValueError`, `KeyError`."""
        styles = fromstring(content)  # noqa: S314  `BoundedArchive` refuses what is known of it
        own = {
            int(each.attrib["numFmtId"]): each.attrib["formatCode"]
            for each in _children(styles, "numFmts", "numFmt")
        }
        formats = cls()
        for style, each in enumerate(_children(styles, "cellXfs", "xf")):
            number = int(each.get("numFmtId", 0))
            code = own.get(number) or BUILTIN_FORMATS.get(number, "")
            if code in NO_FORMATS:
                continue
            formats.codes[style] = code
            if is_date_format(code):
                formats.dates.add(style)
            if is_timedelta_format(code):
                formats.spans.add(style)
            elif style in formats.dates and not TIME_CODE.search(code):
                formats.days.add(style)
        return formats


def _children(styles: Element, group: str, name: str) -> list[Element]:
    return styles.findall(f"{group}/{name}", NAMESPACES)
