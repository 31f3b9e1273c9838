import zlib

from hypothesis import given
from hypothesis import strategies as st

from pipeline.validation.checksums import joined

PIECES = st.lists(st.binary(max_size=300), max_size=6)
ZEROS = bytes(1 << 20)


@given(PIECES)
def should_equal_the_checksum_of_the_whole_when_pieces_are_joined(pieces: list[bytes]) -> None:
    checksum = 0
    for piece in pieces:
        checksum = joined(checksum, zlib.crc32(piece), len(piece))

    assert checksum == zlib.crc32(b"".join(pieces))


def should_be_right_when_the_second_piece_is_longer_than_any_file_here() -> None:
    megabyte = zlib.crc32(ZEROS)
    by_halves, size = megabyte, len(ZEROS)
    for _ in range(13):  # 8 GiB of zeros, each half joined to its like
        by_halves, size = joined(by_halves, by_halves, size), 2 * size
    one_by_one = 0
    for _ in range(1 << 13):
        one_by_one = joined(one_by_one, megabyte, len(ZEROS))

    assert by_halves == one_by_one
    assert joined(zlib.crc32(b"a"), by_halves, size) != by_halves
