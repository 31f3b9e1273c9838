"""Cuts an object at line ends into ranges of nearly equal size.

Only the surroundings of the cuts are read. A *cut* is the offset of a byte that a range begins
with: the byte in front of it is a newline.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import ceil
from typing import Any, Self

from protocol.records import MAX_LINE_BYTES
from shared.line_ends import LineEnds

MAX_RANGES = 500
"""A state has at most 262,144 bytes (Step Functions quotas), and a range with its counts takes some
300 of them; ours. A larger file has larger ranges."""
READERS = 8  # cuts do not wait for each other; ours

Read = Callable[[int, int], bytes]
"""Bytes of the object from an offset to another, which is not included; called from threads."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Whole lines of an object."""

    index: int
    """Its place among the object's ranges, from 0."""
    first: int
    """Offset of its first byte."""
    end: int
    """Offset of the byte behind its last."""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.end - self.first

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        return cls(state["index"], state["first"], state["end"])

    def to_state(self) -> dict[str, int]:
        return asdict(self)


def cut_at_line_ends(size: int, *, range_bytes: int, read: Read) -> tuple[ByteRange, ...]:
    """The ranges of an object of `size` bytes, in order, without a gap.

    Each has about `range_bytes`, unless there would be more than `MAX_RANGES`, and all but the last
    end with a newline. There are fewer where lines are longer than ranges, or too long to be
    lines at all: their reader finds that out. Raises what `read` raises.
    """
    count = min(max(ceil(size / range_bytes), 1), MAX_RANGES)
    line_ends = LineEnds(lambda first, last: read(first, last + 1))

    def cut_from(place: int) -> int | None:
        return line_ends.first(place, min(place + MAX_LINE_BYTES + 1, size - 1))

    places = [size * number // count for number in range(1, count)]
    with ThreadPoolExecutor(READERS, thread_name_prefix="cut") as executor:
        found = executor.map(cut_from, places)
        cuts = sorted({cut for cut in found if cut is not None})
    bounds = pairwise((0, *cuts, size))
    return tuple(ByteRange(index, first, end) for index, (first, end) in enumerate(bounds))
