"""Cuts blocks of bytes, which may end anywhere, into lines: by thousands, or as many as asked."""

from collections.abc import Iterator

NEWLINE = b"\n"
BATCH_BYTES = 256 << 10  # what is made of a batch still fits a core's cache (measured); ours


def batches(rest: bytes, block: bytes) -> Iterator[list[bytes]]:
    """The lines that end in `block`, without their newlines, in lists of about `BATCH_BYTES`.

    `rest` is the beginning of the first one. No more than a batch is copied at a time.
    """
    end = block.rfind(NEWLINE) + 1
    start = 0
    if rest and end:
        start = block.index(NEWLINE) + 1
        yield [rest + block[: start - 1]]
    while start < end:
        cut = block.rfind(NEWLINE, start, start + BATCH_BYTES) + 1
        if not cut:  # one line is longer than that
            cut = block.index(NEWLINE, start) + 1
        yield block[start : cut - 1].split(NEWLINE)
        start = cut


def rest_after(rest: bytes, block: bytes) -> bytes:
    """What follows the last newline of `rest` and `block`: the next `rest`."""
    end = block.rfind(NEWLINE) + 1
    return block[end:] if end else rest + block


class LineReader:
    """Takes whole lines off a stream of blocks."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def take(self, count: int) -> tuple[bytes, int]:
        """The next `count` lines with their newlines, and how many of them are missing."""
        taken: list[bytes] = []
        while count:
            end = _end_of_line(self._rest, count)
            if end:
                taken.append(self._rest[:end])
                count -= taken[-1].count(NEWLINE)
                self._rest = self._rest[end:]
                continue
            block = next(self._blocks, None)
            if block is None:
                break
            self._rest += block
        if count and self._rest:  # a last line without a newline is a line too
            taken.append(self._rest)
            self._rest = b""
            count -= 1
        return b"".join(taken), count


def _end_of_line(text: bytes, count: int) -> int:
    """The position behind the last of up to `count` whole lines; 0 where there is none."""
    end = 0
    for _ in range(count):
        found = text.find(NEWLINE, end)
        if found < 0:
            break
        end = found + 1
    return end
