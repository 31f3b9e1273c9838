"""Where a large object may be cut: behind a newline, found by reading only around the place.

A *cut* is the offset of a byte whose predecessor is a newline.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

WINDOW_BYTES = 64 << 10  # lines have under 4 kB unless their ids are long; ours
WINDOW_GROWTH = 4  # a long line is found in few reads; ours
NEWLINE = b"\n"

Read = Callable[[int, int], bytes]
"""Reads bytes of the object from the first to the last, both included, from several threads."""


@dataclass(frozen=True, slots=True)
class LineEnds:
    """Finds cuts by reading windows that grow. Raises what `read` raises."""

    read: Read

    def last(self, low: int, high: int) -> int | None:
        """Gives the last cut from `low` to `high`, both included."""
        for size in _windows(high - low + 1):
            found = self.read(high - size, high - 1).rfind(NEWLINE)
            if found >= 0:
                return high - size + found + 1
            high -= size
        return None

    def first(self, low: int, high: int) -> int | None:
        """Gives the first cut from `low` to `high`, both included."""
        for size in _windows(high - low + 1):
            found = self.read(low - 1, low + size - 2).find(NEWLINE)
            if found >= 0:
                return low + found
            low += size
        return None


def _windows(length: int) -> Iterator[int]:
    """Sizes that add up to `length`."""
    size = WINDOW_BYTES
    while length > 0:
        yield min(size, length)
        length -= size
        size *= WINDOW_GROWTH
