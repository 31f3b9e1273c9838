"""How to make one object of several, one after the other, by S3's own part copies.

The object is a multipart upload with one part for each step. A step copies a range, which S3 does
without passing the bytes on, or, where what is left of an object is less than S3 takes for a part,
gathers small pieces in memory until they are enough. So a step gathers at most 5 MiB, and of
large objects only what lies around the seams is read.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from hashlib import sha256
from itertools import islice, pairwise
from math import ceil

MAX_PARTS = 10_000  # S3 multipart upload limit
MIN_PART_BYTES = 5 << 20  # S3 multipart upload limit; the last part may have less
MAX_COPY_BYTES = 5 << 30  # S3 multipart upload limit, of UploadPartCopy as of any part
COPY_BYTES = 512 << 20  # S3 copies so much in seconds, so that a function can hand over; ours
NEWLINE = b"\n"
FINGERPRINT_DIGITS = 32


class TooLargeToJoin(ValueError):
    """The objects are too many, or too large, for one object of S3; says how much they are."""


@dataclass(frozen=True, slots=True)
class JoinSource:
    """An object to be joined, of at least one byte, whole and as it was when it was looked at."""

    key: str
    size: int
    """Bytes."""
    etag: str = ""
    """With the quotes that S3 puts around it; empty where it is not looked at."""
    ends_line: bool = True
    """Whether its last byte is a newline; otherwise one is put between it and what follows."""


@dataclass(frozen=True, slots=True)
class SourceRange:
    """The bytes of a source from `first` to `last`, both included."""

    source: JoinSource
    first: int
    last: int

    @property
    def size(self) -> int:
        return self.last - self.first + 1

    @property
    def is_whole(self) -> bool:
        """Whether these are all bytes of the source."""
        return self.size == self.source.size

    @property
    def byte_range(self) -> str:
        """The range as S3's headers write it."""
        return f"bytes={self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class CopyStep:
    """A part that S3 copies."""

    span: SourceRange

    @property
    def size(self) -> int:
        return self.span.size


@dataclass(frozen=True, slots=True)
class GatherStep:
    """A part that is put together in memory of spans and newlines."""

    pieces: tuple[SourceRange | bytes, ...]

    @property
    def size(self) -> int:
        return sum(_size(piece) for piece in self.pieces)


JoinStep = CopyStep | GatherStep


def steps_of(
    sources: Sequence[JoinSource],
    *,
    min_part_bytes: int = MIN_PART_BYTES,
    copy_bytes: int = COPY_BYTES,
) -> tuple[JoinStep, ...]:
    """The steps that join `sources`; all but the last have at least `min_part_bytes`.

    `copy_bytes`, at least twice as much, is what a copy has at most, unless the steps would be
    too many. Raises `TooLargeToJoin`.
    """
    copy_bytes = min(max(copy_bytes, _least_copy_bytes(sources)), MAX_COPY_BYTES)
    steps = tuple(islice(_steps(separated(sources), min_part_bytes, copy_bytes), MAX_PARTS + 1))
    if len(steps) > MAX_PARTS:
        size = sum(source.size for source in sources)
        raise TooLargeToJoin(
            f"{size:,} bytes in {len(sources):,} objects are more than S3 joins into one, of "
            f"{MAX_PARTS:,} parts with {MAX_COPY_BYTES:,} bytes at most"
        )
    return steps


def separated(sources: Iterable[JoinSource]) -> Iterator[SourceRange | bytes]:
    """All of the sources in order, with a newline behind each that lacks one in front of others."""
    for source, following in pairwise((*sources, None)):
        if source is None:
            return
        yield SourceRange(source, 0, source.size - 1)
        if following is not None and not source.ends_line:
            yield NEWLINE


def fingerprint(steps: Sequence[JoinStep]) -> str:
    """A text that differs wherever the steps do, down to the objects' ETags."""
    text = repr([astuple(step) for step in steps])
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:FINGERPRINT_DIGITS]


def _steps(
    pieces: Iterable[SourceRange | bytes], least: int, copy_bytes: int
) -> Iterator[JoinStep]:
    pending: list[SourceRange | bytes] = []
    size = 0
    for whole in pieces:
        rest: SourceRange | bytes | None = whole
        while rest is not None:
            if isinstance(rest, SourceRange) and not pending and rest.size >= least:
                yield from _copies(rest, copy_bytes)
                break
            taken, rest = _divided(rest, least - size)
            pending.append(taken)
            size += _size(taken)
            if size == least:
                yield GatherStep(tuple(pending))
                pending, size = [], 0
    if pending:
        yield GatherStep(tuple(pending))


def _divided(
    piece: SourceRange | bytes, size: int
) -> tuple[SourceRange | bytes, SourceRange | None]:
    """The first `size` bytes of a piece, and the others."""
    if isinstance(piece, bytes) or piece.size <= size:
        return piece, None
    middle = piece.first + size
    return SourceRange(piece.source, piece.first, middle - 1), SourceRange(
        piece.source, middle, piece.last
    )


def _copies(span: SourceRange, copy_bytes: int) -> Iterator[CopyStep]:
    """Copies of nearly equal size, so that none is too small."""
    count = ceil(span.size / copy_bytes)
    bounds = (span.first + span.size * number // count for number in range(count + 1))
    for first, end in pairwise(bounds):
        yield CopyStep(SourceRange(span.source, first, end - 1))


def _least_copy_bytes(sources: Sequence[JoinSource]) -> int:
    """What copies must hold so that there are surely not too many steps.

    Beside the copies that are full, a source adds at most a copy that is not, and a gathering. With
    half as many sources as steps or more, only the largest copies may do.
    """
    full_copies = MAX_PARTS - 2 * len(sources) - 1
    if full_copies < 1:
        return MAX_COPY_BYTES
    return ceil(sum(source.size for source in sources) / full_copies)


def _size(piece: SourceRange | bytes) -> int:
    return len(piece) if isinstance(piece, bytes) else piece.size
