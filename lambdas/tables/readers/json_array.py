"""A JSON array of objects, read piece by piece: a row is an element, its number its place from 1.

Many elements are found at once: where a brace, a comma and a brace follow each other, one element
likely ends, and if all that comes before is a list then, it does. Where that fails they are found
one by one.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from tables.errors import TableRefused
from tables.mapping.names import shown
from tables.readers.json_faults import TOO_DEEP, ends_early, no_json
from tables.readers.json_objects import NOT_AS_IT_STANDS, read_quickly
from tables.readers.json_table import LARGEST_WINDOW, JsonTable
from tables.readers.text_windows import BATCH_BYTES, LINE_END_BYTES, MAX_ROW_BYTES, ByteWindows
from tables.rows import RowBatch, Written

BEGINNING = 20  # characters of what is wrong that are told; ours
SPACE = re.compile(rb"[ \t\r\n]*")
SEPARATOR = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
SEAM = re.compile(rb"\}[ \t\r\n]*,[ \t\r\n]*\{")
SEAM_BYTES = 32 << 10  # in which a seam is looked for, at the end of a window; ours
SEAM_TRIES = 3  # objects may hold lists of objects, with the same seam; ours
AGAIN = "Save or download the file again, and drop it."
MEND = "Mend it, and drop the file again."

_decode = msgspec.json.Decoder(list[msgspec.Raw]).decode
_one_by_one = json.JSONDecoder(
    parse_float=Written, parse_int=Written, parse_constant=Written, strict=False
)


@dataclass(slots=True)
class _Elements:
    """Elements that follow each other in a text."""

    written: list[bytes]
    end: int
    """The place behind the last one."""
    error: json.JSONDecodeError | RecursionError | None = None
    """Why the one behind them can't be read."""

    def end_of(self, count: int, content: bytes) -> int:
        """The place behind the first `count` of them in `content`."""
        if count == len(self.written):
            return self.end
        end = 0
        for place, text in enumerate(self.written[:count]):
            if place:
                end = _behind_space(content, _behind_space(content, end) + len(b","))
            end += len(text)
        return end


class JsonArray(JsonTable):
    """The `TableReader` of a JSON array."""

    def _batches(self, windows: ByteWindows, line: int, row: int) -> Iterator[RowBatch]:
        size = self._batch_bytes
        while True:
            window = windows.look(size)
            is_last = windows.ends_with(window)
            is_all = is_last or size >= LARGEST_WINDOW
            content = self._bytes.text(window, line, whole=is_last).encode()
            start, is_closed = _next_element(content, row, is_all=is_all)
            if is_closed:
                self._refuse_more(windows, self._bytes.bytes_of(window, content[:start].decode()))
                return
            found = _elements(content[start:], is_last=is_last)
            if not found.written:
                if is_all:
                    raise _no_element(found.error, row + 1, is_last=is_last)
                size *= 2
                continue
            size = self._batch_bytes
            batch = self._batch(
                range(row + 1, row + 1 + len(found.written)),
                found.written,
                read_quickly(found.written),
            )
            passed = content[: start + found.end_of(len(batch.cells), content[start:])]
            windows.advance(self._bytes.bytes_of(window, passed.decode()))
            row += len(batch.cells)
            line += len(LINE_END_BYTES.findall(passed))
            if not passed.isascii():
                self._note_examples(batch.cells)
            batch.state = self._state(windows.offset, line, row)
            yield batch

    def _refuse_more(self, windows: ByteWindows, end: int) -> None:
        """Refuses a file with anything but space behind its list, which ends at `end`."""
        windows.advance(end)
        while window := windows.look(BATCH_BYTES):
            more = self._bytes.text(window, 1, whole=windows.ends_with(window)).strip()
            if more:
                raise TableRefused(
                    f"Something stands behind the end of the list: “{shown(more[:BEGINNING])}”.",
                    "Delete it; of several lists make one, or drop them as files of their own.",
                )
            windows.advance(len(window))


def _next_element(content: bytes, number: int, *, is_all: bool) -> tuple[int, bool]:
    """Where the element behind the one with `number` begins, or the place behind the list's end
    and True. The end of `content` where it ends before that, and may.
    """
    opening, name = (b",", "comma") if number else (b"[", "list")
    start = _behind_space(content, 0)
    if number and content[start : start + 1] == b"]":
        return start + 1, True
    if content[start : start + 1] == opening:
        start = _behind_space(content, start + 1)
        if content[start : start + 1] == b"]":
            if number:
                raise TableRefused(
                    f"A comma stands behind the last object, number {number:,}, of the list.",
                    f"Delete it. {MEND}",
                )
            return start + 1, True
    elif start < len(content):
        found = shown(content[start : start + 4 * BEGINNING].decode(errors="ignore")[:BEGINNING])
        raise TableRefused(
            f"Behind object {number:,} of the list stands “{found}”, where a {name} should."
            if number
            else f"The file does not begin with a list, but with “{found}”.",
            MEND,
        )
    if start == len(content) and is_all:
        raise _cut_off(number)
    return start, False


def _behind_space(content: bytes, start: int) -> int:
    space = SPACE.match(content, start)
    return space.end() if space else start


def _elements(content: bytes, *, is_last: bool) -> _Elements:
    """The elements of a list from the beginning of `content` on, as many as are surely whole."""
    last = len(content) - SEAM_BYTES
    ends = [seam.start() + 1 for seam in SEAM.finditer(content, max(0, last))][-SEAM_TRIES:]
    if is_last:
        ends.append(content.rfind(b"}") + 1)
    for end in reversed(ends):
        try:
            found = _decode(b"[%b]" % content[:end])
        except NOT_AS_IT_STANDS:
            continue
        if found:
            return _Elements([bytes(each) for each in found], end)
    return _elements_one_by_one(content.decode(), is_last=is_last)


def _elements_one_by_one(text: str, *, is_last: bool) -> _Elements:
    found = _Elements([], 0)
    start = end = 0
    while start < len(text):
        try:
            _, behind = _one_by_one.raw_decode(text, start)
        except (json.JSONDecodeError, RecursionError) as error:
            found.error = error
            break
        if behind == len(text) and not is_last:  # a number may go on
            break
        found.written.append(text[start:behind].encode())
        end = behind
        comma = SEPARATOR.match(text, behind)
        if comma is None:
            break
        start = comma.end()
    found.end = len(text[:end].encode())
    return found


def _no_element(
    error: json.JSONDecodeError | RecursionError | None, number: int, *, is_last: bool
) -> TableRefused:
    """The refusal for an element behind which no other can be found."""
    if isinstance(error, RecursionError):
        return TableRefused(f"Object {number:,} of the list {TOO_DEEP}.", MEND)
    is_open = error is None or ends_early(error)
    if is_open and is_last:
        return _cut_off(number - 1)
    if error is None or is_open:
        return TableRefused(
            f"Object {number:,} of the list is longer than {MAX_ROW_BYTES:,} bytes.",
            "Shorten it, and drop the file again.",
        )
    if error.pos == 0:
        found = shown(error.doc[:BEGINNING])
        return TableRefused(
            f"Where object {number:,} of the list should begin stands “{found}”.", MEND
        )
    return TableRefused(f"Object {number:,} of the list {no_json(error)}.", MEND)


def _cut_off(number: int) -> TableRefused:
    where = f"behind object {number:,}" if number else "before its first object does"
    return TableRefused(f"The file ends within its list, {where}: a part is missing.", AGAIN)
