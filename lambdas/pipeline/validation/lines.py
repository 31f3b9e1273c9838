"""Cuts blocks of bytes, which may end anywhere, into lines: a few thousand lines at a time."""

from collections.abc import Iterator

NEWLINE = b"\n"
BATCH_BYTES = 256 << 10  # ours: what is made of a batch still fits a core's cache (measured)


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
