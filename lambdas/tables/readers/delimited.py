"""CSV: rows of cells between separators, with quotes around those that hold any of it.

Lines end as they do for an editor, with \\n, \\r\\n or \\r and nothing else; a quoted one does not
end a row.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from tables.errors import TableRefused
from tables.plan import TablePlan
from tables.readers.csv_rows import rows_of_text
from tables.readers.text_windows import (
    BATCH_BYTES,
    EXAMPLES,
    LINE_END,
    MAX_ROW_BYTES,
    ByteWindows,
    TextOfBytes,
)
from tables.rows import RowBatch
from tables.source import ByteSource
from tables.text.encodings import affected_values


class DelimitedText:
    """The `TableReader` of CSV.

    A batch is the whole rows of a window; its state is where the next one begins.
    """

    def __init__(
        self,
        source: ByteSource,
        plan: TablePlan,
        fallback: str | None = None,
        *,
        batch_bytes: int = BATCH_BYTES,
    ) -> None:
        """`fallback` is the encoding to assume where the text is not UTF-8; None: none is.

        A batch is looked for in `batch_bytes` first, then in more."""
        self._batch_bytes = batch_bytes
        self._source = source
        self._plan = plan
        self._bytes = TextOfBytes(plan.encoding, fallback)
        self.assumed_examples: list[str] = []
        """Up to three values so far that an assumed encoding decides about."""

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
            end = self._bytes.behind_last_line(window, is_last=is_last)
            text = self._bytes.text(window[:end], line)
            found = rows_of_text(text, self._plan.separator, is_flat=is_flat)
            if not found.rows:
                if found.open_row is not None and (is_last or size >= MAX_ROW_BYTES):
                    raise never_closed(line, found.open_row, is_last=is_last)
                if size >= MAX_ROW_BYTES:
                    raise too_long(line)
                size = min(2 * size, MAX_ROW_BYTES)
                continue
            if found.open_row is not None:
                end = self._bytes.bytes_of_lines(window[:end], found.ends[-1])
            windows.advance(end)
            if not text.isascii():
                self._note_examples(found.rows)
            numbers = found.numbers(line)
            line += found.lines
            size, is_flat = self._batch_bytes, found.lines == len(found.rows)
            state = {
                "offset": windows.offset,
                "line": line,
                "examples": list(self.assumed_examples),
            }
            given = [RowBatch(numbers, list(found.rows), {}, None, state)]
            del (
                window,
                text,
                found,
            )  # nor `given`: two batches would not fit a core's cache (measured)
            yield given.pop()

    def _note_examples(self, rows: Sequence[Sequence[str]]) -> None:
        """Keeps the first cells that the assumed encoding decides about."""
        if self._plan.encoding_assumed and len(self.assumed_examples) < EXAMPLES:
            cells = chain(self.assumed_examples, chain.from_iterable(rows))
            self.assumed_examples = affected_values(cells, most=EXAMPLES)


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
