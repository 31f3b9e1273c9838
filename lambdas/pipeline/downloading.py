"""Ranged GETs of presigned URLs, tried again where that helps."""

import re
from dataclasses import dataclass, field

import urllib3

from pipeline.clock import Clock
from pipeline.presigned import PresignedHosts, StorageAnswer, Verdict

RANGE_TRIES = 4  # ours: of one range
FIRST_RETRY_SECONDS = 0.5  # ours; doubles
WHOLE, PARTIAL, NOT_SATISFIABLE = 200, 206, 416  # HTTP statuses

LOST = StorageAnswer(Verdict.BUSY, "the connection was lost")
NO_RANGES = StorageAnswer(Verdict.REFUSED, "an answer without the range that was asked for")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


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
