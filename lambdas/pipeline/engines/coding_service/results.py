"""An operation's two result files, behind URLs that the service renews."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field

from pipeline.engines.base import (
    FetchedRange,
    ResultFile,
    ResultFiles,
    ResultsChanged,
    StorageOutcome,
)
from pipeline.engines.coding_service.presigned import Downloader
from pipeline.errors import ResultsGone, ServiceRefused, StorageBusy, StorageRefused
from pipeline.observability import quoted
from protocol.messages import OperationState
from protocol.short_texts import LONGEST_REASON, cut
from protocol.statuses import OperationStatus

FRESH_URLS = 3  # a fresh URL that is called expired so often will not get better; ours


@dataclass(slots=True, kw_only=True)
class ServiceResults(ResultFiles):
    """The results of one operation. Asks the service for fresh URLs when they have expired.

    Its methods raise as `state` does (`RateLimited` included), `ResultsGone`, `ResultsChanged`,
    `StorageBusy`, `StorageRefused`, `AddressRefused`.
    """

    operation_id: str
    state: Callable[[], OperationState]
    """Asks the service for the operation's state, with fresh URLs."""
    downloader: Downloader
    _state: OperationState | None = field(default=None, init=False, repr=False)

    def prepared(self, *_: object) -> bool:
        """The service gives its results as they are wanted."""
        return True

    def get(self, result: ResultFile, first: int, last: int, etag: str | None) -> FetchedRange:
        """A range, as `Downloader.get` gives it."""
        for _ in range(FRESH_URLS):
            url = self._url(result)
            piece = self.downloader.get(url, first, last, etag)
            if piece.answer.outcome is not StorageOutcome.EXPIRED:
                return _checked(piece)
            self._expired(result, url)
        raise StorageBusy("the service's storage calls fresh download URLs expired; trying again")

    def get_ahead(
        self, executor: Executor, result: ResultFile, first: int, last: int, etag: str | None
    ) -> Callable[[], FetchedRange]:
        """Begins to get a range in `executor`; the call of what it returns waits for it.

        Only that call, and so only the caller's thread, asks the service for anything."""
        url = self._url(result)
        begun = executor.submit(self.downloader.get, url, first, last, etag)

        def wait() -> FetchedRange:
            piece = begun.result()
            if piece.answer.outcome is StorageOutcome.EXPIRED:
                self._expired(result, url)
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
    outcome, code = piece.answer.outcome, piece.answer.code
    if outcome is StorageOutcome.DONE:
        return piece
    if outcome is StorageOutcome.CHANGED:
        raise ResultsChanged
    if outcome is StorageOutcome.GONE:
        raise ResultsGone(
            f"the service's storage no longer has the results ({code}); drop the file again"
        )
    if outcome is StorageOutcome.BUSY:
        raise StorageBusy(f"the service's storage gave no results ({code}); trying again")
    raise StorageRefused(
        f"the service's storage refused to give the results ({code}); drop the file again, and "
        "if that fails too, tell the service's operator"
    )
