"""Takes a text of CSV apart into rows of cells, as Python's `csv` module does.

Most lines are a row each, and many have no quotes: those are split, which takes half the time. All
others are read by the module itself.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from tables.readers.text_windows import MAX_ROW_BYTES

QUOTE = '"'

csv.field_size_limit(MAX_ROW_BYTES)  # Python's own 128 kB is a cell of a row that is taken


@dataclass(slots=True)
class RowsOfText:
    """What a text of whole lines holds."""

    rows: list[list[str]]
    """The whole ones; an empty line is one without cells."""
    ends: Sequence[int]
    """How many lines have ended with each row; the last is how many the rows take up."""
    open_row: list[str] | None = None
    """The cells of a row behind them whose last one has a quote that is not closed here."""
    longest: int | None = None
    """At least the characters of the longest row; None where nobody looked."""

    @property
    def lines(self) -> int:
        """How many lines the whole rows take up."""
        return self.ends[-1] if self.rows else 0

    def numbers(self, line: int) -> Sequence[int]:
        """The lines at which the rows begin, where the text begins with `line`."""
        if self.lines == len(self.rows):
            return range(line, line + len(self.rows))
        return [line, *(line + end for end in self.ends[: len(self.rows) - 1])]


def rows_of_utf8(content: bytes, separator: str) -> RowsOfText | None:
    """The rows of `content`, which begins with one and ends with a line; None where one is of more
    lines than one. Raises `UnicodeDecodeError`.

    Lines are decoded one by one where that is quicker: a wide character widens all that is decoded
    with it, until it is taken apart.
    """
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    content = content.removesuffix(b"\n")
    if content.isascii():
        lines = content.decode().split("\n")
    else:
        lines = [line.decode() for line in content.split(b"\n")]
    is_quoted = content.count(b'"') > len(lines)
    longest = max(map(len, lines))
    found = _rows_of_one_line(lines, separator, is_quoted=is_quoted)
    if found is not None:
        found.longest = longest
    return found


def rows_of_text(text: str, separator: str, *, is_flat: bool = True) -> RowsOfText:
    """The rows of `text`, which begins with one and ends with a line.

    With `is_flat`, the rows are first taken to be of one line each, which is quicker; where one
    turns out not to be, all are read again."""
    if not text:
        return RowsOfText([], ())
    if is_flat:
        flat = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
        lines = flat.removesuffix("\n").split("\n")
        is_quoted = text.count(QUOTE) > len(lines)
        found = _rows_of_one_line(lines, separator, is_quoted=is_quoted)
        if found is not None:
            return found
    return rows_of_lines(io.StringIO(text, newline=""), separator)


def _rows_of_one_line(lines: list[str], separator: str, *, is_quoted: bool) -> RowsOfText | None:
    """The rows of lines, each of which is one; None where a quoted newline makes it more.

    `is_quoted` says that most lines have quotes: whether each has is not looked at then."""
    if is_quoted:
        rows = _read(lines, separator)
        return None if rows is None else RowsOfText(rows, range(1, len(rows) + 1))
    with_quotes = [line for line in lines if QUOTE in line]
    if with_quotes:
        read = _read(with_quotes, separator)
        if read is None:
            return None
        following = iter(read).__next__
        rows = [following() if QUOTE in line else line.split(separator) for line in lines]
    else:
        rows = [line.split(separator) for line in lines]
    if not all(lines):
        rows = [row if line else [] for line, row in zip(lines, rows, strict=True)]
    return RowsOfText(rows, range(1, len(rows) + 1))


def _read(lines: list[str], separator: str) -> list[list[str]] | None:
    """As the module reads them; None where lines are not a row each. Adds to `lines`."""
    lines.append("")
    rows = list(csv.reader(lines, delimiter=separator))
    if len(rows) < len(lines):
        return None
    del rows[-1]
    return rows


def rows_of_lines(lines: Iterator[str], separator: str, *, most: int | None = None) -> RowsOfText:
    """The rows of `lines` with their ends, or the first `most` of them.

    An empty line that the file does not have is read behind the last one: where it is no row of
    its own, a quote is open, and the last row is not whole.
    """
    reader = csv.reader(chain(lines, ("",)), delimiter=separator)
    rows: list[list[str]] = []
    ends: list[int] = []
    add, note = rows.append, ends.append
    for row in reader:
        add(row)
        note(reader.line_num)
        if len(rows) == most:
            return RowsOfText(rows, ends)
    last = rows.pop()
    return RowsOfText(rows, ends[:-1], last or None)
