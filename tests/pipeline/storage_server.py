"""A storage behind presigned URLs, on loopback, with faults to order.

It does what S3 does to a presigned PUT and GET and keeps what it saw of each request, so that
tests can check bytes and headers as they went over the wire.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

SECRET = "X-Amz-Signature=canary0123456789abcdef"
KMS_KEY = "arn:aws:kms:ap-southeast-2:000000000000:key/canary-key"


@dataclass(frozen=True, slots=True)
class Seen:
    method: str
    path: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer in place of the ordinary one; with status 0 the connection just closes."""

    status: int
    body: bytes = b""
    read_first: bool = True
    """Whether a PUT's body is read before it is answered."""
    stores: bool = False
    """Whether a PUT is stored all the same."""


def s3_error(status: int, code: str, message: str = "", **details: bool) -> Fault:
    text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Fault(status, text.encode(), **details)


@dataclass
class Storage:
    """What is stored, and what was seen."""

    address: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    """For `"<method> <path>"`, the answers to the next requests, in order."""
    on_get: Callable[[str], None] = lambda _path: None
    """Called before a GET is answered."""
    valid: Callable[[str], bool] = lambda _query: True
    """Whether a URL's query may be used; otherwise it has expired."""

    def url(self, path: str, query: str = SECRET) -> str:
        return f"{self.address}{path}?{query}"

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc

    def calls(self, method: str) -> list[str]:
        return [seen.path for seen in self.seen if seen.method == method]


@contextmanager
def storage_server() -> Iterator[Storage]:
    """A running server; it stops at the end of the block."""
    storage = Storage()
    handler = type("Handler", (_Handler,), {"storage": storage})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    storage.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield storage
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    storage: Storage

    def do_PUT(self) -> None:
        path, fault = self._begin()
        if fault and not fault.read_first:
            self.close_connection = True
            self._answer(fault.status, fault.body)
            return
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True  # the sender gave up: there is no object
            return
        if fault is None or fault.stores:
            self.storage.objects[path] = body
        if fault is None:
            self._answer(200)
        elif fault.status:
            self._answer(fault.status, fault.body)
        else:
            self.close_connection = True

    def do_GET(self) -> None:
        path, fault = self._begin()
        self.storage.on_get(path)
        if fault and fault.status:
            self._answer(fault.status, fault.body)
            return
        content = self.storage.objects.get(path)
        query = urlsplit(self.path).query
        if not self.storage.valid(query):
            expired = s3_error(403, "AccessDenied", "Request has expired")
            self._answer(403, expired.body)
        elif content is None:
            self._answer(404, s3_error(404, "NoSuchKey").body)
        else:
            self._give(content, cut_off=fault is not None)

    def _give(self, content: bytes, *, cut_off: bool) -> None:
        etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
        if self.headers.get("If-Match", etag) != etag:
            self._answer(412, s3_error(412, "PreconditionFailed").body)
            return
        asked = self.headers.get("Range")
        if asked is None:
            self._answer(200, content, ETag=etag)
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        piece = content[int(first) : int(last) + 1]
        if not piece:
            self._answer(416, s3_error(416, "InvalidRange").body)
            return
        place = f"bytes {first}-{int(first) + len(piece) - 1}/{len(content)}"
        sent = piece[: len(piece) // 2] if cut_off else piece
        self.close_connection = cut_off
        self._answer(206, sent, length=len(piece), ETag=etag, **{"Content-Range": place})

    def _begin(self) -> tuple[str, Fault | None]:
        path = urlsplit(self.path).path
        self.storage.seen.append(Seen(self.command, path, dict(self.headers)))
        faults = self.storage.faults.get(f"{self.command} {path}", [])
        return path, faults.pop(0) if faults else None

    def _answer(
        self, status: int, body: bytes = b"", *, length: int | None = None, **headers: str
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
        pass
