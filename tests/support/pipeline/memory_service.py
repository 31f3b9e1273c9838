"""A coding service in memory: the documented protocol, with failures on demand.

As a transport (`service.transport`) it answers small requests without any network. Inside
`with service.listening():` it also listens on the loopback interface and takes presigned PUTs and
GETs, so that streams are tested over real connections.
"""

import json
import threading
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pipeline.engines.coding_service.http import HttpAnswer, HttpRequest
from protocol.errors import ServiceAnswer
from protocol.messages import CreatedOperation, Model, OperationState, Topic
from protocol.real_time import MOST_CHARACTERS, MOST_RECORDS, batch_answer
from protocol.records import RECORD_ID
from protocol.statuses import OperationStatus

CLIENT_ID = "client-of-the-tests"
CLIENT_SECRET = "canary-secret-5d1c"
TOKEN_CANARY = "canary-token-"
URL_CANARY = "canary-signature-"
KMS_KEY_ARN = "arn:aws:kms:ap-southeast-2:000000000000:key/input"
MODEL_ID = "5f3c9f0e-1111-4222-8333-000000000000"
TOPIC = "anzsco"
PIECE = 1 << 20

SSE_HEADERS = {
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": KMS_KEY_ARN,
}


def a_model(
    model_id: str = MODEL_ID, fields: tuple[str, ...] = ("occp_text", "tasks_text")
) -> Model:
    return Model(
        model_id=model_id,
        model_version=1,
        model_release_date="2026-11-01T00:00:00Z",
        model_type="linear",
        input_format=fields,
        topic_standard="ANZSCO",
        topic_version="2022",
    )


@dataclass
class Operation:
    operation_id: str
    topic: str
    model: Model
    status: OperationStatus = OperationStatus.AWAITING_INPUT
    input: bytes | None = None
    output: bytes = b""
    metadata: bytes = b""
    error: str | None = None
    upload_headers: list[dict[str, str]] = field(default_factory=list)
    """Of every PUT that was tried."""


@dataclass
class StorageFault:
    """One failure of the storage behind the presigned URLs."""

    method: str
    """PUT or GET."""
    status: int = 0
    """HTTP status of the error; 0: the connection is cut instead of an answer."""
    code: str = ""
    """S3's error code, e.g. SlowDown."""
    after_bytes: int | None = None
    """PUT: read so many bytes first. GET: send so many bytes first, then cut the connection."""
    stored: bool = False
    """PUT: the object is stored although the answer is lost."""
    skip: int = 0
    """Let so many requests of the method through first."""


Failure = Callable[[], HttpAnswer]


@dataclass(repr=False)
class MemoryService:
    models: dict[str, list[Model]] = field(default_factory=lambda: {TOPIC: [a_model()]})
    codes_at_once: bool = True
    """Whether an operation is complete at the first status call after its upload."""
    token_seconds: int | None = 3600
    base_url: str = "https://coder.example"
    operations: dict[str, Operation] = field(default_factory=dict)
    batches: list[list[dict[str, str]]] = field(default_factory=list)
    """The records of each small batch that was coded."""
    alter: Callable[[list[dict[str, Any]]], Any] = field(default=lambda answers: answers)
    """What becomes of the answers to a small batch on their way."""
    calls: list[tuple[str, str]] = field(default_factory=list)
    """(method, path) of every API call that was answered, denials included."""
    authorizations: list[str] = field(default_factory=list)
    token_requests: int = 0
    tokens: set[str] = field(default_factory=set)
    """Those that are valid."""
    signatures: set[str] = field(default_factory=set)
    """Those of presigned URLs that are valid."""
    storage_faults: list[StorageFault] = field(default_factory=list)
    gives_ranges: bool = True
    """Whether the storage answers a Range with it, and not with all of the object."""
    ranges: list[str] = field(default_factory=list)
    """The Range header of every GET of a presigned URL."""
    _failures: list[tuple[str, Failure]] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    # What a test does to the service.

    def fail_next(self, path_part: str, failure: Failure, *, times: int = 1) -> None:
        """The next calls whose path holds `path_part` end with `failure` instead."""
        self._failures.extend([(path_part, failure)] * times)

    def refuse_next(self, path_part: str, row: ServiceAnswer, *, times: int = 1) -> None:
        answer = _json(row.http_status, row.to_json())
        self.fail_next(path_part, lambda: answer, times=times)

    def expire_tokens(self) -> None:
        self.tokens.clear()

    def expire_urls(self) -> None:
        self.signatures.clear()

    def finish(self, operation_id: str) -> None:
        """Codes an uploaded operation."""
        operation = self.operations[operation_id]
        operation.output = coded(operation.input or b"")
        operation.metadata = json.dumps(operation.model.to_json()).encode()
        operation.status = OperationStatus.COMPLETE

    def fail(self, operation_id: str, error: str) -> None:
        operation = self.operations[operation_id]
        operation.status, operation.error = OperationStatus.FAILED, error

    def time_out(self, operation_id: str) -> None:
        self.operations[operation_id].status = OperationStatus.TIMED_OUT

    @property
    def uploaded(self) -> list[Operation]:
        """Operations that received bytes that count."""
        return [each for each in self.operations.values() if each.input is not None]

    # The API, without a network.

    def transport(self, request: HttpRequest) -> HttpAnswer:
        with self._lock:
            path = urlsplit(request.url).path
            for index, (path_part, failure) in enumerate(self._failures):
                if path_part in path:
                    del self._failures[index]
                    self.calls.append((request.method, path))
                    return failure()
            if path == "/oauth2/token":
                return self._token(request)
            self.calls.append((request.method, path))
            self.authorizations.append(request.headers.get("Authorization", ""))
            if request.headers.get("Authorization") not in self.tokens:
                return _refusal(ServiceAnswer.DENIED)
            return self._api(request.method, path.strip("/").split("/"), request.body)

    def _token(self, request: HttpRequest) -> HttpAnswer:
        self.token_requests += 1
        basic = b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {basic}":
            return _json(400, {"error": "invalid_client"})
        token = f"{TOKEN_CANARY}{self.token_requests}"
        self.tokens.add(token)
        body: dict[str, Any] = {"access_token": token, "token_type": "Bearer"}
        if self.token_seconds is not None:
            body["expires_in"] = self.token_seconds
        return _json(200, body)

    def _api(self, method: str, path: list[str], body: bytes | None) -> HttpAnswer:  # noqa: PLR0911  a path each
        match [method, *path]:
            case ["GET", "v1", "topics"]:
                return _json(200, [Topic(each, each.upper()).to_json() for each in self.models])
            case ["GET", "v1", "topics", topic, "batch-code", "operations", operation_id]:
                return self._operation(operation_id)
            case ["GET", "v1", "topics", topic, "models", *rest]:
                return self._models(topic, rest)
            case ["POST", "v1", "topics", topic, "batch-code"]:
                return self._create(topic, None)
            case ["POST", "v1", "topics", topic, "models", model_id, "batch-code"]:
                return self._create(topic, model_id)
            case ["POST", "v1", "topics", topic, "models", model_id, "code"]:
                return self._code(json.loads(body or b"{}"))
        return _json(404, {"message": "Not Found"})

    def _models(self, topic: str, rest: list[str]) -> HttpAnswer:
        if topic not in self.models:
            return _refusal(ServiceAnswer.TOPIC_UNKNOWN)
        if not self.models[topic]:
            return _refusal(ServiceAnswer.NO_MODELS)
        if rest == ["latest"]:
            return _json(200, self.models[topic][-1].to_json())
        return _json(200, [model.to_json() for model in self.models[topic]])

    def _create(self, topic: str, model_id: str | None) -> HttpAnswer:
        if topic not in self.models:
            return _refusal(ServiceAnswer.TOPIC_UNKNOWN)
        candidates = [m for m in self.models[topic] if model_id in (None, m.model_id)]
        if not candidates:
            return _refusal(ServiceAnswer.MODEL_UNKNOWN)
        operation = Operation(str(uuid.uuid4()), topic, candidates[-1])
        self.operations[operation.operation_id] = operation
        created = CreatedOperation(
            operation_id=operation.operation_id,
            request_upload_url=self._presigned(f"input/{operation.operation_id}"),
            bucket_kms_key_arn=KMS_KEY_ARN,
        )
        return _json(200, created.to_json())

    def _code(self, asked: dict[str, Any]) -> HttpAnswer:
        """A small batch, as strictly as the guide lets a service be."""
        if not self.codes_at_once:
            return _refusal(ServiceAnswer.LIMIT_EXCEEDED)
        records: list[dict[str, str]] = asked["records"]
        texts = ["".join(t for n, t in each.items() if n != RECORD_ID) for each in records]
        if len(records) > MOST_RECORDS or not all(t.isascii() for t in texts):
            return _refusal(ServiceAnswer.INVALID_BODY)
        if any(len(text) > MOST_CHARACTERS or not f"{text}.".isprintable() for text in texts):
            return _refusal(ServiceAnswer.MALFORMED_RECORD)
        self.batches.append(records)
        lines = coded(b"\n".join(json.dumps(each).encode() for each in records)).splitlines()
        answers = [
            batch_answer(record, json.loads(line))
            for record, line in zip(records, lines, strict=True)
        ]
        return _json(200, self.alter(answers))

    def _operation(self, operation_id: str) -> HttpAnswer:
        operation = self.operations.get(operation_id)
        if operation is None:
            return _refusal(ServiceAnswer.OPERATION_UNKNOWN)
        if operation.status is OperationStatus.IN_PROGRESS and self.codes_at_once:
            self.finish(operation_id)
        complete = operation.status is OperationStatus.COMPLETE
        state = OperationState(
            status=operation.status,
            response_download_url=self._presigned(f"output/{operation_id}") if complete else None,
            metadata_download_url=self._presigned(f"metadata/{operation_id}") if complete else None,
            error=operation.error,
        )
        return _json(200, state.to_json())

    def _presigned(self, path: str) -> str:
        signature = f"{URL_CANARY}{uuid.uuid4().hex}"
        self.signatures.add(signature)
        return f"{self.base_url}/storage/{path}?X-Amz-Expires=3600&X-Amz-Signature={signature}"

    # The storage, over real connections.

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Listens on the loopback interface; gives the address in front of `/v1`."""
        service = self

        class Connection(_Connection):
            owner = service

        server = ThreadingHTTPServer(("127.0.0.1", 0), Connection)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        before, self.base_url = self.base_url, f"http://127.0.0.1:{server.server_port}"
        try:
            yield self.base_url
        finally:
            self.base_url = before
            server.shutdown()
            thread.join()
            server.server_close()

    def take_fault(self, method: str) -> StorageFault | None:
        with self._lock:
            for fault in self.storage_faults:
                if fault.method == method:
                    if fault.skip:
                        fault.skip -= 1
                        return None
                    self.storage_faults.remove(fault)
                    return fault
        return None


class _Connection(BaseHTTPRequestHandler):
    owner: MemoryService
    protocol_version = "HTTP/1.1"
    timeout = 5  # seconds without a byte: keep-alive connections of finished tests end

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's name
        return

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._api(body)

    def do_GET(self) -> None:
        if self.path.startswith("/storage/"):
            self._download()
        else:
            self._api(None)

    def do_PUT(self) -> None:
        operation = self._stored_operation("input")
        if operation is None:
            return
        operation.upload_headers.append({k.lower(): v for k, v in self.headers.items()})
        length = int(self.headers.get("Content-Length", -1))
        if length < 0:
            self._storage_error(501, "NotImplemented")
        elif any(self.headers.get(name) != value for name, value in SSE_HEADERS.items()):
            self._storage_error(403, "SignatureDoesNotMatch")
            self._body(length)
        else:
            self._take(operation, length)

    def _take(self, operation: Operation, length: int) -> None:
        fault = self.owner.take_fault("PUT")
        if fault is not None and not fault.stored:
            read = len(self._body(min(length, fault.after_bytes or 0)))
            self._fail(fault)
            if fault.status:  # let the sender finish, or its system may lose the answer
                self._body(length - read)
            return
        body = self._body(length)
        if len(body) < length:  # the sender gave up: S3 makes no object of half a body
            self.close_connection = True
            return
        operation.input = body
        operation.status = OperationStatus.IN_PROGRESS
        if fault is not None:
            self._fail(fault)
        else:
            self._send(200, b"")

    def _body(self, length: int) -> bytes:
        body = bytearray()
        try:
            while len(body) < length:
                piece = self.rfile.read(min(PIECE, length - len(body)))
                if not piece:
                    break
                body += piece
        except OSError:
            pass
        return bytes(body)

    def _download(self) -> None:
        kind = "metadata" if "/metadata/" in self.path else "output"
        operation = self._stored_operation(kind)
        if operation is None:
            return None
        content = operation.metadata if kind == "metadata" else operation.output
        etag = f'"{md5(content, usedforsecurity=False).hexdigest()}"'
        wanted = self.headers.get("Range")
        self.owner.ranges.append(wanted or "")
        if self.headers.get("If-Match", etag) != etag:
            return self._storage_error(412, "PreconditionFailed")
        fault = self.owner.take_fault("GET")
        if fault is not None and fault.status:
            return self._fail(fault)
        headers = {"ETag": etag, "Accept-Ranges": "bytes"}
        status, body = 200, content
        if wanted is not None and self.owner.gives_ranges:
            first_text, _, last_text = wanted.removeprefix("bytes=").partition("-")
            first, last = int(first_text), int(last_text or len(content) - 1)
            if first >= len(content):
                return self._storage_error(416, "InvalidRange")
            last = min(last, len(content) - 1)
            status, body = 206, content[first : last + 1]
            headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        self._send(status, body, headers, None if fault is None else fault.after_bytes or 0)
        return None

    def _stored_operation(self, kind: str) -> Operation | None:
        parts = urlsplit(self.path)
        signature = parse_qs(parts.query).get("X-Amz-Signature", [""])[0]
        if signature not in self.owner.signatures:
            self._storage_error(403, "AccessDenied", "Request has expired")
            return None
        operation = self.owner.operations.get(parts.path.removeprefix(f"/storage/{kind}/"))
        if operation is None:
            self._storage_error(404, "NoSuchKey")
        return operation

    def _fail(self, fault: StorageFault) -> None:
        self.close_connection = True
        if fault.status:
            self._storage_error(fault.status, fault.code)

    def _storage_error(self, status: int, code: str, message: str = "") -> None:
        self.close_connection = True
        xml = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
        self._send(status, xml.encode(), {"Connection": "close"})

    def _api(self, body: bytes | None) -> None:
        request = HttpRequest(
            self.command, f"{self.owner.base_url}{self.path}", dict(self.headers.items()), body
        )
        answer = self.owner.transport(request)
        self._send(answer.status, answer.body, {"Content-Type": "application/json"})

    def _send(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
        cut_after: int | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if cut_after is None else body[:cut_after])
        if cut_after is not None:
            self.close_connection = True


def coded(content: bytes) -> bytes:
    """The documented output for an input: a result for a known word, else suggestions, of which
    there are none where there is no text."""
    lines = []
    for line in content.split(b"\n"):
        if not line.strip():
            continue
        record = json.loads(line)
        code = {"codeCategory": "234111", "codeLabel": "Scientist", "codeConfidence": 0.9}
        answer: dict[str, Any] = {"recordId": record.get(RECORD_ID, "")}
        if not any(text.strip() for name, text in record.items() if name != RECORD_ID):
            answer["suggestions"] = []
        elif "unsure" in record["occp_text"]:
            answer["suggestions"] = [{**code, "codeConfidence": 0.3}]
        else:
            answer["result"] = code
        lines.append(json.dumps(answer, ensure_ascii=False) + "\n")
    return "".join(lines).encode("utf-8", "surrogatepass")


def _json(status: int, body: Any) -> HttpAnswer:
    return HttpAnswer(status, json.dumps(body).encode())


def _refusal(row: ServiceAnswer) -> HttpAnswer:
    return _json(row.http_status, row.to_json())
