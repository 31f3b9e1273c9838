"""SHA-256 of a stream, computed beside the work on it, and the CRC-32 of joined pieces."""

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

WORTH_A_THREAD = 64 << 10  # bytes; handing fewer over costs as much as hashing them; ours


class OverlappedSha256:
    """Hashes each block in a thread of its own while the caller works on: hashlib needs no GIL.

    At most one block is held beside the caller's. Use it as a context: that ends its thread.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="sha256")
        self._running: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._executor.shutdown()

    def update(self, block: bytes) -> None:
        """Adds a block, once the one before it is hashed."""
        self._wait()
        if len(block) < WORTH_A_THREAD:
            self._hash.update(block)
            return
        self._running = self._executor.submit(self._hash.update, block)

    def hexdigest(self) -> str:
        """The hash of the blocks so far."""
        self._wait()
        return self._hash.hexdigest()

    def _wait(self) -> None:
        if self._running is not None:
            self._running.result()
            self._running = None


POLYNOMIAL = 0xEDB88320  # CRC-32 of IEEE 802.3 and zlib, without x^32
ONE = 1 << 31  # x^0
X = 1 << 30  # x^1
BITS_PER_BYTE = 8


def joined(first: int, second: int, second_bytes: int) -> int:
    """The CRC-32 of two pieces, the second of which is `second_bytes` long."""
    return _times(first, _power_of_x(BITS_PER_BYTE * second_bytes)) ^ second


def _times(one: int, other: int) -> int:
    """The product of two polynomials, modulo the CRC's own."""
    product = 0
    coefficient = ONE
    while coefficient:
        if one & coefficient:
            product ^= other
        coefficient >>= 1
        other = other >> 1 ^ (POLYNOMIAL if other & 1 else 0)  # times x
    return product


def _power_of_x(exponent: int) -> int:
    power, square = ONE, X
    while exponent:
        if exponent & 1:
            power = _times(power, square)
        square = _times(square, square)
        exponent >>= 1
    return power
