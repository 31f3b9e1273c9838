"""An operation's two result files, behind URLs that the service renews."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial

from pipeline.engines.base import (
    FetchedRange,
    ResultFile,
    ResultFiles,
    ResultsChanged,
    ResultsMissing,
    StorageOutcome,
)
from pipeline.engines.coding_service.presigned import Downloader
from pipeline.engines.coding_service.whole_object import WholeObject
from pipeline.errors import ResultsGone, ServiceRefused, StorageBusy, StorageRefused
from pipeline.observability import quoted
from protocol.messages import OperationState
from protocol.short_texts import LONGEST_REASON, cut
from protocol.statuses import OperationStatus

FRESH_URLS = 3  # a fresh URL that is called expired so often will not get better; ours


@dataclass(slots=True, kw_only=True)
class ServiceResults(ResultFiles):
    """The results of one operation. Asks the service for fresh URLs when they have expired.

    A storage that gives no ranges is read in one stream, by the caller's thread, once it has shown
    that. Its methods raise as `state` does (`RateLimited` included), `ResultsGone`,
    `ResultsMissing`, `ResultsChanged`, `StorageBusy`, `StorageRefused`, `AddressRefused`.
    """

    operation_id: str
    state: Callable[[], OperationState]
    """Asks the service for the operation's state, with fresh URLs."""
    downloader: Downloader
    _state: OperationState | None = field(default=None, init=False, repr=False)
    _whole: dict[ResultFile, WholeObject] = field(default_factory=dict, init=False)
    """The files whose ranges the storage does not give."""

    def prepared(self, *_: object) -> bool:
        """The service gives its results as they are wanted."""
        return True

    def get(self, result: ResultFile, first: int, last: int, etag: str | None) -> FetchedRange:
        """A range, as `Downloader.get` gives it."""
        for _ in range(FRESH_URLS):
            url = self._url(result)
            piece = self._fetched(result, url, first, last, etag)
            if piece.answer.outcome is not StorageOutcome.EXPIRED:
                return _checked(piece)
            self._expired(result, url)
        raise StorageBusy(
            f"{piece.answer.storage} called {FRESH_URLS} fresh download URLs expired "
            f"({piece.answer.code})"
        )

    def close(self) -> None:
        for whole in self._whole.values():
            whole.close()

    def _fetched(
        self, result: ResultFile, url: str, first: int, last: int, etag: str | None
    ) -> FetchedRange:
        if result not in self._whole:
            piece = self.downloader.get(url, first, last, etag)
            if piece.answer.outcome is not StorageOutcome.UNRANGED:
                return piece
            self._whole[result] = WholeObject(self.downloader)
        return self._whole[result].get(url, first, last, etag)

    def get_ahead(
        self, executor: Executor, result: ResultFile, first: int, last: int, etag: str | None
    ) -> Callable[[], FetchedRange]:
        """Begins to get a range in `executor`; the call of what it returns waits for it.

        Only that call, and so only the caller's thread, asks the service for anything; and reads,
        where the storage gives no ranges."""
        if result in self._whole:
            return partial(self.get, result, first, last, etag)
        url = self._url(result)
        begun = executor.submit(self.downloader.get, url, first, last, etag)

        def wait() -> FetchedRange:
            piece = begun.result()
            if piece.answer.outcome is StorageOutcome.EXPIRED:
                self._expired(result, url)
                return self.get(result, first, last, etag)
            if piece.answer.outcome is StorageOutcome.UNRANGED:
                self._whole.setdefault(result, WholeObject(self.downloader))
                return self.get(result, first, last, etag)
            return _checked(piece)

        return wait

    def _url(self, result: ResultFile) -> str:
        state = self._state or self._asked()
        self._state = state
        if result is ResultFile.OUTPUT:
            url = state.response_download_url
        else:
            url = state.metadata_download_url
        if url is None:
            error = quoted(cut(state.error or "", LONGEST_REASON))
            why = error or "it gives no download URLs any more"
            raise ResultsGone(
                f"the service no longer has the results of operation {self.operation_id}: {why}; "
                "drop the file again"
            )
        return url

    def _asked(self) -> OperationState:
        state = self.state()
        if state.status is not OperationStatus.COMPLETE:
            raise ServiceRefused(
                f"operation {self.operation_id} was complete and is now {state.status}; drop the "
                "file again, and tell the service's operator"
            )
        return state

    def _expired(self, result: ResultFile, url: str) -> None:
        """Forgets the URLs, unless they have been renewed since `url` was taken."""
        if self._url(result) == url:
            self._state = None


def _checked(piece: FetchedRange) -> FetchedRange:
    outcome, code, storage = piece.answer.outcome, piece.answer.code, piece.answer.storage
    if outcome is StorageOutcome.DONE:
        return piece
    if outcome is StorageOutcome.CHANGED:
        raise ResultsChanged
    if outcome is StorageOutcome.GONE:
        raise ResultsMissing(f"{storage} does not find the results ({code})")
    if outcome is StorageOutcome.BUSY:
        raise StorageBusy(f"{storage} gave no results ({code})")
    raise StorageRefused(
        f"{storage} refused to give the results ({code}); drop the file again, and if that fails "
        "too, tell the service's operator"
    )
