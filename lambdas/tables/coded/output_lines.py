"""The lines of a service's output, in order, from a place in it on."""

from collections.abc import Generator

from protocol.records import MAX_LINE_BYTES
from shared.lines import batches, rest_after
from tables.errors import RowsDisagree
from tables.source import ByteSource


class OutputLines:
    """Takes lines off the output, as many as are asked for."""

    def __init__(self, output: ByteSource, offset: int = 0) -> None:
        self.offset = offset
        """Of the first line that has not been taken."""
        self._size = output.size
        self._batches = _line_batches(output, offset)
        self._lines: list[bytes] = []
        self._next = 0

    def take(self, count: int) -> list[bytes]:
        """The next `count` lines without their ends, or all that are left.

        Raises `RowsDisagree` for a line that is too long, and what the output's source raises."""
        taken = self._lines[self._next : self._next + count]
        self._next += len(taken)
        while len(taken) < count:
            batch = next(self._batches, None)
            if batch is None:
                break
            self._lines = batch
            self._next = count - len(taken)
            taken += batch[: self._next]
        # The last line may lack its end.
        self.offset = min(self.offset + sum(map(len, taken)) + len(taken), self._size)
        return taken

    def close(self) -> None:
        """Reads no further."""
        self._batches.close()


def _line_batches(output: ByteSource, offset: int) -> Generator[list[bytes], None, None]:
    if offset >= output.size:
        return
    rest = b""
    blocks = output.blocks(offset)
    try:
        for block in blocks:
            yield from batches(rest, block)
            rest = rest_after(rest, block)
            if len(rest) > MAX_LINE_BYTES:
                raise RowsDisagree(f"a line came out that is longer than {MAX_LINE_BYTES:,} bytes")
        if rest:
            yield [rest]
    finally:
        if isinstance(blocks, Generator):
            blocks.close()
