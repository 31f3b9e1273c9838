"""Codes one range: block after block of whole lines, in bounded memory."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from coding_service.byte_ranges.cut import ByteRange
from coding_service.byte_ranges.multipart_writer import PieceWriter
from protocol.records import MAX_LINE_BYTES

READ_BYTES = 8 << 20  # one ranged read: long enough that S3's latency is noise
NEWLINE = b"\n"
RECORDS = "records"  # the count that every coder gives


class Source(Protocol):
    """An object whose bytes never change: pinned to a version or an ETag."""

    @property
    def size(self) -> int: ...

    def read(self, first: int, end: int) -> bytes:
        """The bytes from `first` up to `end`, which is not included; called from threads."""
        ...


@dataclass(frozen=True, slots=True)
class CodedBlock:
    """What came of a block.

    :ivar output: whatever can be put one behind the other: lines, members of gzip.
    :ivar counts: numbers that are summed by their names; `records` is one of them.
    """

    output: bytes
    counts: Mapping[str, int]


class BlockFault(Exception):
    """A line that fails the whole file.

    :param line: its number in the block, from 1.
    :param reason: says what is wrong, as the rest of a sentence that begins with "Line 5".
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line} of the block {reason}")
        self.line, self.reason = line, reason


class BlockCoder(Protocol):
    """Codes whole lines. It is fed the blocks of one range, in order."""

    def code(self, block: bytes) -> CodedBlock:
        """Codes `block`, which ends with a newline unless it is the object's last.

        Or unless a line is too long: that comes in pieces of more than `MAX_LINE_BYTES`. The same
        block has the same output, so that a range may be coded again. Raises `BlockFault`.
        """
        ...


class LineFault(Exception):
    """A line of a range cannot be coded.

    :param at: the offset of its first byte in the object.
    :param line: its number in the range, from 1.
    :param reason: of a `BlockFault`; None where the coder failed on the line unexpectedly, and the
        cause is what it raised.
    """

    def __init__(self, *, at: int, line: int, reason: str | None) -> None:
        super().__init__(f"the line at byte {at}: {reason or 'the coder failed'}")
        self.at, self.line, self.reason = at, line, reason


@dataclass(frozen=True, slots=True)
class CodedRange:
    """What came of a range. :ivar output_bytes: of its piece, as stored."""

    counts: Mapping[str, int]
    output_bytes: int


def code_range(
    source: Source, extent: ByteRange, *, coder: BlockCoder, to: PieceWriter
) -> CodedRange:
    """Codes a range; its output is stored when this returns, whole, and otherwise not at all.

    Raises `LineFault`, and what `source` and `to` raise.
    """
    counts: Counter[str] = Counter({RECORDS: 0})
    with to:
        for at, block in whole_lines(source, extent):
            coded = _coded(coder, block, at=at, lines_before=counts[RECORDS])
            to.write(coded.output)
            counts.update(coded.counts)
    return CodedRange(dict(counts), to.size)


def whole_lines(
    source: Source, extent: ByteRange, *, read_bytes: int = READ_BYTES
) -> Iterator[tuple[int, bytes]]:
    """Blocks of whole lines of a range, each with its offset in the object.

    What is no line's length any more is given unended, so that memory stays bounded; whoever
    reads lines refuses it.
    """
    at, rest = extent.first, b""
    for first in range(extent.first, extent.end, read_bytes):
        block = rest + source.read(first, min(first + read_bytes, extent.end))
        end = block.rfind(NEWLINE) + 1
        if len(block) - end > MAX_LINE_BYTES:
            end = len(block)
        rest = block[end:]
        if end:
            yield at, block[:end]
            at += end
    if rest:
        yield at, rest


def _coded(coder: BlockCoder, block: bytes, *, at: int, lines_before: int) -> CodedBlock:
    try:
        return coder.code(block)
    except BlockFault as fault:
        line, reason = fault.line, fault.reason
        cause: Exception = fault
    except Exception as error:
        found = _line_that_fails(coder, block)
        if found is None:
            raise
        line, reason, cause = found, None, error
    raise LineFault(
        at=at + _offset_of_line(block, line), line=lines_before + line, reason=reason
    ) from cause


def _line_that_fails(coder: BlockCoder, block: bytes) -> int | None:
    """The number of a line on which the coder fails alone as well; halves the block to find it."""
    lines = _split(block)
    low, high = 0, len(lines)
    while high - low > 1:
        middle = (low + high) // 2
        if _fails(coder, b"".join(lines[low:middle])):
            high = middle
        else:
            low = middle
    return low + 1 if _fails(coder, b"".join(lines[low:high])) else None


def _fails(coder: BlockCoder, block: bytes) -> bool:
    try:
        coder.code(block)
    except Exception:  # noqa: BLE001  whatever it was that the whole block met
        return True
    return False


def _split(block: bytes) -> list[bytes]:
    """Lines with their ends, which are newlines alone."""
    lines = [line + NEWLINE for line in block.split(NEWLINE)]
    lines[-1] = lines[-1].removesuffix(NEWLINE)
    return lines if lines[-1] else lines[:-1]


def _offset_of_line(block: bytes, line: int) -> int:
    offset = 0
    for _ in range(line - 1):
        offset = block.index(NEWLINE, offset) + 1
    return offset
