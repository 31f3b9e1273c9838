"""How pieces of any size become parts of a multipart upload."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LEAST_PART = 5 << 20  # S3: of every part of a multipart upload but the last


@dataclass(frozen=True, slots=True)
class Slice:
    """Bytes of a stored piece, `end` not included."""

    key: str
    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start

    @property
    def byte_range(self) -> str:
        return f"bytes={self.start}-{self.end - 1}"


Part = tuple[Slice, ...]
"""One slice is copied inside S3; several are read and sent."""


def parts_of(pieces: Sequence[tuple[str, int]], least: int = LEAST_PART) -> Iterator[Part]:
    """The parts of an upload that holds the pieces (key, bytes) in order.

    Every part but the last has at least `least` bytes: small pieces are put together, and where
    they do not suffice they are filled up from the next one.
    """
    held: list[Slice] = []
    size = 0
    for key, length in pieces:
        at = 0
        if held and size < least:
            at = min(length, least - size)
            held.append(Slice(key, 0, at))
            size += at
        rest = Slice(key, at, length)
        if not rest.size:
            continue
        if held:
            yield tuple(held)
        held, size = [], 0
        if rest.size >= least:
            yield (rest,)
        else:
            held, size = [rest], rest.size
    if held:
        yield tuple(held)
