"""A text file's bytes, looked at in windows that begin where a row does and move along.

Where a window ends follows from where it begins and from the file, never from how the blocks came:
whoever resumes at the same place sees the same windows.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from tables.errors import EncodingAssumed, TableRefused
from tables.source import ByteSource
from tables.text.encodings import SINGLE_BYTE, UTF8, UTF16, decoder_of

BATCH_BYTES = 64 << 10  # what is made of a batch still fits a core's cache (measured); ours
MAX_ROW_BYTES = 1 << 20  # as `protocol.records.MAX_LINE_BYTES`; ours
LONGEST_LINE_END = 4  # bytes: two characters of UTF-16
EXAMPLES = 3  # of what an assumed encoding affects; the plan's

LINE_END = re.compile(r"\r\n|\r|\n")
LINE_END_BYTES = re.compile(rb"\r\n|\r|\n")


class ByteWindows:
    """The bytes of a source from `offset` on. Holds a window and the block that it ends in."""

    def __init__(self, source: ByteSource, offset: int) -> None:
        self.offset = offset
        """Of the first byte that has not been passed."""
        self._size = source.size
        self._blocks: Iterator[bytes] = source.blocks(offset) if offset < self._size else iter(())
        self._held = b""
        self._at = 0

    def look(self, size: int) -> bytes:
        """The next `size` bytes, or all that are left; they stay in front."""
        missing = size - (len(self._held) - self._at)
        if missing > 0:
            parts = [self._held[self._at :]]
            while missing > 0 and (block := next(self._blocks, b"")):
                parts.append(block)
                missing -= len(block)
            self._held, self._at = b"".join(parts), 0
        return self._held[self._at : self._at + size]

    def ends_with(self, window: bytes) -> bool:
        """Whether nothing follows `window`, the last look."""
        return self.offset + len(window) >= self._size

    def advance(self, size: int) -> None:
        """Passes over the next `size` bytes, which have been looked at."""
        self._at += size
        self.offset += size

    def close(self) -> None:
        """Ends the reading of the source where it reads ahead."""
        close = getattr(self._blocks, "close", None)
        if close is not None:
            close()


class TextOfBytes:
    """Decodes windows, and finds the ends of lines in them."""

    def __init__(self, encoding: str, fallback: str | None) -> None:
        """`fallback` is the encoding to assume where the text is not UTF-8; None: none is."""
        self.encoding = encoding
        self._fallback = fallback
        self._unit = 2 if encoding in UTF16 else 1  # bytes
        self._newline = "\n".encode(encoding)
        self._return = "\r".encode(encoding)

    def text(self, content: bytes, line: int, *, whole: bool = True) -> str:
        """The text of `content`, which begins in line `line`; without `whole`, up to the last
        whole character.

        Raises `EncodingAssumed`, or `TableRefused` where nothing may be assumed.
        """
        try:
            if whole and self.encoding == UTF8:
                return content.decode()
            return decoder_of(self.encoding).decode(content, whole)
        except UnicodeDecodeError as error:
            if self._fallback is not None:
                raise EncodingAssumed(self._fallback) from None
            line += len(LINE_END_BYTES.findall(content[: error.start]))
            raise TableRefused(
                f"Line {line:,} has a byte that is not text in UTF-8.",
                "Save the file as UTF-8 again; or say what it is in, without a byte order mark: "
                "--metadata encoding=cp1252",
            ) from None

    def behind_last_line(self, window: bytes, *, is_last: bool) -> int:
        """The place behind the last line that ends in `window`; 0 where none does.

        A carriage return at its very end may be half of a line end, but for the file's last."""
        if is_last:
            return len(window)
        return max(
            self._behind_last(self._newline, window, len(window)),
            self._behind_last(self._return, window, len(window) - self._unit),
        )

    def _behind_last(self, wanted: bytes, window: bytes, end: int) -> int:
        found = window.rfind(wanted, 0, end)
        while found % self._unit and found >= 0:  # between two characters of UTF-16
            found = window.rfind(wanted, 0, found + self._unit - 1)
        return found + self._unit if found >= 0 else 0

    def behind_first_line(self, window: bytes) -> int:
        """The place behind the first line that ends in `window`; 0 where none does for sure."""
        if self._unit == 1:
            found = LINE_END_BYTES.search(window)
            end = found.end() if found else 0
            return 0 if end == len(window) and window.endswith(b"\r") else end
        text = decoder_of(self.encoding).decode(window)
        match = LINE_END.search(text)
        if match is None or (match[0] == "\r" and match.end() == len(text)):
            return 0
        return self._unit * _utf16_units(text[: match.end()])

    def bytes_of_lines(self, content: bytes, count: int) -> int:
        """The length of the first `count` lines of `content`, which begins with a line."""
        if self._unit == 1:  # in these encodings a line end's byte is never a part of another
            return _behind(LINE_END_BYTES.finditer(content), count, len(content))
        text = decoder_of(self.encoding).decode(content, True)
        end = _behind(LINE_END.finditer(text), count, len(text))
        return len(content) if end == len(text) else self._unit * _utf16_units(text[:end])

    def bytes_of(self, content: bytes, text: str) -> int:
        """The length of the beginning of `content` that `text` was made of."""
        if self.encoding == UTF8:
            return len(text.encode())
        if self._unit > 1:
            return min(len(content), self._unit * _utf16_units(text))
        if self.encoding in SINGLE_BYTE:
            return len(text)
        return self._bytes_by_halves(content, len(text))

    def _bytes_by_halves(self, content: bytes, characters: int) -> int:
        """Halves its way to the shortest beginning of so many characters: a broken one may have
        been of several bytes, and is U+FFFD now."""
        low, high = 0, len(content)
        while low < high:
            middle = (low + high) // 2
            if len(decoder_of(self.encoding).decode(content[:middle])) < characters:
                low = middle + 1
            else:
                high = middle
        return low


def _behind(ends: Iterator[re.Match[Any]], count: int, last: int) -> int:
    """The place behind the `count`th of `ends`; `last` where there are fewer."""
    if count <= 0:
        return 0
    match = next(islice(ends, count - 1, None), None)
    return last if match is None else match.end()


def _utf16_units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "replace")) // 2
