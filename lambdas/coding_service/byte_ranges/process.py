"""Codes one range: block after block of whole lines, in bounded memory."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from coding_service.byte_ranges.cut import ByteRange
from coding_service.byte_ranges.multipart_writer import MultipartWriter
from protocol.records import MAX_LINE_BYTES

READ_BYTES = 8 << 20  # of one ranged read: S3's latency is noise beside it; ours
NEWLINE = b"\n"
RECORDS = "records"  # the count that every coder gives


class RangeSource(Protocol):
    """An object whose bytes never change: pinned to a version or an ETag."""

    @property
    def size(self) -> int: ...

    def read(self, first: int, end: int) -> bytes:
        """The bytes from `first` up to `end`, which is not included; called from threads."""
        ...


@dataclass(frozen=True, slots=True)
class CodedBlock:
    """The output of a block and its counts."""

    output: bytes
    """Bytes that can be put one behind the other: lines, members of gzip."""
    counts: Mapping[str, int]
    """Numbers that are summed by their names; `records` is one of them."""


class BlockFault(Exception):
    """A line that fails the whole file.

    `line` is its number in the block, from 1; `reason` says what is wrong, as the rest of a
    sentence that begins with "Line 5".
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line} of the block {reason}")
        self.line, self.reason = line, reason


class BlockCoder(Protocol):
    """Codes whole lines: the blocks of one range, in order."""

    def code(self, block: bytes) -> CodedBlock:
        """Codes `block`, which ends with a newline unless it is the object's last or a line in it
        is too long: such a line comes in blocks of more than `MAX_LINE_BYTES`.

        The same block has the same output, so that a range may be coded again. Raises `BlockFault`.
        """
        ...


class RangeLineFault(Exception):
    """A line of a range cannot be coded.

    `at` is the offset of its first byte in the object, `line` its number in the range, from 1.
    `reason` is that of a `BlockFault`; None where the coder failed on the line unexpectedly, and
    the cause is the error that it raised.
    """

    def __init__(self, *, at: int, line: int, reason: str | None) -> None:
        super().__init__(f"the line at byte {at}: {reason or 'the coder failed'}")
        self.at, self.line, self.reason = at, line, reason


@dataclass(frozen=True, slots=True)
class CodedRange:
    """The counts of a range whose output is stored."""

    counts: Mapping[str, int]
    output_bytes: int


def code_range(
    source: RangeSource, extent: ByteRange, *, coder: BlockCoder, to: MultipartWriter
) -> CodedRange:
    """Codes a range of `source`; its output is stored when this returns, whole or not at all.

    Raises `RangeLineFault`, and what `source` and `to` raise.
    """
    counts: Counter[str] = Counter({RECORDS: 0})
    with to:
        for at, block in whole_lines(source, extent):
            coded = _coded(coder, block, at=at, lines_before=counts[RECORDS])
            to.write(coded.output)
            counts.update(coded.counts)
    return CodedRange(dict(counts), to.size)


def whole_lines(
    source: RangeSource, extent: ByteRange, *, read_bytes: int = READ_BYTES
) -> Iterator[tuple[int, bytes]]:
    """Yields blocks of whole lines of a range, each with its offset in the object.

    A line longer than `MAX_LINE_BYTES` is given unended, so that memory stays bounded; the reader
    of the lines refuses it.
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
    raise RangeLineFault(
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
