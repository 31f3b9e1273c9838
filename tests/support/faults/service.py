"""A coding service that fails on demand, written from the protocol alone.

It shares no code with CodingService or with Pipeline: what both misunderstand alike, it shows. Time
is the test's. Presigned URLs, the token and the client's secret hold `SECRET`, and what is sent of
the client is `BASIC`, so that a search for both finds each of them.
"""

import json
import random
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from http.server import ThreadingHTTPServer
from typing import Any

from tests.support.faults.faults import Call, Fault, Kind

SECRET = "canary-7f3a91"
CLIENT_ID, CLIENT_SECRET = "client-of-the-faults", f"secret-{SECRET}"
BASIC = b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
KEY_ARN = "arn:aws:kms:ap-southeast-2:000000000000:key/faults"
TOPIC = "anzsco"
MODEL = {
    "modelId": "0b51f9c7-2222-4333-8444-000000000000",
    "modelVersion": 3,
    "modelReleaseDate": "2026-10-01T00:00:00Z",
    "modelType": "hsvm",
    "inputFormat": ["occp_text", "tasks_text"],
    "topicStandard": "ANZSCO",
    "topicVersion": "2022 Australian Update",
}
LONG = 300_000  # characters: more than a state holds
URL_SECONDS = TOKEN_SECONDS = 3_600
INPUT_SECONDS = 1_800  # an operation waits so long for its input
CHECKS_UNTIL_COMPLETE = 2


@dataclass
class Operation:
    """What the service knows of an operation."""

    number: int
    created_at: float
    input: bytes | None = None
    uploads: int = 0
    """That counted."""
    checks: int = 0
    """Since the input came."""
    output: tuple[bytes, str] | None = None
    """With its ETag, once it has been asked for."""

    @property
    def operation_id(self) -> str:
        return f"00000000-0000-4000-8000-{self.number:012}"


@dataclass
class FaultyService:
    """The service's state; `tests.support.faults.connection` speaks for it."""

    faults: list[Fault]
    now: Callable[[], float]
    padding: int = 0
    """Characters of each code's label: makes the output large."""
    operations: list[Operation] = field(default_factory=list)
    counted: int = 0
    """Uploads that an operation was coded of, or would be."""
    fired: int = 0
    """How often a fault has happened."""
    broken: list[BaseException] = field(default_factory=list)
    """What went wrong in the double itself."""
    url: str = ""
    let_go: threading.Event = field(default_factory=threading.Event)
    """Set at the end: what hangs then ends."""
    _tokens: dict[str, float] = field(default_factory=dict)
    _signatures: dict[str, float] = field(default_factory=dict)
    _met: dict[int, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fault_of(self, call: Call) -> Kind | None:
        """What goes wrong with the call."""
        with self._lock:
            for number, fault in enumerate(self.faults):
                if fault.call is call:
                    met = self._met[number] = self._met.get(number, 0) + 1
                    if fault.skip < met <= fault.skip + fault.times:
                        self.fired += 1
                        return fault.kind
        return None

    # The API: a status and a JSON body.

    def token(self, authorization: str) -> tuple[int, Any]:
        if authorization != f"Basic {BASIC}":
            return 400, {"error": "invalid_client"}
        token = f"token-{SECRET}-{len(self._tokens)}"
        self._tokens[token] = self.now() + TOKEN_SECONDS
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}

    def api(
        self, method: str, path: list[str], authorization: str, body: bytes = b""
    ) -> tuple[int, Any]:
        if self._tokens.get(authorization, 0) < self.now():
            return refusal(Kind.DENIED)
        answer: tuple[int, Any] = (404, {"message": "Not Found"})
        match [method, *path]:
            case ["GET", "v1", "topics"]:
                answer = 200, [{"uriName": TOPIC, "fullName": "Occupations"}]
            case ["GET", "v1", "topics", topic, *_] if topic != TOPIC:
                answer = refusal(Kind.TOPIC_UNKNOWN)
            case ["GET", "v1", "topics", _, "models", "latest"]:
                answer = 200, MODEL
            case ["POST", "v1", "topics", _, "batch-code"]:
                answer = 200, self._created()
            case ["POST", "v1", "topics", _, "models", _, "code"]:
                answer = 200, [self._at_once(record) for record in json.loads(body)["records"]]
            case ["GET", "v1", "topics", _, "batch-code", "operations", operation_id]:
                answer = self._status(operation_id)
        return answer

    def revoke_tokens(self) -> None:
        """Takes none any more of those that it gave out."""
        self._tokens = dict.fromkeys(self._tokens, 0.0)

    def _created(self) -> dict[str, Any]:
        operation = Operation(len(self.operations) + 1, self.now())
        self.operations.append(operation)
        return {
            "requestUploadUrl": self._presigned("input", operation),
            "operationId": operation.operation_id,
            "bucketKmsKeyArn": KEY_ARN,
        }

    def _at_once(self, record: dict[str, str]) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(coded(json.dumps(record).encode(), self.padding))
        status = "successful" if "result" in answer else "unsuccessful"
        texts = {name: text for name, text in record.items() if name != "recordId"}
        return {**answer, "codeStatus": status, "input": texts}

    def _status(self, operation_id: str) -> tuple[int, Any]:
        operation = self.operation(operation_id)
        if operation is None:
            return refusal(Kind.UNKNOWN)
        if operation.input is None:
            late = self.now() > operation.created_at + INPUT_SECONDS
            return 200, {"operationStatus": "timed_out" if late else "awaiting_input"}
        operation.checks += 1
        if operation.checks < CHECKS_UNTIL_COMPLETE:
            return 200, {"operationStatus": "in_progress"}
        return 200, {
            "operationStatus": "complete",
            "responseDownloadUrl": self._presigned("output", operation),
            "metadataDownloadUrl": self._presigned("metadata", operation),
        }

    def operation(self, operation_id: str) -> Operation | None:
        return next((o for o in self.operations if o.operation_id == operation_id), None)

    # The storage.

    def _presigned(self, kind: str, operation: Operation) -> str:
        signature = f"{SECRET}{len(self._signatures):06}"
        self._signatures[signature] = self.now() + URL_SECONDS
        return (
            f"{self.url}/storage/{kind}/{operation.operation_id}"
            f"?X-Amz-Expires={URL_SECONDS}&X-Amz-Signature={signature}"
        )

    def may(self, signature: str) -> bool:
        return self._signatures.get(signature, 0) >= self.now()

    def store(self, operation: Operation, body: bytes) -> None:
        operation.input = body
        operation.uploads += 1
        self.counted += 1

    def file(self, kind: str, operation: Operation) -> tuple[bytes, str]:
        """A result file and its ETag."""
        if kind == "metadata":
            content = json.dumps(MODEL).encode()
            return content, etag(content)
        if operation.output is None:
            lines = (operation.input or b"").splitlines()
            output = b"".join(coded(line, self.padding) for line in lines)
            operation.output = output, etag(output)
        return operation.output

    def _note_error(self, *_: object) -> None:
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, OSError):  # callers hang up
            self.broken.append(error)

    @contextmanager
    def listening(self, connection: type[Any]) -> Iterator[str]:
        """Listens on the loopback interface; gives the address in front of `/v1`."""
        bound = type("Bound", (connection,), {"service": self})
        server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
        server.daemon_threads = True
        server.handle_error = self._note_error  # type: ignore[method-assign, assignment]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self.url
        finally:
            self.let_go.set()
            server.shutdown()
            thread.join()
            server.server_close()


def refusal(kind: Kind) -> tuple[int, Any]:
    """The service's documented refusals."""
    status, text = {
        Kind.ERROR: (500, "Error performing request"),
        Kind.NO_MODELS: (500, "No models found for topic"),
        Kind.THROTTLE: (429, "Too Many Requests"),
        Kind.QUOTA: (429, "Limit Exceeded"),
        Kind.DENIED: (
            403,
            "User is not authorized to access this resource with an explicit deny",
        ),
        Kind.NOT_YOURS: (401, "User is not authorised to retrieve operation GUID"),
        Kind.UNKNOWN: (404, "Unable to retrieve operation for given id"),
        Kind.TOPIC_UNKNOWN: (404, "The specified topic does not exist"),
        Kind.BAD_REQUEST: (400, "Invalid request body"),
        Kind.LEAK: (400, f"cannot write https://b.s3.aws/k?X-Amz-Signature={SECRET}"),
    }[kind]
    return status, {"message": text}


def coded(line: bytes, padding: int = 0) -> bytes:
    """The output of a line, with the slips of the documented samples."""
    record = json.loads(line)
    label = record["occp_text"].title() + "." * padding
    if len(record["occp_text"]) % 2:
        code = {"codeCategory": "261313", " codeLabel": label, "codeConfidence": 0.98}
        return json.dumps({"recordId": record["recordId"], "result": code}).encode() + b"\n"
    code = {"codeCategory": "411111", "codeLabel": label, "codeConfidence": 0.26}
    return json.dumps({"id": record["recordId"], "suggestions": [code]}).encode() + b"\n"


def etag(content: bytes) -> str:
    return f'"{md5(content, usedforsecurity=False).hexdigest()}"'


def spoilt(content: bytes, kind: Kind) -> bytes:
    """An output that has been spoilt as a whole, as a storage would give it."""
    lines = content.splitlines(keepends=True)
    match kind:
        case Kind.LINES_LOST:
            lines = lines[:3] + lines[5:]
        case Kind.LINES_ADDED:
            lines += lines[-1:]
        case Kind.SHUFFLED:
            random.Random(7).shuffle(lines)  # noqa: S311  no secret
        case Kind.OTHER_IDS:
            lines = [line.replace(b'"r', b'"q') for line in lines]
        case Kind.BAD_JSON:
            lines[min(2, len(lines) - 1)] = b"{half a line\n"
        case _:
            return _another(content)[kind]
    return b"".join(lines)


SPOILT_LISTS = frozenset({Kind.LINES_LOST, Kind.LINES_ADDED, Kind.SHUFFLED, Kind.OTHER_IDS})


def spoilt_list(answers: list[dict[str, Any]], kind: Kind) -> list[dict[str, Any]]:
    """The answers to a small batch, spoilt as the lines of an output are."""
    lines = b"".join(json.dumps(each).encode() + b"\n" for each in answers)
    if kind is Kind.OTHER_IDS:
        return [{**each, "recordId": "q", "id": "q"} for each in answers]
    return [json.loads(line) for line in spoilt(lines, kind).splitlines()]


def _another(content: bytes) -> dict[Kind, bytes]:
    """What comes in place of a file."""
    return {
        Kind.TRUNCATED: content[: len(content) // 2 - 7],
        Kind.HTML: b"<html><body>Welcome</body></html>",
        Kind.EMPTY: b"",
        Kind.WRONG_JSON: b"[]\n",
        Kind.LONG_ID: json.dumps({**MODEL, "modelId": "7" * LONG}).encode(),
    }
