"""Unpacks a gzipped file, or the only file of a zip, as a stream.

What a header says of sizes is never believed: bytes are counted as they come out, and what is
checked at the end is the checksum. A few hundred kB are held, whatever the file.
"""

import zlib
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from tables.containers.zip_directory import ZipDirectory, ZipMember
from tables.errors import TableRefused
from tables.source import ByteSource

FED_BYTES = 32 << 10  # to zlib at once: what it does not use is copied, once for each member; ours
HEAD_BYTES = 8 << 10
PIECE_BYTES = 256 << 10  # that come out of it at most at once; ours
MAX_MEMBERS = 1_000_000  # of a gzip file: 5 GB in the 64 kB blocks of BGZF are 80,000; ours
RAW = -zlib.MAX_WBITS  # zlib's sign for deflate as zip has it, without a header
WITH_HEADER = zlib.MAX_WBITS + 16  # zlib's sign for gzip: it checks length and checksum itself

PACK_AGAIN = "Pack it again, or drop the file as it is, without packing it."


@dataclass(frozen=True, slots=True)
class Packed:
    """How a file is packed that has one other file in it."""

    member: str | None = None
    """Of a zip: the name of its only file; None: the file is gzipped."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes | memoryview, max_length: int = 0, /) -> bytes: ...


def unpacked(source: ByteSource, packed: Packed, *, max_bytes: int) -> Iterator[bytes]:
    """The bytes of the file that `source` has in it, in blocks of at most `PIECE_BYTES`.

    Raises `TableRefused` where they are more than `max_bytes`, where they are cut off, broken,
    encrypted, or packed in a way that is not read; what came until then is not to be used.
    """
    size = 0
    with closing(_pieces(source, packed)) as pieces:
        for piece in pieces:
            size += len(piece)
            if size > max_bytes:
                raise TableRefused(
                    f"The file holds more than {max_bytes:,} bytes when it is unpacked.",
                    "Cut it into smaller files and drop each of them.",
                )
            yield piece


def packed_head(source: ByteSource, packed: Packed) -> bytes:
    """A few kB of the beginning of what is packed, by reading no more than that.

    Raises `TableRefused` as `unpacked` does."""
    member = None if packed.member is None else ZipDirectory(source).only_member()
    first = member.first if member else 0
    if first >= source.size:
        raise _broken("is a zip archive that is cut off before its end")
    head = source.read(first, min(first + HEAD_BYTES, source.size) - 1)
    if member and member.is_stored:
        return head[: member.packed_size]
    try:
        return _decompressor(RAW if member else WITH_HEADER).decompress(head, HEAD_BYTES)
    except zlib.error:
        raise _broken(f"is a {'zip archive' if member else 'gzip file'} that is broken") from None


def _pieces(source: ByteSource, packed: Packed) -> Generator[bytes, None, None]:
    member = None if packed.member is None else ZipDirectory(source).only_member()
    with closing(_fed(source, member.first if member else 0)) as fed:
        yield from _unzipped(fed, member) if member else _gunzipped(fed)


def _gunzipped(feed: Iterator[bytes]) -> Iterator[bytes]:
    """What all members of a gzip file hold, one after the other."""
    members, decompressor = 1, _decompressor(WITH_HEADER)
    for fed in feed:
        rest = fed
        while rest:
            if decompressor.eof:
                rest = rest.lstrip(b"\0")  # what tapes are filled up with
                if not rest:
                    break
                members, decompressor = members + 1, _decompressor(WITH_HEADER)
                if members > MAX_MEMBERS:
                    raise _broken(f"is gzipped in more than {MAX_MEMBERS:,} pieces")
            yield from _inflated(decompressor, rest, "gzip file")
            rest = decompressor.unused_data
    if not decompressor.eof:
        raise _broken("is a gzip file that is cut off before its end")


def _unzipped(feed: Iterator[bytes], member: ZipMember) -> Iterator[bytes]:
    checksum = size = 0
    for piece in _stored(feed, member.packed_size) if member.is_stored else _deflated(feed):
        checksum = zlib.crc32(piece, checksum)
        size += len(piece)
        yield piece
    if checksum != member.crc32 or size != member.size:
        raise _broken("is a zip archive that is broken: its content is not what its checksum says")


def _stored(feed: Iterator[bytes], left: int) -> Iterator[bytes]:
    while left > 0:
        piece = next(feed, b"")[:left]
        if not piece:
            raise _broken("is a zip archive that is cut off before its end")
        left -= len(piece)
        yield piece


def _deflated(feed: Iterator[bytes]) -> Iterator[bytes]:
    decompressor = _decompressor(RAW)
    for fed in feed:
        yield from _inflated(decompressor, fed, "zip archive")
        if decompressor.eof:
            return
    raise _broken("is a zip archive that is cut off before its end")


def _inflated(decompressor: _Decompressor, fed: bytes, kind: str) -> Iterator[bytes]:
    """What comes out for `fed`, up to the end of what is packed."""
    while True:
        try:
            piece = decompressor.decompress(fed, PIECE_BYTES)
        except zlib.error:
            raise _broken(f"is a {kind} that is broken") from None
        if piece:
            yield piece
        fed = decompressor.unconsumed_tail
        if decompressor.eof or not (fed or len(piece) == PIECE_BYTES):
            return


def _decompressor(window_bits: int) -> _Decompressor:
    return zlib.decompressobj(window_bits)


def _fed(source: ByteSource, first: int) -> Generator[bytes, None, None]:
    """The source's bytes from `first` on, in small pieces. Closed with this."""
    blocks = source.blocks(first)
    try:
        for block in blocks:
            for start in range(0, len(block), FED_BYTES):
                yield block[start : start + FED_BYTES]
    finally:
        close = getattr(blocks, "close", None)
        if close is not None:
            close()


def _broken(what: str) -> TableRefused:
    return TableRefused(f"The file {what}.", PACK_AGAIN)
