"""What the person at the terminal sees: phases with their time, one live line, a table."""

import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

_WIPE = "\r\x1b[2K"
_PHASE_COLUMN = 44  # characters; the seconds stand right of it
_LINE_WIDTH = 110


class Console:
    """Writes to `out`; a terminal has one line kept up to date, a log gets a line a change."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._terminal = out.isatty()
        self._live = ""
        self._last_told = ""

    def say(self, text: str = "") -> None:
        """A line that stays."""
        self._wipe()
        self._write(harmless(text) + "\n")

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """A step of the journey; its time is shown when it is over."""
        began = time.monotonic()
        if self._terminal:
            self.live(f"{name} …")
        try:
            yield
        except BaseException:
            self.say(f"{name} — after {time.monotonic() - began:.1f} s it did not go on")
            raise
        self.say(f"{name:<{_PHASE_COLUMN}} {time.monotonic() - began:6.1f} s")

    def live(self, text: str, *, told: str | None = None) -> None:
        """What is going on right now.

        Where there is no terminal, a new line is written when `told` differs (the text itself where
        it is left out): the time so far changes always, and is no news.
        """
        if self._terminal:
            self._live = text
            self._write(_WIPE + harmless(text)[:_LINE_WIDTH])
            return
        told = text if told is None else told
        if told != self._last_told:
            self._last_told = told
            self._write(harmless(text) + "\n")

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Columns as wide as they need, measured as a terminal measures."""
        widths = [max(_width(cell) for cell in column) for column in zip(heads, *rows, strict=True)]
        for row in (heads, ["─" * width for width in widths], *rows):
            padded = (cell + " " * (w - _width(cell)) for cell, w in zip(row, widths, strict=True))
            self.say("  " + "  ".join(padded).rstrip())

    def _wipe(self) -> None:
        if self._live:
            self._write(_WIPE)
            self._live = ""

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def harmless(text: str) -> str:
    """The text without characters that steer a terminal, but for its line ends.

    Keys and texts of strangers are shown: one could rewrite what stands on the screen."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def one_line(text: str) -> str:
    """The same without line ends: a key or a reason can't look like a line of ours."""
    return harmless(text).replace("\n", "?")


def shortened(text: str, width: int) -> str:
    """The text on one line and within `width` columns, without characters that steer a terminal."""
    clean = "".join(c if c.isprintable() else " " for c in text)
    if _width(clean) <= width:
        return clean
    kept = ""
    for character in clean:
        if _width(kept + character) > width - 1:
            break
        kept += character
    return kept + "…"


def _width(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    joined = sum(unicodedata.combining(c) != 0 for c in text)
    return len(text) + wide - joined
