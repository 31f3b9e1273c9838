"""What the person at the terminal sees: phases with their time, one live line, a table."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from dropcoder.terminal.text import harmless, text_width

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
        widths = [
            max(text_width(cell) for cell in column) for column in zip(heads, *rows, strict=True)
        ]
        for row in (heads, ["─" * width for width in widths], *rows):
            padded = (
                cell + " " * (w - text_width(cell)) for cell, w in zip(row, widths, strict=True)
            )
            self.say("  " + "  ".join(padded).rstrip())

    def _wipe(self) -> None:
        if self._live:
            self._write(_WIPE)
            self._live = ""

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
