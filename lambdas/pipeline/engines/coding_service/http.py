"""HTTP for small JSON answers: explicit timeouts, no redirects, no proxies, no secrets in errors.

An error names who was called, at which host, and the call. Streams of drops and results do not go
through here.
"""

from dataclasses import dataclass, field
from typing import Protocol

import urllib3

from pipeline.engines.coding_service.address import Address, read_address
from pipeline.errors import AddressRefused, ServiceBusy, ServiceRefused

MAX_BODY_BYTES = 1 << 20  # the longest documented answer is a list of models, a few kB; ours
CONNECT_SECONDS, READ_SECONDS = 4, 12  # a call, a new token and the call again fit into the check's
# 60 s; ours
FIRST_REDIRECT, FIRST_ERROR = 300, 400  # HTTP statuses
NEVER_SENT = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
"""Without a connection, the request certainly did nothing."""
WHY_NO_ANSWER = (
    (urllib3.exceptions.NameResolutionError, "no such host is known"),
    (urllib3.exceptions.NewConnectionError, "no connection came about"),
    (urllib3.exceptions.ConnectTimeoutError, f"no connection within {CONNECT_SECONDS} s"),
    (urllib3.exceptions.ReadTimeoutError, f"nothing for {READ_SECONDS} s"),
    (urllib3.exceptions.DecodeError, "a compressed answer that can't be read"),
    (urllib3.exceptions.ProtocolError, "the connection was cut, or it was no HTTP"),
)
"""What urllib3's errors mean, in words; the first that fits."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request. Headers and body may hold secrets; so may the address's query."""

    method: str
    url: str = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    to: str = "the service"
    """Who is called, for messages."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A whole answer. Its body may hold secrets."""

    status: int
    body: bytes = field(repr=False)


class Transport(Protocol):
    """Sends a request and gives the whole answer, whatever its status below 300 or from 400 on.

    Raises `ServiceBusy` (no answer), `ServiceRefused` (one too long), `AddressRefused`.
    """

    def __call__(self, request: HttpRequest) -> HttpAnswer: ...


class HttpTransport:
    """`Transport` over urllib3. One for each process: it keeps connections."""

    def __init__(self, *, allow_plain_http: bool = False, ca_bundle: str | None = None) -> None:
        self._allow_plain_http = allow_plain_http
        self._pool = urllib3.PoolManager(
            num_pools=4,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            ca_certs=ca_bundle,
            cert_reqs="CERT_REQUIRED",
        )

    def __call__(self, request: HttpRequest) -> HttpAnswer:
        address = self._checked(request.url)
        called = f"{request.to} at {address.host}"
        call = f"{request.method} {address.path}"
        try:
            response = self._pool.request(
                request.method,
                address.url,
                headers=request.headers,
                body=request.body,
                redirect=False,
                preload_content=False,
            )
            try:
                body = _short_body(response, called)
            finally:
                response.close()
        except urllib3.exceptions.SSLError as error:
            if "CERTIFICATE_VERIFY_FAILED" not in str(error):
                raise ServiceBusy(f"{called} can't be reached over TLS for {call}") from None
            raise AddressRefused(
                f"{called} shows no certificate that is trusted here; correct the address, or "
                "trust its authority"
            ) from None
        except urllib3.exceptions.LocationValueError:
            raise AddressRefused(f"{called} has no valid address; correct the setting") from None
        except urllib3.exceptions.HTTPError as error:
            # Its text would hold the address with its query: its class is enough.
            raise ServiceBusy(
                f"{called} gave no answer to {call} ({_why(error)})",
                may_be_done=not isinstance(error, NEVER_SENT),
            ) from None
        if FIRST_REDIRECT <= response.status < FIRST_ERROR:
            raise AddressRefused(
                f"{called} redirects {call} (HTTP {response.status}); correct the setting of its "
                "address"
            )
        return HttpAnswer(status=response.status, body=body)

    def _checked(self, url: str) -> Address:
        address = read_address(url)
        if address is None:
            raise AddressRefused(
                "an address is no URL that may be called: it needs https, a host of letters, "
                "digits, dots and hyphens, no user or password, and no characters that a URL "
                "can't have; correct the settings serviceUrl and authUrl"
            )
        if address.scheme != "https" and not self._allow_plain_http:
            raise AddressRefused(
                f"the address of {address.host} is not https; plain http needs the setting "
                "allowPlainHttp"
            )
        return address


def _why(error: urllib3.exceptions.HTTPError) -> str:
    for kind, why in WHY_NO_ANSWER:
        if isinstance(error, kind):
            return why
    return type(error).__name__


def _short_body(response: urllib3.BaseHTTPResponse, called: str) -> bytes:
    body = bytearray()
    while len(body) <= MAX_BODY_BYTES:
        piece = response.read(MAX_BODY_BYTES + 1 - len(body))
        if not piece:
            return bytes(body)
        body += piece
    raise ServiceRefused(f"{called} answered with over {MAX_BODY_BYTES:,} bytes; that is no API")
