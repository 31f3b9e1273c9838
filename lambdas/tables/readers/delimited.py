"""CSV: rows of cells between separators, with quotes around those that hold any of it.

Lines end as they do for an editor, with \\n, \\r\\n or \\r and nothing else; a quoted one does not
end a row.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from tables.errors import TableRefused
from tables.readers.csv_rows import RowsOfText, rows_of_text, rows_of_utf8
from tables.readers.text_table import TextTable
from tables.readers.text_windows import (
    LINE_END,
    MAX_ROW_BYTES,
    ByteWindows,
)
from tables.rows import RowBatch
from tables.text.encodings import UTF8


class DelimitedText(TextTable):
    """The `TableReader` of CSV.

    A batch's state is where the next one begins.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        """The header's cells."""
        return self._plan.columns

    def rows(self, state: dict[str, Any] | None = None) -> Iterator[RowBatch]:
        """All rows below the header, or those behind the batch whose `state` this is."""
        if state is None:
            offset, line = self._plan.header_end, self._first_line()
            self.assumed_examples = []
            self._note_examples([self._plan.columns])
        else:
            offset, line = state["offset"], state["line"]
            self.assumed_examples = list(state["examples"])
        windows = ByteWindows(self._source, offset)
        try:
            yield from self._batches(windows, line)
        finally:
            windows.close()

    def _first_line(self) -> int:
        """The number of the line behind the header, which may be of several."""
        breaks = sum(len(LINE_END.findall(name)) for name in self._plan.columns)
        return self._plan.header_row + breaks + 1

    def _batches(self, windows: ByteWindows, line: int) -> Iterator[RowBatch]:
        size, is_flat = self._batch_bytes, True
        while window := windows.look(size):
            is_last = windows.ends_with(window)
            content = window[: self._bytes.behind_last_line(window, is_last=is_last)]
            found = self._rows_of(content, line, is_flat=is_flat)
            if not found.rows:
                if found.open_row is not None and (is_last or size >= MAX_ROW_BYTES):
                    raise never_closed(line, found.open_row, is_last=is_last)
                if size >= MAX_ROW_BYTES:
                    raise too_long(line)
                size = min(2 * size, MAX_ROW_BYTES)
                continue
            is_flat = found.lines == len(found.rows)
            windows.advance(
                len(content)
                if found.open_row is None
                else self._bytes.bytes_of_lines(content, found.lines)
            )
            if not content.isascii():
                self._note_examples(found.rows)
            numbers = found.numbers(line)
            line += found.lines
            size = self._batch_bytes
            state = self._state(windows, line)
            given = [RowBatch(numbers, list(found.rows), {}, state=state, longest=found.longest)]
            # Nor is `given` held: two batches at a time would not fit a core's cache (measured).
            del window, content, found
            yield given.pop()

    def _rows_of(self, content: bytes, line: int, *, is_flat: bool) -> RowsOfText:
        """The rows of whole lines, which begin with line `line`."""
        separator = self._plan.separator
        if is_flat and content and self._bytes.encoding == UTF8:
            try:
                found = rows_of_utf8(content, separator)
            except UnicodeDecodeError:
                found = None  # told below, with the place in the file
            if found is not None:
                return found
            is_flat = False
        return rows_of_text(self._bytes.text(content, line), separator, is_flat=is_flat)

    def _state(self, windows: ByteWindows, line: int) -> dict[str, Any]:
        return {
            "offset": windows.offset,
            "line": line,
            "examples": list(self.assumed_examples),
        }


def never_closed(line: int, open_row: Sequence[str], *, is_last: bool) -> TableRefused:
    """The refusal for a row, beginning in `line`, whose last cell has a quote without an end."""
    line += sum(len(LINE_END.findall(cell)) for cell in open_row[:-1])
    until = "is never closed" if is_last else f"is not closed within {MAX_ROW_BYTES:,} bytes"
    return TableRefused(
        f"The quote that opens in line {line:,} {until}.",
        'Close it; a quote inside a quoted cell is written twice, as in "the ""big"" one".',
    )


def too_long(line: int) -> TableRefused:
    """The refusal for a row that no window holds."""
    return TableRefused(
        f"The row in line {line:,} is longer than {MAX_ROW_BYTES:,} bytes.",
        "Check that the file is CSV whose rows end with a newline, shorten the row, and drop the "
        "file again.",
    )
