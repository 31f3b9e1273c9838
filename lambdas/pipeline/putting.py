"""The parts of a copy that are being put, and the checkpoints that follow them."""

from collections import deque
from concurrent.futures import Future
from typing import Any

from pipeline.claim import Claim
from pipeline.scanning import OutputScan

PUTS = 2  # ours: at once
CHECKPOINT_PARTS = 8  # ours: a write to the ledger for each part would be a tenth of the time


class Puts:
    """Oldest first, each with the checkpoint for when it is put.

    A checkpoint vouches for every part up to it.
    """

    def __init__(self, claim: Claim, begun: dict[str, Any]) -> None:
        self._claim = claim
        self._begun = begun
        self._waiting: deque[tuple[Future[None], dict[str, Any]]] = deque()
        self._done: dict[str, Any] | None = None
        self._since_checkpoint = 0

    def add(self, putting: Future[None], scan: OutputScan) -> None:
        """`scan` has just counted the part. Waits while too many are being put."""
        self._waiting.append((putting, scan.checkpoint()))
        while len(self._waiting) >= PUTS:
            self._wait_for_oldest()
        if self._since_checkpoint >= CHECKPOINT_PARTS:
            self._checkpoint()

    def settle(self) -> None:
        """Waits for all, and leaves a checkpoint behind them."""
        while self._waiting:
            self._wait_for_oldest()
        self._checkpoint()

    def _wait_for_oldest(self) -> None:
        putting, counted = self._waiting.popleft()
        putting.result()
        self._done = counted
        self._since_checkpoint += 1

    def _checkpoint(self) -> None:
        if self._since_checkpoint:
            self._claim.checkpoint(self._begun | {"scan": self._done})
            self._since_checkpoint = 0
