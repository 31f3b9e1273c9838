"""What two parsers of URLs disagree about is called by nobody."""

import re
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3
from hypothesis import example, given, settings
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from pipeline.engines.coding_service.address import DEFAULT_PORTS, read_address
from pipeline.engines.coding_service.presigned import PresignedHosts
from pipeline.errors import AddressRefused
from tests.support.parts import examples
from tests.support.pipeline.odd_urls import ALLOWED, odd_urls

BYPASS = rf"https://evil.example.net\x.{ALLOWED}/k"
FULL = "https://b.s3.us-east-1.amazonaws.com/a%20b/%C3%A4?X-Amz-Signature=1&x=/?:@!$'()*+,;="
HOSTS = PresignedHosts((f"*.{ALLOWED}", "localhost:4566"), allow_plain_http=True)


class Dialled(Exception):
    """Ends a call where its connection would begin."""


class Pool(urllib3.PoolManager):
    """Says what would be dialled, and dials nothing."""

    def connection_from_host(
        self, host: Any, port: Any = None, scheme: Any = None, *args: Any, **more: Any
    ) -> Any:
        raise Dialled(scheme, host, port or DEFAULT_PORTS[scheme])


def _as_urllib_reads(url: str) -> tuple[object, ...] | None:
    try:
        parts = urlsplit(url)
        user, host, port = parts.username, parts.hostname, parts.port
    except ValueError:
        return None
    return parts.scheme, user, host, port, _same(parts.path), _same(parts.query), parts.fragment


def _as_urllib3_reads(url: str) -> tuple[object, ...] | None:
    try:
        parts = parse_url(url)
    except LocationParseError:
        return None
    host = parts.host and parts.host.lower()
    path, query = _same(parts.path or ""), _same(parts.query or "")
    return parts.scheme, parts.auth, host, parts.port, path, query, parts.fragment or ""


def _same(text: str) -> str:
    """RFC 3986, 2.1: the case of the digits of `%2F` means nothing."""
    return re.sub("%[0-9A-Fa-f]{2}", lambda match: match[0].upper(), text)


@settings(max_examples=examples(1_000))
@given(odd_urls())
@example(BYPASS)
@example("https://good.example\t/k")
@example("https://good.example/a/../b")
def should_refuse_whatever_two_parsers_disagree_about(url: str) -> None:
    one, other = _as_urllib_reads(url), _as_urllib3_reads(url)
    if one is None or one != other:
        assert read_address(url) is None


@settings(max_examples=examples(1_000))
@given(odd_urls())
@example(BYPASS)
@example(f"https://b.{ALLOWED}/k?X-Amz-Signature=1")
def should_dial_what_was_checked(url: str) -> None:
    try:
        checked = HOSTS.check(url)
    except AddressRefused:
        return
    with pytest.raises(Dialled) as dialled:
        Pool().request("GET", checked)
    scheme, host, port = dialled.value.args
    assert (host, port) == ("localhost", 4566) or (
        fnmatchcase(host, f"*.{ALLOWED}") and port == DEFAULT_PORTS[scheme]
    )
    assert read_address(checked) == read_address(url)


@pytest.mark.parametrize(
    "url",
    [
        BYPASS,
        "https://user@good.example/k",
        "https://:@good.example/k",
        " https://good.example/k",
        "https://good.example/k\n",
        "https://good.example/a b",
        "https://good.example/\x00",
        "https://goo\u212a.example/k",
        "https://good_one.example/k",
        "https://good%2eexample/k",
        "https://good.example./k",
        "https://.good.example/k",
        "https://[::1]/k",
        "https://good.example:/k",
        "https://good.example:0/k",
        "https://good.example:0443/k",
        "https://good.example:65536/k",
        "https://good.example:4\uff143/k",
        "https://good.example/k#there",
        "https://good.example/k?a=[1]",
        "https://good.example/%zz",
        "https://good.example/a/./b",
        "//good.example/k",
        "good.example/k",
        "ftp://good.example/k",
        f"https://{'a' * 64}.example/k",
        f"https://{'a.' * 127}example/k",
        "",
    ],
)
def should_read_no_address_when_it_is_not_plain(url: str) -> None:
    assert read_address(url) is None


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port"),
    [
        (FULL, "https", "b.s3.us-east-1.amazonaws.com", 443),
        ("HTTPS://GOOD.example", "https", "good.example", 443),
        ("https://good.example:443//k", "https", "good.example", 443),
        ("http://storage.example/k", "http", "storage.example", 80),
        ("https://localhost:4566/k", "https", "localhost", 4566),
        ("http://127.0.0.1:9000/k?x", "http", "127.0.0.1", 9000),
    ],
)
def should_read_an_address_when_it_is_plain(url: str, scheme: str, host: str, port: int) -> None:
    read = read_address(url)
    assert read is not None
    assert (read.scheme, read.host, read.port) == (scheme, host, port)
    assert read.url.lower() == url.lower()
    assert "Signature" not in repr(read)
