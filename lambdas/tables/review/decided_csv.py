"""The CSV in which decisions are kept where people see them: exported files, and dictionaries.

Spreadsheets may save it again, with other separators or in their own encoding. No cell is a
formula there, and no code a number.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from tables.text.encodings import BYTE_ORDER_MARKS, UTF16, errors_of

TEXT_PREFIX = "text:"
CANNOT = "cannot be coded"
CODE_PREFIX = "code "
"""So that no spreadsheet takes a code for a number, and its zeros in front away."""
_MARK = "\ufeff"
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
"""With what looks like an escaped one already, so that it is read as it was."""
_ESCAPED = re.compile(r"'(?='*[=+\-@\t\r\n])")


def rows_of(
    content: bytes, columns: Sequence[str], refused: Callable[[str], Exception]
) -> list[dict[str, str]]:
    """The rows below a header that begins with the first of `columns`, and has all of them.

    A row may lack cells at its end. Raises what `refused` makes of why there are none.
    """
    text = text_of(content)
    header = re.match(rf'"?{columns[0]}"?([,;\t|])', text)
    if header is None:
        raise refused("does not begin as an exported file does")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=header[1])
    try:
        names, *rows = [row for row in lines if any(row)]
        # Files put one behind the other are one: each begins with the header.
        rows = [row for row in rows if [row[0].lstrip(_MARK).strip('"'), *row[1:]] != names]
    except csv.Error:
        raise refused("is damaged: a cell has no end") from None
    if missing := [each for each in columns if each not in names]:
        raise refused(f"lacks the column {missing[0]}")
    return [
        {
            name: _ESCAPED.sub("", cell, count=1) if _ESCAPED.match(cell) else cell
            for name, cell in zip(names, row, strict=False)
        }
        for row in rows
    ]


def written(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A file that `rows_of` reads, in UTF-8 with a byte order mark."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([f"'{cell}" if _FORMULA.match(cell) else cell for cell in row])
    return (_MARK + text.getvalue()).encode("utf-8", "replace")


def code_said(decision: str) -> str | None:
    """The code of a decision; None where it says another thing."""
    return decision.removeprefix(CODE_PREFIX).strip() if decision.startswith(CODE_PREFIX) else None


def texts_of(row: Mapping[str, str]) -> dict[str, str]:
    """The texts of a row, by field."""
    return {
        name.removeprefix(TEXT_PREFIX): cell
        for name, cell in row.items()
        if name.startswith(TEXT_PREFIX)
    }


def text_of(content: bytes) -> str:
    """The text of a file that a spreadsheet may have saved."""
    for mark, encoding in BYTE_ORDER_MARKS:  # UTF-16 is what Excel calls Unicode text
        if encoding in UTF16 and content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors_of(encoding))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors_of("cp1252"))  # as Excel saves what it calls CSV
