"""The texts that a workbook's cells share, on disk where they are many.

A cell names its text by a number. openpyxl would keep all of them as a list, which takes several
times the memory of a function for a sheet of a million answers.
"""

import mmap
import re
import tempfile
from array import array
from collections.abc import Iterator
from typing import IO, Final
from xml.etree.ElementTree import Element

from openpyxl.xml.constants import SHEET_MAIN_NS

from tables.errors import TableRefused
from tables.readers.sheets.archive import BoundedXml
from tables.readers.sheets.elements import elements_of

MEMORY_BYTES = 4 << 20  # of texts that are kept in memory; more go to a file; ours
MAX_STRINGS = 10_000_000  # eight bytes of memory each; ours
ITEM: Final = f"{{{SHEET_MAIN_NS}}}si"
TEXT: Final = f"{{{SHEET_MAIN_NS}}}t"
RUN: Final = f"{{{SHEET_MAIN_NS}}}r"

_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def unescaped(text: str) -> str:
    """A text of a cell with the characters that XML can't hold: Excel writes `_x000D_` for them."""
    if "_x" not in text:
        return text
    units = _ESCAPED.sub(_character, text).encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "replace")  # two escapes may be the halves of one character


def _character(escaped: re.Match[str]) -> str:
    return chr(int(escaped[1], 16))


def text_of(item: Element) -> str:
    """The text of an item, its own or of its formatted runs, without how it is pronounced."""
    if len(item) == 1 and item[0].tag == TEXT:
        return item[0].text or ""
    return "".join(
        text.text or ""
        for part in item
        for text in ([part] if part.tag == TEXT else part.findall(TEXT))
        if part.tag in (TEXT, RUN)
    )


class SharedStrings:
    """Texts by their number, as openpyxl asks for them.

    Raises `IndexError` for a number that no text has."""

    def __init__(self, xml: BoundedXml | None) -> None:
        """Reads all of `xml`; raises `TableRefused`, and what the parser raises."""
        self._ends = array("Q", (0,))
        self._content: bytes | mmap.mmap = b""
        if xml is None:
            return
        with tempfile.SpooledTemporaryFile(MEMORY_BYTES) as file:
            self._write(xml, file)
            if self._ends[-1] <= MEMORY_BYTES:
                file.seek(0)
                self._content = file.read()
            else:
                file.flush()
                self._content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def _write(self, xml: BoundedXml, file: IO[bytes]) -> None:
        end = 0
        for text in _texts(xml):
            content = text.encode("utf-8", "surrogatepass")
            file.write(content)
            end += len(content)
            self._ends.append(end)
            if len(self) > MAX_STRINGS:
                raise TableRefused(
                    f"The Excel workbook has more than {MAX_STRINGS:,} different texts.",
                    "Save the sheet with the texts as CSV UTF-8 and drop that.",
                )

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int) -> str:
        if number < 0:
            raise IndexError(number)
        content = self._content[self._ends[number] : self._ends[number + 1]]
        return content.decode("utf-8", "surrogatepass")


def _texts(xml: BoundedXml) -> Iterator[str]:
    """The text of each item."""
    return (text_of(element) for element in elements_of(xml) if element.tag == ITEM)
