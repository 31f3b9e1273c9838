"""Addresses that may be called, read by the parser that dials them.

Two parsers of URLs differ about odd ones: where does the host of `https://a\\b/` end? So an address
is held to the plain form that no two of them differ about, read once, by urllib3, and called as it
was read.
"""

import re
from dataclasses import dataclass, field

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

DEFAULT_PORTS = {"https": 443, "http": 80}
MAX_HOST = 253  # characters of a host's name (RFC 1035, 2.3.4)

_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"  # RFC 1123, 2.1
_CHARACTER = "[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2}"  # `pchar` and the slash (RFC 3986)
_PLAIN = re.compile(
    rf"[Hh][Tt][Tt][Pp][Ss]?://{_LABEL}(?:\.{_LABEL})*(?::[1-9][0-9]{{0,4}})?"
    rf"(?:/(?:{_CHARACTER})*+)?(?:\?(?:{_CHARACTER}|\?)*+)?"
)
_HOST = re.compile("[a-z0-9.-]+")
_DOTS = frozenset({".", ".."})


@dataclass(frozen=True, slots=True)
class Address:
    """An http or https address in plain form. Its path and query may be secret."""

    scheme: str
    host: str
    """In lower case: a-z, 0-9, dots and hyphens."""
    port: int
    url: str = field(repr=False)
    """What to call: it leads to `host` and `port`."""

    @property
    def path(self) -> str:
        """The path without the query."""
        return f"/{_path(self.url)}"


def read_address(url: str) -> Address | None:
    """The address; None unless `url` is one in plain form.

    Plain is: http or https; a host of letters, digits, dots and hyphens; no user or password; a
    port from 1 to 65535 or none; a path without `.` and `..`; no fragment; and no character that
    RFC 3986 does not allow where it stands (so no backslash, white space or control).
    """
    if not _PLAIN.fullmatch(url):
        return None
    try:
        parsed = parse_url(url)
    except LocationParseError:
        return None
    scheme, host = parsed.scheme or "", (parsed.host or "").lower()
    if scheme not in DEFAULT_PORTS or parsed.auth is not None or len(host) > MAX_HOST:
        return None
    if not _HOST.fullmatch(host) or _DOTS.intersection(_path(url).split("/")):
        return None
    port = DEFAULT_PORTS[scheme] if parsed.port is None else parsed.port
    return Address(scheme, host, port, parsed._replace(host=host).url)


def host_of(url: str) -> str:
    """The host of an address, for messages."""
    address = read_address(url)
    return "an address that is no URL" if address is None else address.host


def _path(url: str) -> str:
    """The path as it is written: urllib3 has resolved the dots of the one that it read."""
    return url.partition("?")[0].partition("://")[2].partition("/")[2]
