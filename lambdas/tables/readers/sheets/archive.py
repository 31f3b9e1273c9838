"""The zip of a workbook, whose sizes are bounded before and while its XML is read.

A few kilobytes of zip can hold gigabytes of XML, and an XML parser keeps what it is given until an
element ends. So sizes are looked at before anything is unzipped, entries never give more than the
zip's directory says (`zipfile` sees to that), and whoever parses XML says when it let go of what
was read.
"""

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from tables.errors import TableRefused
from tables.source import ByteSource, SeekableFile

MAX_ENTRIES = 10_000  # a workbook with a thousand sheets has about three thousand; ours
MAX_DIRECTORY_BYTES = 4 << 20  # of the list of those entries; ours
MAX_BYTES = 2 << 30  # unzipped, of all entries together; ours
MAX_RATIO = 300  # of all unzipped and zipped bytes; XML of a real sheet has 10 to 60; ours
RATIO_FREE_BYTES = 64 << 20  # up to here any ratio is harmless; ours
MAX_WHOLE_BYTES = 8 << 20  # of a part that is read as a whole, such as the styles; ours
MAX_STRINGS_BYTES = 300 << 20  # of the XML of the shared strings; ours
MAX_KEPT_BYTES = 4 << 20  # between two ends of elements; a cell has 32,767 characters; ours
XML_BLOCK_BYTES = 64 << 10
READ_BYTES = 1 << 20  # at once of the zip, each of them a request where it lies in S3; ours
DOCTYPES: Final = tuple("<!DOCTYPE".encode(name) for name in ("ascii", "utf-16-le", "utf-16-be"))

BROKEN: Final = (
    *(BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError),
    *(ParseError, LookupError, ValueError, TypeError, AttributeError, OverflowError),
)
"""What zipfile, the XML parser and openpyxl raise for a file that is not as it should be.
`RuntimeError` is zipfile's for an encrypted entry, and `RecursionError`."""

NOT_READ = "The Excel workbook can't be read: it is damaged, or something other than Excel wrote it"
SAVE_AGAIN = (
    "Open it in Excel or LibreOffice, save it as .xlsx under a new name and drop that; or save the "
    "sheet as CSV UTF-8."
)


@contextmanager
def reading_workbook() -> Iterator[None]:
    """Refuses the workbook where its reading fails; what the `ByteSource` raises passes through."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            raise
        raise TableRefused(f"{NOT_READ}.", SAVE_AGAIN) from None  # openpyxl's way of saying so
    except BROKEN as error:
        raise TableRefused(f"{NOT_READ} ({type(error).__name__}).", SAVE_AGAIN) from None


class BoundedArchive(ZipFile):
    """A workbook's zip. Raises `TableRefused` for one that is too large, and as `ZipFile` does."""

    def __init__(self, source: ByteSource) -> None:
        self.file = _ShortReads(SeekableFile(source), READ_BYTES)
        super().__init__(self.file)
        self._check()

    def _check(self) -> None:
        entries = self.infolist()
        if len(entries) > MAX_ENTRIES:
            raise _too_large(f"has {len(entries):,} parts; at most {MAX_ENTRIES:,} are taken")
        unzipped = sum(entry.file_size for entry in entries)
        zipped = sum(entry.compress_size for entry in entries)
        if unzipped > MAX_BYTES:
            raise _too_large(
                f"has {unzipped >> 20:,} MB when it is unzipped; at most {MAX_BYTES >> 20:,} MB "
                "are taken"
            )
        if unzipped > RATIO_FREE_BYTES and unzipped > MAX_RATIO * zipped:
            raise _too_large(
                f"grows {unzipped // max(zipped, 1):,} times when it is unzipped; at most "
                f"{MAX_RATIO} times are taken"
            )

    def read(self, name: str, pwd: bytes | None = None) -> bytes:  # type: ignore[override]
        """The whole of a part that is small in any workbook of ours."""
        size = self.getinfo(name).file_size
        if size > MAX_WHOLE_BYTES:
            raise _too_large(f"has {size >> 20:,} MB in its part {name[:40]!a}")
        content = super().read(name, pwd)
        _check_doctype(content)
        return content

    def xml(self, name: str, *, max_bytes: int = MAX_BYTES) -> "BoundedXml":
        """A large part, to be parsed as it is read."""
        size = self.getinfo(name).file_size
        if size > max_bytes:
            raise _too_large(
                f"has {size >> 20:,} MB of text; at most {max_bytes >> 20:,} MB are taken"
            )
        return BoundedXml(self.open(name))


class BoundedXml:
    """XML as a file for a parser that lets go of what it was given again and again."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._kept = 0

    def read(self, _size: int = -1) -> bytes:
        """A block. Raises `TableRefused` where too much was read since `let_go`."""
        block = self._file.read(XML_BLOCK_BYTES)
        self._kept += len(block)
        if self._kept > MAX_KEPT_BYTES:
            raise TableRefused(
                f"A row or a cell of the workbook takes more than {MAX_KEPT_BYTES >> 20} MB.",
                "Split it, or leave it out, and drop the workbook again.",
            )
        _check_doctype(block)
        return block

    def let_go(self) -> None:
        """Says that the parser keeps nothing of what was read."""
        self._kept = 0


class _ShortReads(io.BufferedReader):
    """A file of which nobody reads much at once: `ZipFile` reads the whole of its directory."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and 0 <= size <= MAX_DIRECTORY_BYTES:
            return super().read(size)
        content = super().read(MAX_DIRECTORY_BYTES + 1)
        if len(content) > MAX_DIRECTORY_BYTES:
            raise _too_large("has a longer list of its parts than any workbook")
        return content


def _check_doctype(content: bytes) -> None:
    """XML may define texts that stand for others, a bomb of its own; no workbook does."""
    if any(mark in content for mark in DOCTYPES):
        raise TableRefused("The Excel workbook has XML that no Excel writes.", SAVE_AGAIN)


def _too_large(what: str) -> TableRefused:
    return TableRefused(
        f"The Excel workbook {what}.",
        "Save the sheet with the texts as CSV UTF-8, which may be larger, and drop that.",
    )
