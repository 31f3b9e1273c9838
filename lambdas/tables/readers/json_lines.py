"""JSON Lines as people write them: an object a line, whatever the line ends and the fields.

Lines end with \\n, \\r\\n or \\r; blank ones are no rows, but count. An object that goes on in the
next lines, as one with a raw newline in a text does, is one row.
"""

from collections.abc import Iterator

from tables.readers.json_line_rows import line_rows, lines_of
from tables.readers.json_table import (
    KEPT_BYTES,
    LARGEST_WINDOW,
    JsonTable,
    beginning,
    length_fault,
)
from tables.readers.text_windows import BATCH_BYTES, LONGEST_LINE_END, ByteWindows
from tables.rows import RowBatch


class JsonLines(JsonTable):
    """The `TableReader` of JSON Lines; a row's number is the line at which it begins."""

    def _batches(self, windows: ByteWindows, line: int, row: int) -> Iterator[RowBatch]:
        size = self._batch_bytes
        while window := windows.look(size):
            is_last, is_largest = windows.ends_with(window), size >= LARGEST_WINDOW
            end = self._bytes.behind_last_line(window, is_last=is_last)
            if end or not is_largest:
                found = self._whole_lines(windows, window[:end], line, is_last or is_largest)
            else:
                found = self._too_long(windows, line), 1
            if found is None:
                size *= 2
                continue
            batch, taken = found
            line += taken
            row += len(batch.cells)
            size = self._batch_bytes
            if batch.cells:
                batch.state = self._state(windows.offset, line, row)
                yield batch

    def _whole_lines(
        self, windows: ByteWindows, content: bytes, line: int, is_all: bool
    ) -> tuple[RowBatch, int] | None:
        """A batch of the rows in `content`, and how many lines these take up: passes over them.

        None where more has to be looked at to know where the first row ends."""
        text = self._bytes.text(content, line)
        lines = lines_of(text.encode())
        rows = line_rows(lines, is_all=is_all)
        if not rows.taken:
            return None
        numbers = [line + place for place in rows.places]
        batch = self._batch(numbers, rows.written, rows.read)
        count = len(batch.cells)
        taken = rows.taken if count == len(rows.places) else rows.places[count]
        windows.advance(
            len(content) if taken == len(lines) else self._bytes.bytes_of_lines(content, taken)
        )
        if not text.isascii():
            self._note_examples(batch.cells)
        return batch, taken

    def _too_long(self, windows: ByteWindows, line: int) -> RowBatch:
        """A row for a line that no window holds: passes over it, and keeps its beginning."""
        window = windows.look(BATCH_BYTES)
        text = self._bytes.text(window[: 2 * KEPT_BYTES], line, whole=False)
        length = end = 0
        while not end and (window := windows.look(BATCH_BYTES)):
            end = passed = self._bytes.behind_first_line(window)
            if not end:  # half of a line end may be the last of it
                is_last = windows.ends_with(window)
                passed = len(window) - (0 if is_last else LONGEST_LINE_END)
            windows.advance(passed)
            length += len(window[:passed].rstrip(b"\r\n") if end else window[:passed])
        return RowBatch([line], [[]], {0: length_fault(length)}, [beginning(text.encode())])
