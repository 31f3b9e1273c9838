"""An object version in S3 as a `tables.source.ByteSource`: any part of it, again and again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipeline.domain.drop import StoredObject
from pipeline.storage.block_reader import BlockReader


@dataclass(frozen=True, slots=True)
class _Range:
    """A `block_reader.ObjectRange`."""

    bucket: str
    key: str
    version_id: str
    etag: str
    first_byte: int
    last_byte: int


@dataclass(frozen=True, slots=True)
class ObjectSource:
    """Reads one object version. Its methods raise as `BlockReader` does."""

    reader: BlockReader
    stored: StoredObject
    has_time: Callable[[], bool] = lambda: True

    @property
    def size(self) -> int:
        """Bytes."""
        return self.stored.size

    def read(self, first: int, last: int) -> bytes:
        """The bytes `first` to `last`, both included; fewer where the object ends before."""
        last = min(last, self.size - 1)
        pieces = []
        while first <= last:
            pieces.append(self.reader.first_block(self._range(first, last)))
            first += len(pieces[-1])
        return b"".join(pieces)

    def blocks(self, first: int = 0) -> Iterator[bytes]:
        """The bytes from `first` on, in blocks that are read ahead."""
        return self.reader.blocks(self._range(first, self.size - 1), has_time=self.has_time)

    def _range(self, first: int, last: int) -> _Range:
        stored = self.stored
        return _Range(stored.bucket, stored.key, stored.version_id, stored.etag, first, last)
