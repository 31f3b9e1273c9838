"""A `ByteSource` of bytes in memory, for tests."""

from collections.abc import Iterator


class HeldBytes:
    """Gives blocks of `block` bytes; counts the streams that are open, and the bytes read."""

    def __init__(self, content: bytes, *, block: int = 1 << 20) -> None:
        self._content = content
        self._block = block
        self.open_streams = 0
        self.bytes_read = 0

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self._content)

    def read(self, first: int, last: int) -> bytes:
        """The bytes `first` to `last`, both included."""
        assert 0 <= first <= last < self.size, (first, last, self.size)
        self.bytes_read += last - first + 1
        return self._content[first : last + 1]

    def blocks(self, first: int = 0) -> Iterator[bytes]:
        """The bytes from `first` on."""
        self.open_streams += 1
        try:
            for start in range(first, self.size, self._block):
                block = self._content[start : start + self._block]
                self.bytes_read += len(block)
                yield block
        finally:
            self.open_streams -= 1
