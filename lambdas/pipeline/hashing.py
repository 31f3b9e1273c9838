"""SHA-256 of a stream, computed beside the work on it."""

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

WORTH_A_THREAD = 64 << 10  # bytes; ours: handing over costs as much as hashing some of them


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
        """Of the blocks so far."""
        self._wait()
        return self._hash.hexdigest()

    def _wait(self) -> None:
        if self._running is not None:
            self._running.result()
            self._running = None
