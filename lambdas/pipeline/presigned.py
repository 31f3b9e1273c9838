"""The storage behind presigned URLs: whom we may call there, and what its errors mean.

A presigned URL is a secret, and it comes from outside. So it is used only if its host is one that
the deployment allows, it is never followed elsewhere, and no error carries more of an answer than
S3's error code.
"""

import logging
import re
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

import urllib3

from pipeline.errors import AddressRefused

BLOCK_BYTES = 1 << 20  # ours: of one send; fewer and larger calls than http.client's 16 kB
CONNECT_SECONDS = 20.0  # ours; urllib3 allows each send of a block the same time
READ_SECONDS = 60.0  # ours: S3 has answered or is lost
ERROR_BYTES = 16 << 10  # ours: S3's error documents have a few hundred bytes
DEFAULT_PORTS = {"https": 443, "http": 80}
EXPIRED_MESSAGES = ("has expired", "expiredtoken")  # S3's words, in lower case

_CODE = re.compile(rb"<Code>\s*([A-Za-z0-9.]{1,64})\s*</Code>")


class Verdict(Enum):
    """What an answer of the storage asks of the caller."""

    DONE = "done"
    BUSY = "busy"
    """Try again: overloaded, or a fault of its own."""
    EXPIRED = "expired"
    """The URL's time is over: get a fresh one."""
    CHANGED = "changed"
    """The object is not the one that was pinned."""
    GONE = "gone"
    REFUSED = "refused"


_BY_CODE = {
    "SlowDown": Verdict.BUSY,
    "RequestTimeout": Verdict.BUSY,
    "InternalError": Verdict.BUSY,
    "ServiceUnavailable": Verdict.BUSY,
    "OperationAborted": Verdict.BUSY,
    "TemporaryRedirect": Verdict.BUSY,
    "ExpiredToken": Verdict.EXPIRED,
    "PreconditionFailed": Verdict.CHANGED,
    "InvalidRange": Verdict.CHANGED,
    "NoSuchKey": Verdict.GONE,
    "NoSuchVersion": Verdict.GONE,
}
_BY_STATUS = {
    404: Verdict.GONE,
    408: Verdict.BUSY,
    412: Verdict.CHANGED,
    416: Verdict.CHANGED,
    429: Verdict.BUSY,
    501: Verdict.REFUSED,
}
_SERVER_FAULT = 500
_SUCCESS = (200, 206)


@dataclass(frozen=True, slots=True)
class StorageAnswer:
    """`code` is S3's error code, or `HTTP 503` and the like; never more of the answer."""

    verdict: Verdict
    code: str

    @classmethod
    def of(cls, response: urllib3.BaseHTTPResponse) -> "StorageAnswer":
        """Reads the error document, if it is one; of a success, reads nothing."""
        if response.status in _SUCCESS:
            return cls(Verdict.DONE, "OK")
        try:
            body = response.read(ERROR_BYTES)
        except urllib3.exceptions.HTTPError:
            body = b""
        found = _CODE.search(body)
        code = found[1].decode() if found else f"HTTP {response.status}"
        if code == "AccessDenied" and any(m in body.decode().lower() for m in EXPIRED_MESSAGES):
            return cls(Verdict.EXPIRED, code)
        otherwise = Verdict.BUSY if response.status >= _SERVER_FAULT else Verdict.REFUSED
        by_status = _BY_STATUS.get(response.status, otherwise)
        return cls(_BY_CODE.get(code, by_status), code)


@dataclass(frozen=True, slots=True)
class PresignedHosts:
    """Where presigned URLs may lead."""

    patterns: tuple[str, ...]
    """fnmatch patterns of `host`, or of `host:port` where the port is not the usual one."""
    allow_plain_http: bool = False

    def check(self, url: str) -> None:
        """Raises `AddressRefused`, naming the host at most, unless the URL may be called."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            raise AddressRefused(
                "the service's presigned URL is no URL; check serviceUrl"
            ) from None
        if parts.scheme != "https" and not (parts.scheme == "http" and self.allow_plain_http):
            raise AddressRefused(
                f"the service's presigned URL for {host} is not https; plain http needs the "
                "setting allowPlainHttp"
            )
        place = host if port in (None, DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"
        allowed = any(fnmatchcase(place, pattern.lower()) for pattern in self.patterns)
        if not host or "@" in parts.netloc or not allowed:
            raise AddressRefused(
                f"the service's presigned URL leads to {place or 'no host'}, which the setting "
                f"presignedHosts ({', '.join(self.patterns)}) does not allow; add it there if "
                "it is the service's storage"
            )


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
