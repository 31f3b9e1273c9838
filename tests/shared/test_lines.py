from hypothesis import given
from hypothesis import strategies as st

from shared.lines import BATCH_BYTES, LineReader, batches, rest_after


@given(
    content=st.binary(max_size=60) | st.text("a\n", max_size=60).map(str.encode),
    size=st.integers(1, 70),
)
def should_give_every_ended_line_once_wherever_the_bytes_are_cut(content: bytes, size: int) -> None:
    rest, lines = b"", []
    for at in range(0, len(content), size):
        block = content[at : at + size]
        lines += [line for batch in batches(rest, block) for line in batch]
        rest = rest_after(rest, block)

    assert [*lines, rest] == content.split(b"\n")


def should_give_batches_that_a_cache_holds_whatever_the_block() -> None:
    block = b"a line\n" * 500_000

    sizes = [sum(map(len, batch)) + len(batch) for batch in batches(b"", block)]

    assert sum(sizes) == len(block)
    assert max(sizes) <= BATCH_BYTES < 1.01 * sizes[0]


def should_give_a_line_whole_when_it_is_longer_than_a_batch() -> None:
    long = b"x" * (3 * BATCH_BYTES)

    assert list(batches(b"", long + b"\nshort\nrest")) == [[long], [b"short"]]


@given(
    content=st.text("a\n", max_size=60).map(str.encode),
    size=st.integers(1, 70),
    counts=st.lists(st.integers(0, 9), max_size=9),
)
def should_take_so_many_lines_off_a_stream_wherever_its_blocks_end(
    content: bytes, size: int, counts: list[int]
) -> None:
    reader = LineReader(iter([content[at : at + size] for at in range(0, len(content), size)]))
    left = content.splitlines(keepends=True)

    for count in counts:
        some, left = left[:count], left[count:]
        assert reader.take(count) == (b"".join(some), count - len(some))
