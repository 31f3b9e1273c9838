"""An object of a storage that answers each Range with all of it, read in one stream.

Ranges are asked for in their order, so the stream goes on from one to the next; only where it broke
off, or where a function goes on with what another began, is it begun anew and what has been read
passed over. Memory holds one range and one block, however long the object is.
"""

from dataclasses import dataclass, field

import urllib3

from pipeline.engines.base import FetchedRange, StorageAnswer, StorageOutcome
from pipeline.engines.coding_service.presigned import (
    CHANGED,
    DONE,
    LOST,
    Downloader,
    answer_of,
    etag_of,
    only_of,
)

SKIPPED_BYTES = 1 << 20  # read at once of what is passed over; ours


@dataclass(slots=True)
class WholeObject:
    """Reads ranges out of the stream of one object. For one thread. Close it at the end."""

    downloader: Downloader
    _response: urllib3.BaseHTTPResponse | None = field(default=None, init=False, repr=False)
    _at: int = field(default=0, init=False)
    _etag: str = field(default="", init=False)
    _totals: dict[str, int] = field(default_factory=dict, init=False)
    """By ETag, the lengths that had to be counted."""

    def get(self, url: str, first: int, last: int, etag: str | None) -> FetchedRange:
        """As `Downloader.get`."""
        return self.downloader.several_tries(
            url, lambda checked: self._get_once(checked, first, last, etag)
        )

    def close(self) -> None:
        """Ends the stream; the next range begins it anew."""
        if self._response is not None:
            self._response.close()
        self._response = None

    def _get_once(self, url: str, first: int, last: int, etag: str | None) -> FetchedRange:
        try:
            if self._response is None or first < self._at or (etag and etag != self._etag):
                refusal = self._begin(url, etag)
                if refusal is not None:
                    return FetchedRange(refusal)
            total = self._total(url, etag)
            if total is None:
                return FetchedRange(LOST)
            if first > total:
                return FetchedRange(CHANGED)
            content = self._read(first, min(last, total - 1) - first + 1)
            if content is not None:
                return FetchedRange(DONE, content, self._etag, total)
        except urllib3.exceptions.HTTPError:
            pass
        self.close()
        return FetchedRange(LOST)

    def _begin(self, url: str, etag: str | None) -> StorageAnswer | None:
        """Begins the stream; why not, where the storage does not give it."""
        self.close()
        response = self.downloader.open(url, only_of(etag))
        if response is None:
            return LOST
        answer = answer_of(response, etag)
        if answer.outcome is not StorageOutcome.DONE:
            response.close()
            return answer
        self._response, self._at, self._etag = response, 0, etag_of(response)
        return None

    def _total(self, url: str, etag: str | None) -> int | None:
        """The object's length; where the storage does not say it, counted in a pass of its own."""
        if self._response is None:
            return None
        said = self._response.headers.get("Content-Length", "")
        if said.isdigit():
            return int(said)
        if self._etag not in self._totals:
            while self._skip(SKIPPED_BYTES) == SKIPPED_BYTES:
                pass
            self._totals[self._etag] = self._at
            if self._begin(url, etag) is not None:
                return None
        return self._totals.get(self._etag)

    def _read(self, first: int, length: int) -> bytes | None:
        """The bytes from `first` on; None where the stream ends before them."""
        while self._at < first:
            if not self._skip(min(SKIPPED_BYTES, first - self._at)):
                return None
        content = self._taken(length)
        return content if len(content) == length else None

    def _skip(self, most: int) -> int:
        return len(self._taken(most))

    def _taken(self, most: int) -> bytes:
        """The next bytes; fewer than `most` at the end only."""
        if self._response is None or not most:
            return b""
        content = self._response.read(most, decode_content=False)
        self._at += len(content)
        return content
