import gzip
import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.containers.unpack import PIECE_BYTES, Packed, packed_head, unpacked
from tables.errors import TableRefused
from tests.support.tables.held_bytes import HeldBytes

GZIP, ZIP = Packed(), Packed("a.csv")
MOST = 10_000_000
CONTENT = b"id,job\n1,nurse\n" * 20_000


def _zipped(content: bytes, method: int = zipfile.ZIP_DEFLATED, name: str = "a.csv") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


def _streamed(content: bytes) -> bytes:
    """A zip that was written without seeking: its sizes stand behind its content."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    packed = Pipe()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", content)
    return packed.getvalue()


def _out(packed: bytes, how: Packed, most: int = MOST, block: int = 1 << 20) -> bytes:
    source = HeldBytes(packed, block=block)
    try:
        return b"".join(unpacked(source, how, max_bytes=most))
    finally:
        assert source.open_streams == 0


PACKERS: list[tuple[Callable[[bytes], bytes], Packed]] = [
    (gzip.compress, GZIP),
    (_zipped, ZIP),
    (lambda content: _zipped(content, zipfile.ZIP_STORED), ZIP),
    (_streamed, ZIP),
]


@pytest.mark.parametrize(("pack", "how"), PACKERS)
@given(content=st.binary(max_size=200), block=st.integers(1, 300))
def should_give_what_was_packed_wherever_blocks_end(
    pack: Callable[[bytes], bytes], how: Packed, content: bytes, block: int
) -> None:
    assert _out(pack(content), how, block=block) == content


@pytest.mark.parametrize(("pack", "how"), PACKERS)
def should_give_a_larger_file_in_small_blocks(pack: Callable[[bytes], bytes], how: Packed) -> None:
    source = HeldBytes(pack(CONTENT))

    blocks = list(unpacked(source, how, max_bytes=len(CONTENT)))

    assert b"".join(blocks) == CONTENT
    assert max(map(len, blocks)) <= PIECE_BYTES
    assert CONTENT.startswith(packed_head(source, how))
    assert len(packed_head(source, how)) == 8192
    assert source.open_streams == 0


@pytest.mark.parametrize(("pack", "how"), PACKERS)
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.95])
def should_refuse_a_file_that_is_cut_off(
    pack: Callable[[bytes], bytes], how: Packed, share: float
) -> None:
    packed = pack(CONTENT)

    with pytest.raises(TableRefused, match="cut off"):
        _out(packed[: int(len(packed) * share)], how)


@pytest.mark.parametrize(("pack", "how"), PACKERS)
def should_refuse_or_read_a_file_with_a_changed_byte(
    pack: Callable[[bytes], bytes], how: Packed
) -> None:
    content = b"id,job\n1,nurse\n" * 10
    packed = pack(content)
    refusals = 0

    for place in range(len(packed)):
        changed = bytearray(packed)
        changed[place] ^= 0x55
        try:
            assert _out(bytes(changed), how, most=1000) == content  # a name, or a date
        except TableRefused as refused:
            refusals += len(refused.reason) < 300

    assert refusals > len(packed) / 3


def should_stop_a_bomb_by_what_really_comes_out() -> None:
    once = zlib.compressobj(9, wbits=zlib.MAX_WBITS + 16)
    bomb = b"".join([once.compress(bytes(1 << 20)) for _ in range(100)]) + once.flush()
    source = HeldBytes(bomb)

    tracemalloc.start()
    with pytest.raises(TableRefused, match="more than 50,000,000 bytes"):
        for _ in unpacked(source, GZIP, max_bytes=50_000_000):
            pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert len(bomb) < 200_000
    assert peak < 3_000_000


def should_believe_no_size_that_a_zip_tells() -> None:
    packed = _zipped(bytes(5_000_000))
    lying = packed.replace(struct.pack("<I", 5_000_000), struct.pack("<I", 5))

    with pytest.raises(TableRefused, match="more than 1,000,000 bytes"):
        _out(lying, ZIP, most=1_000_000)
    with pytest.raises(TableRefused, match="checksum"):
        _out(lying, ZIP)


def should_read_all_members_of_a_gzip_file() -> None:
    packed = gzip.compress(b"a\n") + gzip.compress(b"") + gzip.compress(b"b\n") + bytes(600)

    assert _out(packed, GZIP) == b"a\nb\n"
    assert _out(packed, GZIP, block=1) == b"a\nb\n"


def should_refuse_what_follows_a_gzip_file() -> None:
    with pytest.raises(TableRefused, match="broken"):
        _out(gzip.compress(b"a\n") + b"garbage", GZIP)


def should_take_no_time_for_very_many_members() -> None:
    packed = gzip.compress(b"", mtime=0) * 100_000

    assert _out(packed, GZIP) == b""


def should_refuse_too_many_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tables.containers.unpack.MAX_MEMBERS", 10)

    with pytest.raises(TableRefused, match="more than 10 pieces"):
        _out(gzip.compress(b"a") * 11, GZIP)


def should_close_the_stream_where_nobody_reads_to_its_end() -> None:
    source = HeldBytes(gzip.compress(bytes(9_000_000)))
    stream = iter(unpacked(source, GZIP, max_bytes=MOST))

    next(stream)
    assert source.open_streams == 1
    del stream

    assert source.open_streams == 0
