"""What a file is, by its content: never by its name, which says what somebody hoped.

A few kilobytes of its beginning decide, with the end of Parquet and the directory of a zip. What is
no table is named, and how it becomes one is said.
"""

import re
from dataclasses import dataclass

from tables.containers.compound_file import MARK, refused_compound_file
from tables.containers.signatures import (
    NO_TABLE,
    SAVE_SHEET,
    TAKEN,
    UNPACK,
    refuse_other_kinds,
)
from tables.containers.unpack import Packed, packed_head
from tables.containers.zip_directory import ZipDirectory
from tables.errors import TableRefused
from tables.plan import TableFormat, TableOptions
from tables.source import ByteSource
from tables.text.encodings import UTF8, text_encoding

HEAD_BYTES = 8 << 10  # ours
GZIP = b"\x1f\x8b"
ZIPS = (b"PK\x03\x04", b"PK\x05\x06")  # the second begins an empty one
PARQUET = b"PAR1"
PARQUET_BYTES = 12  # of the smallest: both marks and a length
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
MAX_CONTROL_SHARE = 0.02  # of a text's characters; random bytes have 0.11; ours
UTF16_NULS = 0.4  # of every other byte, in text of mostly Latin letters; ours

JSON_ARRAY = re.compile(r"""\[\s*([\[\]{"\d-]|true\b|false\b|null\b|NaN\b|$)""")
"""And not a CSV whose first column is called `[id]`, as SQL Server's people write them."""
MARKUP = re.compile(
    r"<(\?xml|!doctype|!--|html|head|body|table|meta|style|script|div|p>|svg|workbook)",
    re.IGNORECASE,
)

PARTS_OF_OTHERS: tuple[tuple[str, str, str], ...] = (
    (r"xl/workbook\.bin", "an Excel workbook of the binary kind (.xlsb)", SAVE_SHEET),
    (r"word/.*", "a Word document (.docx)", NO_TABLE),
    (r"ppt/.*", "a PowerPoint presentation (.pptx)", NO_TABLE),
    (r"(.*/)?.*\.iwa|index\.zip", "a document of Apple's Numbers or Pages", SAVE_SHEET),
    (r"meta-inf/container\.xml", "a book (.epub)", NO_TABLE),
    (r"\[content_types\]\.xml", "an Office document that is no workbook", NO_TABLE),
)
"""Name of a part in a zip, in lower case; what has it; the way out."""
OPEN_DOCUMENT = (b"spreadsheet", "an OpenDocument spreadsheet (.ods)", SAVE_SHEET)


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a file is: the one or the other is None."""

    format: TableFormat | None
    """None: what is packed in the file tells, once it is unpacked."""
    packed: Packed | None


def recognise(source: ByteSource, options: TableOptions | None = None) -> Recognised:
    """What the file is. Raises `TableRefused` for what is no table that is taken.

    With `options`, an encoding that somebody named counts for text without a byte order mark.
    """
    if source.size == 0:
        raise TableRefused("The file is empty.", "Drop a file with a table.")
    head = source.read(0, min(HEAD_BYTES, source.size) - 1)
    if head.startswith(ZIPS):
        return _in_zip(source, head)
    if head.startswith(GZIP):
        packed = Packed()
        _refuse_inside(packed_head(source, packed))
        return Recognised(None, packed)
    if head.startswith(MARK):
        raise refused_compound_file(source, head)
    if head.startswith(PARQUET) and _is_parquet(source, head):
        return Recognised(TableFormat.PARQUET, None)
    refuse_other_kinds(head)
    return Recognised(_text_format(source, head, options or TableOptions(fields=())), None)


def _in_zip(source: ByteSource, head: bytes) -> Recognised:
    """A workbook, or the only file of the archive."""
    directory = ZipDirectory(source)
    if any(re.fullmatch(r"xl/workbook\w*\.xml", name) for name in directory.names):
        return Recognised(TableFormat.XLSX, None)
    _refuse_other_zips(directory.names, head)
    packed = Packed(directory.only_member().name)
    _refuse_inside(packed_head(source, packed))
    return Recognised(None, packed)


def _refuse_other_zips(names: frozenset[str], head: bytes) -> None:
    if {"content.xml", "meta-inf/manifest.xml"} <= names:
        mark, name, next_step = OPEN_DOCUMENT
        if mark not in head[:120]:  # the first part is its type, not deflated
            name = "an OpenDocument file (.odt or the like)"
        raise TableRefused(f"The file is {name}.", next_step)
    for pattern, name, next_step in PARTS_OF_OTHERS:
        if any(re.fullmatch(pattern, part) for part in names):
            raise TableRefused(f"The file is {name}.", next_step)


def _refuse_inside(head: bytes) -> None:
    """Refuses at once what would be refused once it is unpacked, where its beginning tells."""
    if head.startswith(GZIP):
        raise TableRefused("The file is packed twice: with gzip inside.", UNPACK)
    refuse_other_kinds(head)


def _is_parquet(source: ByteSource, head: bytes) -> bool:
    end = source.read(source.size - len(PARQUET), source.size - 1)
    if end == PARQUET and source.size >= PARQUET_BYTES:
        return True
    if _control_share(head.decode("latin-1")) == 0:
        return False  # text whose first column is called so
    raise TableRefused(
        "The file is Parquet that is cut off: its end is missing.", "Upload all of it."
    )


def _text_format(source: ByteSource, head: bytes, options: TableOptions) -> TableFormat:
    encoding, mark = text_encoding(head, options)
    if encoding == UTF8:
        _refuse_utf16(head)
    text = head[mark:].decode(encoding, "replace")
    if _control_share(text) > MAX_CONTROL_SHARE:
        raise TableRefused("The file is binary, and no table that is known.", TAKEN)
    text = text.lstrip()
    if not text and source.size <= HEAD_BYTES:
        raise TableRefused("The file is empty but for white space.", "Drop a file with a table.")
    if MARKUP.match(text):
        raise TableRefused(f"The file is {_markup_name(text)}.", SAVE_SHEET)
    if JSON_ARRAY.match(text):
        return TableFormat.JSON_ARRAY
    return TableFormat.JSON_LINES if text.startswith("{") else TableFormat.CSV


def _markup_name(text: str) -> str:
    if "urn:schemas-microsoft-com:office:spreadsheet" in text:
        return "an Excel workbook of the kind “XML Spreadsheet 2003”"
    if re.search(r"<(html|table|body|!doctype html)", text, re.IGNORECASE):
        return "a web page (HTML), as some programs write it under the name .xls"
    return "XML"


def _refuse_utf16(head: bytes) -> None:
    """Refuses text in UTF-16 that no byte order mark tells: nothing is guessed, so it is said."""
    half = len(head) // 2
    for order, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        nuls, others = (head[place::2].count(0) for place in (order, 1 - order))
        if half and nuls > UTF16_NULS * half and not others:
            raise TableRefused(
                "The file is text in UTF-16 without a byte order mark.",
                f"Save it as UTF-8, in Excel as “CSV UTF-8”; or drop it with --metadata "
                f"encoding={name}",
            )


def _control_share(text: str) -> float:
    """The share of characters that no text has; 0 to 1."""
    return len(CONTROLS.findall(text)) / len(text) if text else 0.0
