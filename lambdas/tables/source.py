"""The bytes of one file, wherever they are: read in ranges, in blocks, or as a seekable file."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

BLOCK_BYTES = 1 << 20  # of a local file; ours


class ByteSource(Protocol):
    """A file that does not change while it is read; any part of it can be read again.

    What the methods raise where the file can't be read, its owner knows; they pass through.
    """

    @property
    def size(self) -> int:
        """Bytes."""

    def read(self, first: int, last: int) -> bytes:
        """The bytes `first` to `last`, both included."""

    def blocks(self, first: int = 0) -> Iterator[bytes]:
        """The bytes from `first` on, in order, in blocks; its owner may read ahead.

        Whoever does not read it to its end closes it."""


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A `ByteSource` on this machine."""

    path: Path

    @property
    def size(self) -> int:
        """Bytes."""
        return self.path.stat().st_size

    def read(self, first: int, last: int) -> bytes:
        """The bytes `first` to `last`, both included."""
        with self.path.open("rb") as file:
            file.seek(first)
            return file.read(last - first + 1)

    def blocks(self, first: int = 0) -> Iterator[bytes]:
        """The bytes from `first` on, in order."""
        with self.path.open("rb") as file:
            file.seek(first)
            while block := file.read(BLOCK_BYTES):
                yield block


class SeekableFile(io.RawIOBase):
    """A `ByteSource` as a file for libraries that seek; wrap it in `io.BufferedReader`."""

    def __init__(self, source: ByteSource) -> None:
        super().__init__()
        self._source = source
        self._position = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """As of any file."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}
        self._position = max(0, base[whence] + offset)
        return self._position

    def readinto(self, buffer: "io.Buffer", /) -> int:  # type: ignore[name-defined]  # Python 3.12
        """As of any file."""
        view = memoryview(buffer).cast("B")
        last = min(self._position + len(view), self._source.size) - 1
        content = self._source.read(self._position, last) if last >= self._position else b""
        view[: len(content)] = content
        self._position += len(content)
        return len(content)
