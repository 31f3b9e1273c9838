"""Ranged GETs of an operation's results, behind presigned URLs that expire within the hour."""

import re
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from enum import Enum

import urllib3

from pipeline.clock import Clock
from pipeline.errors import ResultsGone, ServiceRefused, StorageBusy, StorageRefused
from pipeline.presigned import PresignedHosts, StorageAnswer, Verdict
from pipeline.redaction import quoted
from pipeline.service_port import CodingServicePort
from protocol.messages import OperationState
from protocol.statuses import OperationStatus

RANGE_TRIES = 4  # ours: of one range
FIRST_RETRY_SECONDS = 0.5  # ours; doubles
FRESH_URLS = 3  # ours: a URL that was fresh and is called expired so often will not get better
WHOLE, PARTIAL, NOT_SATISFIABLE = 200, 206, 416  # HTTP statuses

LOST = StorageAnswer(Verdict.BUSY, "the connection was lost")
NO_RANGES = StorageAnswer(Verdict.REFUSED, "an answer without the range that was asked for")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class ResultsChanged(Exception):
    """The object is not the one whose first range was read: its ETag differs."""


class Result(Enum):
    """The two files of a complete operation."""

    OUTPUT = "output"
    METADATA = "metadata"


@dataclass(frozen=True, slots=True)
class Piece:
    """A range of an object: its bytes, the object's ETag and its whole length."""

    answer: StorageAnswer
    content: bytes = field(default=b"", repr=False)
    etag: str = ""
    total: int = 0


@dataclass(frozen=True, slots=True)
class Downloader:
    """Gets ranges of presigned URLs; safe to use from several threads."""

    pool: urllib3.PoolManager
    hosts: PresignedHosts
    clock: Clock

    def get(self, url: str, first: int, last: int, etag: str | None) -> Piece:
        """Bytes `first` to `last` (both included; fewer at the end of the object).

        With an `etag`, of that object only. A lost connection or a busy storage is tried a few
        times. Raises `AddressRefused`.
        """
        self.hosts.check(url)
        wait = FIRST_RETRY_SECONDS
        for _ in range(RANGE_TRIES - 1):
            piece = self._get_once(url, first, last, etag)
            if piece.answer.verdict is not Verdict.BUSY:
                return piece
            self.clock.sleep(wait)
            wait *= 2
        return self._get_once(url, first, last, etag)

    def _get_once(self, url: str, first: int, last: int, etag: str | None) -> Piece:
        headers = {"Range": f"bytes={first}-{last}"} | ({"If-Match": etag} if etag else {})
        try:
            response = self.pool.request(
                "GET",
                url,
                headers=headers,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except urllib3.exceptions.HTTPError:
            return Piece(LOST)  # the error's text holds the URL
        try:
            if response.status == NOT_SATISFIABLE and first == 0:
                return Piece(StorageAnswer(Verdict.DONE, "OK"))  # S3's answer for an empty object
            answer = StorageAnswer.of(response)
            if answer.verdict is not Verdict.DONE:
                return Piece(answer)
            return _piece(response, first, last)
        except urllib3.exceptions.HTTPError:
            return Piece(LOST)
        finally:
            response.close()


def _piece(response: urllib3.BaseHTTPResponse, first: int, last: int) -> Piece:
    """The range of a success, if it is the one that was asked for. Reads no more than that."""
    content = response.read(last - first + 2, decode_content=False)
    place = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if response.status == WHOLE and first == 0 and len(content) <= last + 1:
        begin, end, total = 0, len(content) - 1, len(content)
    elif response.status == PARTIAL and place:
        begin, end, total = (int(number) for number in place.groups())
    else:
        return Piece(NO_RANGES)
    if begin != first or end != min(last, total - 1):
        return Piece(NO_RANGES)
    if len(content) != end - begin + 1:
        return Piece(LOST)
    return Piece(StorageAnswer(Verdict.DONE, "OK"), content, response.headers["ETag"], total)


@dataclass(slots=True)
class ServiceResults:
    """The results of one operation. Asks the service for fresh URLs when they have expired.

    Its methods raise as `service.operation` does (`CallNotDue` included), `ResultsGone`,
    `ResultsChanged`, `StorageBusy`, `StorageRefused`, `AddressRefused`.
    """

    service: CodingServicePort
    downloader: Downloader
    topic: str
    operation_id: str
    _state: OperationState | None = field(default=None, init=False, repr=False)

    def get(self, result: Result, first: int, last: int, etag: str | None) -> Piece:
        """A range, as `Downloader.get` gives it."""
        for _ in range(FRESH_URLS):
            url = self._url(result)
            piece = self.downloader.get(url, first, last, etag)
            if piece.answer.verdict is not Verdict.EXPIRED:
                return _checked(piece)
            self._expired(result, url)
        raise StorageBusy("the service's storage calls fresh download URLs expired; trying again")

    def get_ahead(
        self, executor: Executor, result: Result, first: int, last: int, etag: str | None
    ) -> Callable[[], Piece]:
        """Begins to get a range in `executor`; the call of what it returns waits for it.

        Only that call, and so only the caller's thread, asks the service for anything."""
        url = self._url(result)
        begun = executor.submit(self.downloader.get, url, first, last, etag)

        def wait() -> Piece:
            piece = begun.result()
            if piece.answer.verdict is Verdict.EXPIRED:
                self._expired(result, url)
                return self.get(result, first, last, etag)
            return _checked(piece)

        return wait

    def _url(self, result: Result) -> str:
        state = self._state or self._asked()
        self._state = state
        if result is Result.OUTPUT:
            url = state.response_download_url
        else:
            url = state.metadata_download_url
        if url is None:
            why = quoted(state.error) if state.error else "it gives no download URLs any more"
            raise ResultsGone(
                f"the service no longer has the results of operation {self.operation_id}: {why}; "
                "drop the file again"
            )
        return url

    def _asked(self) -> OperationState:
        state = self.service.operation(self.topic, self.operation_id)
        if state.status is not OperationStatus.COMPLETE:
            raise ServiceRefused(
                f"operation {self.operation_id} was complete and is now {state.status}; drop the "
                "file again, and tell the service's operator"
            )
        return state

    def _expired(self, result: Result, url: str) -> None:
        """Forgets the URLs, unless they have been renewed since `url` was taken."""
        if self._url(result) == url:
            self._state = None


def _checked(piece: Piece) -> Piece:
    verdict, code = piece.answer.verdict, piece.answer.code
    if verdict is Verdict.DONE:
        return piece
    if verdict is Verdict.CHANGED:
        raise ResultsChanged
    if verdict is Verdict.GONE:
        raise ResultsGone(
            f"the service's storage no longer has the results ({code}); drop the file again"
        )
    if verdict is Verdict.BUSY:
        raise StorageBusy(f"the service's storage gave no results ({code}); trying again")
    raise StorageRefused(
        f"the service's storage refused to give the results ({code}); drop the file again, and "
        "if that fails too, tell the service's operator"
    )
