"""A fast stand-in for S3 on loopback: for the copies' multipart uploads, which nginx can't do.

    python -m bench.streams.endpoint DIRECTORY [--certificate FILE --key FILE] [--chunk BYTES]

It prints its port. Objects are files below the directory, read by (ranged) GET and HEAD and
written by PUT; multipart uploads are kept as one file a part. It is written for speed: a thread
for each connection, whole blocks, no checksums. It trusts every signature and is a storage for
measurements alone. Every competitor writes to this same process.
"""

import argparse
import os
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from bench.streams.request_body import (
    CRLF,
    Received,
    Request,
    Unserved,
)

UPLOADS = ".uploads"
"""Folder of the parts: `.uploads/<bucket>/<key>/<part number, 5 digits>`."""
MODIFIED = "Last-Modified: Sun, 01 Nov 2026 00:00:00 GMT"  # nobody compares it
XML = '<?xml version="1.0" encoding="UTF-8"?>'


class Connection:
    """Reads requests from a socket and answers them."""

    def __init__(self, connection: socket.socket, directory: Path) -> None:
        self._socket = connection
        self._directory = directory
        self._received = Received(connection)

    def serve(self) -> None:
        while (request := self._request()) is not None:
            try:
                self._answer_to(request)
            except Unserved as refusal:
                body = f"{XML}<Error><Code>{refusal}</Code></Error>".encode()
                self._send_head(refusal.status, len(body))
                self._socket.sendall(b"" if request.method == "HEAD" else body)
                if request.method == "PUT":
                    self._socket.shutdown(socket.SHUT_WR)
                    self._received.until_the_end()
                    return

    def _request(self) -> Request | None:
        try:
            text = self._received.until(CRLF + CRLF)
        except ConnectionError:
            return None
        first, *lines = text.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        pairs = (line.partition(":") for line in lines)
        parts = urlsplit(target)
        return Request(
            method=method,
            path=unquote(parts.path).strip("/"),
            query=parse_qs(parts.query, keep_blank_values=True),
            headers={name.strip().lower(): value.strip() for name, _, value in pairs},
        )

    def _answer_to(self, request: Request) -> None:
        answers: dict[str, Callable[[Request], None]] = {
            "GET": self._parts if "uploadId" in request.query else self._object,
            "HEAD": self._object,
            "PUT": self._put,
            "POST": self._post,
            "DELETE": self._delete,
        }
        if request.method not in answers:
            raise Unserved(405, "MethodNotAllowed")
        answers[request.method](request)

    # --- Reading ---

    def _object(self, request: Request) -> None:
        path = self._directory / request.path
        if request.method == "HEAD" and self._folder(request).is_dir():
            sizes = [part.stat().st_size for part in self._kept_parts(request)]
            self._send_head(200, sum(sizes), f'ETag: "multipart-{len(sizes)}"', MODIFIED)
            return
        if not path.is_file():
            raise Unserved(404, "NoSuchKey")
        size, etag = path.stat().st_size, _etag(path)
        if request.headers.get("if-match", etag) != etag:
            raise Unserved(412, "PreconditionFailed")
        first, last, status, place = 0, size - 1, 200, []
        wanted = request.headers.get("range", "").removeprefix("bytes=")
        if wanted:
            begin, _, end = wanted.partition("-")
            first, last, status = int(begin), min(int(end or size), size - 1), 206
            place = [f"Content-Range: bytes {first}-{last}/{size}"]
        if first > last:
            raise Unserved(416, "InvalidRange")
        described = (f"ETag: {etag}", MODIFIED, *place)
        self._send_head(status, last - first + 1, "Accept-Ranges: bytes", *described)
        if request.method == "GET":
            with path.open("rb") as file:
                self._socket.sendfile(file, first, last - first + 1)

    def _parts(self, request: Request) -> None:
        listed = "".join(
            f"<Part><PartNumber>{int(path.name)}</PartNumber><ETag>{_etag(path)}</ETag>"
            f"<Size>{path.stat().st_size}</Size></Part>"
            for path in self._kept_parts(request)
        )
        self._send_xml(
            "ListPartsResult", f"<UploadId>1</UploadId><IsTruncated>false</IsTruncated>{listed}"
        )

    # --- Writing ---

    def _put(self, request: Request) -> None:
        if "uploadId" in request.query:
            path = self._folder(request) / f"{int(request.query['partNumber'][0]):05}"
        else:
            path = self._directory / request.path
        path.parent.mkdir(parents=True, exist_ok=True)
        body = request.body(self._received)
        if request.headers.get("expect", "").lower() == "100-continue":
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        with path.open("wb", buffering=0) as file:
            while block := body.take():
                file.write(block)
        self._send_head(200, 0, f"ETag: {_etag(path)}")

    def _post(self, request: Request) -> None:
        request.body(self._received).finish()  # the list of parts, which we know
        bucket, _, key = request.path.partition("/")
        named = f"<Bucket>{bucket}</Bucket><Key>{key}</Key>"
        if "uploads" in request.query:
            self._folder(request).mkdir(parents=True, exist_ok=True)
            self._send_xml("InitiateMultipartUploadResult", f"{named}<UploadId>1</UploadId>")
        else:
            etag = f"&quot;multipart-{len(self._kept_parts(request))}&quot;"
            self._send_xml("CompleteMultipartUploadResult", f"{named}<ETag>{etag}</ETag>")

    def _delete(self, request: Request) -> None:
        for path in self._kept_parts(request):
            path.unlink()
        self._send_head(204, 0)

    def _folder(self, request: Request) -> Path:
        return self._directory / UPLOADS / request.path

    def _kept_parts(self, request: Request) -> list[Path]:
        folder = self._folder(request)
        if not folder.is_dir():
            raise Unserved(404, "NoSuchUpload")
        return sorted(folder.iterdir())

    # --- Answers ---

    def _send_xml(self, name: str, content: str) -> None:
        namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
        body = f'{XML}<{name} xmlns="{namespace}">{content}</{name}>'.encode()
        self._send_head(200, len(body), "Content-Type: application/xml")
        self._socket.sendall(body)

    def _send_head(self, status: int, length: int, *headers: str) -> None:
        lines = (f"HTTP/1.1 {status} -", f"Content-Length: {length}", *headers, "", "")
        self._socket.sendall("\r\n".join(lines).encode())


def _etag(path: Path) -> str:
    stat = path.stat()
    return f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'


def serve(directory: Path, context: ssl.SSLContext | None) -> None:
    """Listens on a free port of loopback, prints it, and serves until the process ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        print(listening.getsockname()[1], flush=True)
        while True:
            accepted, _ = listening.accept()
            threading.Thread(
                target=_serve_one, args=(accepted, directory, context), daemon=True
            ).start()


def _serve_one(accepted: socket.socket, directory: Path, context: ssl.SSLContext | None) -> None:
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        with context.wrap_socket(accepted, server_side=True) if context else accepted as secured:
            Connection(secured, directory).serve()
    except OSError as error:
        print(f"a connection ended: {error!r}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.streams.endpoint")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--certificate", type=Path)
    parser.add_argument("--key", type=Path)
    chosen = parser.parse_args()
    context = None
    if chosen.certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chosen.certificate, chosen.key)
    os.umask(0o077)
    serve(chosen.directory, context)


if __name__ == "__main__":
    main()
