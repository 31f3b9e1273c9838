"""The results of an operation whose output Pipeline makes itself, in the exchange bucket."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from pipeline.engines.base import (
    FetchedRange,
    Keep,
    ResultFile,
    ResultsChanged,
    StorageAnswer,
    StorageOutcome,
)
from pipeline.engines.exchange_bucket import ExchangeBucket
from pipeline.storage.results_bucket import FileChanged

DONE = StorageAnswer(StorageOutcome.DONE, "OK")


@dataclass(slots=True, kw_only=True)
class ExchangedResults(ABC):
    """Answers `ResultFiles`: the output as it lies there, metadata as the engine knows it."""

    exchange: ExchangeBucket
    output: str
    """The key of the output."""
    _total: int | None = field(default=None, init=False)

    @abstractmethod
    def metadata(self) -> bytes:
        """The content of the metadata file. Raises `ResultsGone`."""

    @abstractmethod
    def make(
        self, kept: Mapping[str, Any] | None, keep: Keep, has_time: Callable[[], bool]
    ) -> bool:
        """As `prepared`, of an output that is not there."""

    def prepared(
        self, kept: Mapping[str, Any] | None, keep: Keep, has_time: Callable[[], bool], /
    ) -> bool:
        return self._length() is not None or self.make(kept, keep, has_time)

    def get(self, result: ResultFile, first: int, last: int, etag: str | None) -> FetchedRange:
        if result is ResultFile.METADATA:
            content = self.metadata()
            return FetchedRange(DONE, content[first : last + 1], "", len(content))
        total = self._length()
        if total is None:
            raise ResultsChanged
        try:
            stored = self.exchange.objects.read(self.output, first, min(last, total - 1), etag)
        except FileChanged:
            raise ResultsChanged from None
        return FetchedRange(DONE, stored.content, stored.etag, stored.total)

    def get_ahead(
        self, executor: Executor, result: ResultFile, first: int, last: int, etag: str | None
    ) -> Callable[[], FetchedRange]:
        return executor.submit(self.get, result, first, last, etag).result

    def close(self) -> None:  # noqa: B027  not to be overridden
        """Does nothing: no connection is the results' own."""

    def _length(self) -> int | None:
        if self._total is None:
            found = self.exchange.length(self.output)
            self._total = None if found is None else found[0]
        return self._total
