"""The connections of the service that fails on demand: HTTP, and how it breaks."""

import gzip
import json
import socket
import struct
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.faults.faults import Call, Kind
from tests.support.faults.service import (
    KEY_ARN,
    LONG,
    SECRET,
    SPOILT_LISTS,
    FaultyService,
    Operation,
    etag,
    refusal,
    spoilt,
    spoilt_list,
)

HANGS_SECONDS = 20  # longer than any row's patience; the test's end lets go before
PAGE = b"<html><body><h1>Something is wrong</h1></body></html>"
ELSEWHERE = "https://elsewhere.example/storage?X-Amz-Signature=" + SECRET
NOTHING_DONE = {Kind.HANG, Kind.DROP_BEFORE}
PAGES = {Kind.UNAVAILABLE: 503, Kind.BAD_GATEWAY: 502}
S3_ERRORS = {
    Kind.ERROR: (500, "InternalError", "We encountered an internal error"),
    Kind.THROTTLE: (503, "SlowDown", "Please reduce your request rate."),
    Kind.DENIED: (403, "AccessDenied", "Access Denied"),
    Kind.SIGNATURE: (403, "SignatureDoesNotMatch", "Check your key and signing method"),
    Kind.TOO_LARGE: (400, "EntityTooLarge", "Your proposed upload exceeds the maximum"),
    Kind.EXPIRED: (403, "AccessDenied", "Request has expired"),
    Kind.REQUEST_TIMEOUT: (400, "RequestTimeout", "Your socket connection was not read from"),
    Kind.UNKNOWN: (404, "NoSuchKey", "The specified key does not exist."),
}
S3_ERRORS[Kind.HALF_ERROR] = S3_ERRORS[Kind.THROTTLE]
S3_ERRORS[Kind.GZIP_EXPIRED] = S3_ERRORS[Kind.EXPIRED]
SPOILT_FILES = {
    *(Kind.LINES_LOST, Kind.LINES_ADDED, Kind.SHUFFLED, Kind.OTHER_IDS, Kind.TRUNCATED),
    *(Kind.BAD_JSON, Kind.HTML, Kind.EMPTY, Kind.WRONG_JSON, Kind.LONG_ID),
}


class Connection(BaseHTTPRequestHandler):
    """One connection; `service` is set by `FaultyService.listening`."""

    service: FaultyService
    protocol_version = "HTTP/1.1"
    timeout = 5  # seconds without a byte
    sent = b""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
        return

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        self.sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        calls = {"token": Call.TOKEN, "code": Call.CODE}
        self._api(calls.get(path.rpartition("/")[2], Call.CREATE), path)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/storage/"):
            self._download(path)
        elif path == "/v1/topics":
            self._send(*_encoded(self.service.api("GET", ["v1", "topics"], self._token)))
        else:
            self._api(Call.STATUS if "/operations/" in path else Call.MODELS, path)

    @property
    def _token(self) -> str:
        return str(self.headers.get("Authorization", ""))

    # The API.

    def _api(self, call: Call, path: str) -> None:
        kind = self.service.fault_of(call)
        if kind in NOTHING_DONE:
            self._break_off(kind)
        elif kind in PAGES:
            self._send(PAGES[kind], PAGE)
        elif kind is Kind.REDIRECT:
            self._send(302, b"", {"Location": ELSEWHERE})
        elif kind is not None and (refused := _refused(kind)):
            self._send(*_encoded(refused))
        else:
            if kind is Kind.REVOKED:
                self.service.revoke_tokens()
            self._answer(self._done(call, path), kind)

    def _done(self, call: Call, path: str) -> tuple[int, Any]:
        if call is Call.TOKEN:
            return self.service.token(self._token)
        return self.service.api(self.command, path.strip("/").split("/"), self._token, self.sent)

    def _answer(self, done: tuple[int, Any], kind: Kind | None) -> None:
        status, body = _encoded(done)
        if kind in (Kind.DROP_AFTER, Kind.HANG_AFTER):
            self._break_off(kind)
        elif kind is Kind.RESET:
            self._half(status, body)
        elif kind is Kind.SHORT:
            self._send(status, body[:-5], {"Connection": "close"}, length=len(body))
        elif kind is Kind.GZIP:
            self._send(status, gzip.compress(body), {"Content-Encoding": "gzip"})
        elif kind is Kind.BAD_GZIP:
            self._send(status, body, {"Content-Encoding": "gzip"})
        else:
            self._send(status, _spoilt_json(done[1], body, kind))

    # The storage.

    def _stored(self, kind: str) -> Operation | None:
        parts = urlsplit(self.path)
        signature = parse_qs(parts.query).get("X-Amz-Signature", [""])[0]
        operation = self.service.operation(parts.path.rpartition("/")[2])
        if operation is None or f"/{kind}/" not in parts.path or not self.service.may(signature):
            self._s3_error(Kind.EXPIRED)
            return None
        return operation

    def do_PUT(self) -> None:
        kind = self.service.fault_of(Call.PUT)
        length = int(self.headers["Content-Length"])
        if kind in (Kind.DROP_BEFORE, Kind.RESET):
            self.rfile.read(length // 2 if kind is Kind.RESET else 0)
            self._reset()
            return
        body = self.rfile.read(length)
        operation = self._stored("input")
        if operation is None or len(body) < length or self._storage_fails(kind):
            return
        if not self._has_the_signed_headers():
            self._s3_error(Kind.SIGNATURE)
            return
        if kind not in (Kind.LOSES_INPUT, Kind.HTML):
            self.service.store(operation, body)
        if kind in (Kind.DROP_AFTER, Kind.HANG_AFTER):
            self._break_off(kind)
        elif kind in (Kind.GZIP, Kind.BAD_GZIP):
            said = gzip.compress(b"") if kind is Kind.GZIP else PAGE
            self._send(200, said, {"Content-Encoding": "gzip"})
        else:
            self._send(200, PAGE if kind is Kind.HTML else b"")

    def _storage_fails(self, kind: Kind | None) -> bool:
        """Whether the fault is an answer, or none, in place of the right one; it has been given."""
        if kind in NOTHING_DONE:
            self._break_off(kind)
        elif kind in S3_ERRORS:
            self._s3_error(kind)
        elif kind in PAGES:
            self._send(PAGES[kind], PAGE)
        elif kind is Kind.QUOTA:
            self._send(*_encoded(refusal(kind)))
        elif kind is Kind.REDIRECT:
            self._send(307, b"", {"Location": ELSEWHERE})
        else:
            return False
        return True

    def _has_the_signed_headers(self) -> bool:
        sent = {n.lower(): v for n, v in self.headers.items() if n.lower().startswith("x-amz-")}
        return sent == {
            "x-amz-server-side-encryption": "aws:kms",
            "x-amz-server-side-encryption-aws-kms-key-id": KEY_ARN,
        }

    def _download(self, path: str) -> None:
        name = path.split("/")[2]
        kind = self.service.fault_of(Call.OUTPUT if name == "output" else Call.METADATA)
        operation = self._stored(name)
        if operation is None or self._storage_fails(kind):
            return
        content, tag = self.service.file(name, operation)
        if kind in SPOILT_FILES:
            content = spoilt(content, kind)
            tag = etag(content)
        self._file(content, tag, kind)

    def _file(self, content: bytes, tag: str, kind: Kind | None) -> None:
        if kind is Kind.CHANGED_ETAG:
            content = content.replace(b"0.98", b"0.97")
            tag = etag(content)
        if self.headers.get("If-Match", tag) != tag and kind is not Kind.WHOLE:
            return self._s3_error(Kind.UNKNOWN, 412, "PreconditionFailed")
        headers = {"Accept-Ranges": "bytes"} | ({} if kind is Kind.NO_ETAG else {"ETag": tag})
        wanted = self.headers.get("Range")
        if wanted is None or kind is Kind.WHOLE:
            return self._send(200, content, headers)
        first_text, _, last_text = wanted.removeprefix("bytes=").partition("-")
        first, last = int(first_text), min(int(last_text), len(content) - 1)
        if first >= len(content):
            return self._s3_error(Kind.UNKNOWN, 416, "InvalidRange")
        if kind is Kind.WRONG_RANGE:
            first += 1
        if kind is not Kind.NO_RANGE:
            headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        body = content[first : last + 1]
        return self._range(body, headers, kind)

    def _range(self, body: bytes, headers: dict[str, str], kind: Kind | None) -> None:
        if kind is Kind.RESET:
            self._half(206, body, headers)
            return
        if kind is Kind.SHORT:
            body = body[:-5]
        if kind in (Kind.GZIP, Kind.BAD_GZIP):
            body = gzip.compress(body) if kind is Kind.GZIP else body
            headers["Content-Encoding"] = "gzip"
        self._send(206, body, headers)
        if kind in (Kind.DROP_AFTER, Kind.HANG_AFTER):
            self._break_off(kind)

    # The wire.

    def _send(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
        length: int | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def _s3_error(self, kind: Kind, status: int = 0, code: str = "") -> None:
        known, name, message = S3_ERRORS[kind]
        text = f"<Error><Code>{code or name}</Code><Message>{message}</Message></Error>"
        body, headers = f'<?xml version="1.0"?>\n{text}'.encode(), {}
        if kind is Kind.HALF_ERROR:
            body = body[: body.index(b"</Code>")]
        if kind is Kind.GZIP_EXPIRED:
            body, headers = gzip.compress(body), {"Content-Encoding": "gzip"}
        self._send(status or known, body, headers)

    def _half(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        self._reset()

    def _break_off(self, kind: Kind) -> None:
        if kind in (Kind.HANG, Kind.HANG_AFTER):
            self.service.let_go.wait(HANGS_SECONDS)
        self._reset()

    def _reset(self) -> None:
        """Ends the connection with a TCP reset."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()


def _refused(kind: Kind) -> tuple[int, Any] | None:
    try:
        return refusal(kind)
    except KeyError:
        return None


def _encoded(answer: tuple[int, Any]) -> tuple[int, bytes]:
    return answer[0], json.dumps(answer[1]).encode()


def _spoilt_json(message: Any, body: bytes, kind: Kind | None) -> bytes:
    """The body of an answer, spoilt as a whole or in some members."""
    if isinstance(message, list) and kind in SPOILT_LISTS:
        return json.dumps(spoilt_list(message, kind)).encode()
    changes: dict[Kind | None, dict[str, Any]] = {
        Kind.FOREIGN_HOST: dict.fromkeys(_urls_of(message), ELSEWHERE),
        Kind.FOREIGN_METADATA: {"metadataDownloadUrl": ELSEWHERE},
        Kind.PLAIN_FTP: dict.fromkeys(_urls_of(message), ELSEWHERE.replace("https", "ftp")),
        Kind.EXPIRED_URL: {name: f"{message[name]}-old" for name in _urls_of(message)},
        Kind.LONG_ID: {"operationId": "7" * LONG, "modelId": "7" * LONG},
        Kind.NO_URL: dict.fromkeys(_urls_of(message)),
        Kind.ODD_STATUS: {"operationStatus": "sleeping"},
        Kind.PENDING: {"operationStatus": "in_progress"},
        Kind.FAILED: {"operationStatus": "failed", "error": f"line 3 is odd ({ELSEWHERE})"},
    }
    whole = {
        None: body,
        Kind.REVOKED: body,
        Kind.BAD_JSON: body[: len(body) // 2],
        Kind.EMPTY: b"",
        Kind.HTML: PAGE,
        Kind.WRONG_JSON: b'{"something": ["else"]}',
        Kind.TOO_LONG: b'"' + b"x" * (2 << 20) + b'"',
    }
    return whole[kind] if kind in whole else json.dumps({**message, **changes[kind]}).encode()


def _urls_of(message: Any) -> list[str]:
    return [name for name in message if name.endswith("Url")] if isinstance(message, dict) else []
