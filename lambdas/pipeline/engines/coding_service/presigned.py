"""The storage behind presigned URLs: whom we may call there, and what its errors mean.

A presigned URL is a secret, and it comes from outside. So it is used only if its host is one that
the deployment allows, it is never followed elsewhere, and no error carries more of an answer than
S3's error code.
"""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import IO, cast

import urllib3
from urllib3.util import SKIP_HEADER

from pipeline.clock import Clock
from pipeline.engines.base import (
    FetchedRange,
    StorageAnswer,
    StorageOutcome,
    UploadBody,
)
from pipeline.engines.coding_service.address import (
    DEFAULT_PORTS,
    Address,
    host_of,
    read_address,
)
from pipeline.errors import AddressRefused
from protocol.messages import CreatedOperation

BLOCK_BYTES = 1 << 20  # of one send: fewer and larger calls than http.client's 16 kB; ours
CONNECT_SECONDS = 20.0  # urllib3 allows each send of a block the same time; ours
READ_SECONDS = 60.0  # S3 has answered by then, or the connection is lost; ours


@dataclass(frozen=True, slots=True)
class PresignedHosts:
    """The hosts that presigned URLs may lead to."""

    patterns: tuple[str, ...]
    """fnmatch patterns of `host`, or of `host:port` where the port is not the usual one."""
    allow_plain_http: bool = False

    def check(self, url: str) -> str:
        """What to call for `url`: it leads to the host and the port that were checked.

        Raises `AddressRefused`, naming the host at most, unless the URL may be called."""
        address = read_address(url)
        if address is None:
            raise AddressRefused(
                "the service's presigned URL is no URL that may be called: it needs http or https, "
                "a host of letters, digits, dots and hyphens, no user and no characters that a URL "
                "can't have; check serviceUrl, and tell the service's operator"
            )
        if address.scheme != "https" and not self.allow_plain_http:
            raise AddressRefused(
                f"the service's presigned URL for {address.host} is not https; plain http needs "
                "the setting allowPlainHttp"
            )
        usual = address.port == DEFAULT_PORTS[address.scheme]
        if not any(_allows(pattern.lower(), address, usual=usual) for pattern in self.patterns):
            place = address.host if usual else f"{address.host}:{address.port}"
            raise AddressRefused(
                f"the service's presigned URL leads to {place}, which the setting "
                f"presignedHosts ({', '.join(self.patterns)}) does not allow; add it there if "
                "it is the service's storage"
            )
        return address.url


def _allows(pattern: str, address: Address, *, usual: bool) -> bool:
    """Host and port each by their own part of the pattern: no `*` of a host stands for a port."""
    host, colon, port = pattern.partition(":")
    right_port = fnmatchcase(str(address.port), port) if colon else usual
    return right_port and fnmatchcase(address.host, host)


def presigned_pool(ca_bundle: str | None) -> urllib3.PoolManager:
    """Connections to the storage: verified TLS, no retries, no redirects.

    `ca_bundle` is a file of trusted certificates in place of the system's."""
    # urllib3 logs the whole URL of each request at DEBUG, and of odd answers at WARNING.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    return urllib3.PoolManager(
        num_pools=4,
        maxsize=8,
        blocksize=BLOCK_BYTES,
        retries=False,
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        cert_reqs="CERT_REQUIRED",
        ca_certs=ca_bundle,
    )


LOST = StorageAnswer(StorageOutcome.BUSY, "the connection was lost")
DONE = StorageAnswer(StorageOutcome.DONE, "OK")


def storage_at(url: str) -> str:
    """The storage with its host, for messages."""
    return f"the service's storage at {host_of(url)}"


@dataclass(frozen=True, slots=True)
class Uploader:
    """Sends bodies to presigned URLs."""

    pool: urllib3.PoolManager
    hosts: PresignedHosts

    def put(self, operation: CreatedOperation, body: UploadBody) -> StorageAnswer:
        """Sends the body as the operation's input; the storage's answer, or `LOST`.

        Raises `AddressRefused`, and whatever the body raises, the connection closed.
        """
        url = self.hosts.check(operation.request_upload_url)
        storage = storage_at(url)
        try:
            response = self.pool.request(
                "PUT",
                url,
                body=cast("IO[bytes]", body),  # urllib3 only ever reads it
                headers={
                    "Content-Length": str(body.length),
                    # Signed with the URL: S3 refuses any other, and any further, x-amz header.
                    "x-amz-server-side-encryption": "aws:kms",
                    "x-amz-server-side-encryption-aws-kms-key-id": operation.bucket_kms_key_arn,
                    # The documented headers and no others: urllib3 would add these.
                    "Accept-Encoding": SKIP_HEADER,
                    "User-Agent": SKIP_HEADER,
                },
                redirect=False,
                preload_content=False,
            )
        except urllib3.exceptions.HTTPError:
            # Its text holds the URL: nothing of it goes on.
            return replace(LOST, storage=storage)
        answer = replace(StorageAnswer.of(response), storage=storage)
        if answer.outcome is not StorageOutcome.DONE:
            response.close()  # the body may not have been read to its end
        response.release_conn()
        return answer


RANGE_TRIES = 4  # of one range, with 3.5 s of waits in all; ours
FIRST_RETRY_SECONDS = 0.5  # doubles; ours


WHOLE, PARTIAL, NOT_SATISFIABLE = 200, 206, 416  # HTTP statuses

NO_RANGES = StorageAnswer(StorageOutcome.REFUSED, "an answer without the range that was asked for")
UNRANGED = StorageAnswer(StorageOutcome.UNRANGED, "all of the file in place of a range")
ENCODED = StorageAnswer(StorageOutcome.REFUSED, "a Content-Encoding that was not asked for")
CHANGED = StorageAnswer(StorageOutcome.CHANGED, "another ETag")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class Downloader:
    """Gets ranges of presigned URLs; safe to use from several threads."""

    pool: urllib3.PoolManager
    hosts: PresignedHosts
    clock: Clock

    def get(self, url: str, first: int, last: int, etag: str | None) -> FetchedRange:
        """Bytes `first` to `last` (both included; fewer at the end of the object).

        With an `etag`, of that object only. A lost connection or a busy storage is tried a few
        times. Raises `AddressRefused`.
        """
        return self.several_tries(url, lambda checked: self._get_once(checked, first, last, etag))

    def several_tries(self, url: str, get: Callable[[str], FetchedRange]) -> FetchedRange:
        """What `get` gives for the checked URL, once it is not busy, or after the last try.

        Raises `AddressRefused`, and as `get` does."""
        url = self.hosts.check(url)
        wait = FIRST_RETRY_SECONDS
        for _ in range(RANGE_TRIES - 1):
            piece = get(url)
            if piece.answer.outcome is not StorageOutcome.BUSY:
                break
            self.clock.sleep(wait)
            wait *= 2
        else:
            piece = get(url)
        return replace(piece, answer=replace(piece.answer, storage=storage_at(url)))

    def open(self, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse | None:
        """The answer to a GET of a checked URL, its body unread; None: no answer came."""
        try:
            return self.pool.request(
                "GET",
                url,
                headers=headers,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except urllib3.exceptions.HTTPError:
            return None  # the error's text holds the URL

    def _get_once(self, url: str, first: int, last: int, etag: str | None) -> FetchedRange:
        response = self.open(url, {"Range": f"bytes={first}-{last}"} | only_of(etag))
        if response is None:
            return FetchedRange(LOST)
        try:
            if response.status == NOT_SATISFIABLE and first == 0:
                return FetchedRange(DONE)  # S3's answer for an empty object
            answer = answer_of(response, etag)
            if answer.outcome is not StorageOutcome.DONE:
                return FetchedRange(answer)
            return _piece(response, first, last)
        except urllib3.exceptions.HTTPError:
            return FetchedRange(LOST)
        finally:
            response.close()


def only_of(etag: str | None) -> dict[str, str]:
    """The header that asks for the object with this ETag only."""
    return {"If-Match": etag} if etag else {}


def answer_of(response: urllib3.BaseHTTPResponse, etag: str | None) -> StorageAnswer:
    """What an answer means; also where it is of another object, or in another form, than asked."""
    answer = StorageAnswer.of(response)
    if answer.outcome is not StorageOutcome.DONE:
        return answer
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return ENCODED
    return CHANGED if etag and etag_of(response) != etag else answer


def etag_of(response: urllib3.BaseHTTPResponse) -> str:
    """The object's ETag; empty where the storage names none."""
    return str(response.headers.get("ETag", ""))


def _piece(response: urllib3.BaseHTTPResponse, first: int, last: int) -> FetchedRange:
    """The range of a success, if it is the one that was asked for. Reads no more than that."""
    whole = response.status == WHOLE
    if whole and first:
        return FetchedRange(UNRANGED)
    content = response.read(last - first + 2, decode_content=False)
    place = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if whole and len(content) > last + 1:
        return FetchedRange(UNRANGED)
    if whole:
        begin, end, total = 0, len(content) - 1, len(content)
    elif response.status == PARTIAL and place:
        begin, end, total = (int(number) for number in place.groups())
    else:
        return FetchedRange(NO_RANGES)
    if begin != first or end != min(last, total - 1):
        return FetchedRange(NO_RANGES)
    if len(content) != end - begin + 1:
        return FetchedRange(LOST)
    return FetchedRange(DONE, content, etag_of(response), total)
