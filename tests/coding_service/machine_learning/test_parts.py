"""Pieces of any size as parts of a multipart upload."""

from hypothesis import given
from hypothesis import strategies as st

from coding_service.machine_learning.parts import parts_of


@given(st.lists(st.integers(0, 25), max_size=30))
def should_hold_every_byte_in_order_in_parts_that_are_large_enough(sizes: list[int]) -> None:
    pieces = [(str(place), size) for place, size in enumerate(sizes)]
    parts = list(parts_of(pieces, least=10))
    bytes_of = [
        (part.key, at) for slices in parts for part in slices for at in range(part.start, part.end)
    ]
    assert bytes_of == [(key, at) for key, size in pieces for at in range(size)]
    lengths = [sum(part.size for part in slices) for slices in parts]
    assert all(length >= 10 for length in lengths[:-1])
    assert len(parts) <= len(pieces)


def should_copy_a_large_piece_whole() -> None:
    (one,), (two,) = parts_of([("a", 10), ("b", 30)], least=10)
    assert (one.byte_range, two.byte_range) == ("bytes=0-9", "bytes=0-29")
