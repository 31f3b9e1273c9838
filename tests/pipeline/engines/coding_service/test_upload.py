import json
import socket
from collections.abc import Iterator
from threading import Thread

import pytest
import urllib3

from pipeline.engines.base import OutOfTime, StorageAnswer, StorageOutcome, UploadBody
from pipeline.engines.coding_service.http import HttpRequest
from pipeline.engines.coding_service.presigned import LOST, PresignedHosts, Uploader, presigned_pool
from pipeline.errors import AddressRefused
from protocol.messages import CreatedOperation
from tests.support.pipeline.memory_service import (
    KMS_KEY_ARN,
    TOPIC,
    URL_CANARY,
    MemoryService,
    StorageFault,
)

BLOCK = b"x" * (3 << 20)


@pytest.fixture
def memory() -> Iterator[MemoryService]:
    ready = MemoryService(tokens={"token"})
    with ready.listening():
        yield ready


@pytest.fixture
def uploader(memory: MemoryService) -> Iterator[Uploader]:
    with presigned_pool(None) as pool:
        yield Uploader(pool, PresignedHosts((_host(memory),), allow_plain_http=True))


def _host(memory: MemoryService) -> str:
    return memory.base_url.removeprefix("http://")


def _operation(memory: MemoryService) -> CreatedOperation:
    address = f"{memory.base_url}/v1/topics/{TOPIC}/batch-code"
    answer = memory.transport(HttpRequest("POST", address, {"Authorization": "token"}))
    return CreatedOperation.from_json(json.loads(answer.body))


def _stored(memory: MemoryService) -> list[bytes | None]:
    return [operation.input for operation in memory.uploaded]


def _body(*blocks: bytes, length: int | None = None) -> UploadBody:
    return UploadBody(
        iter(blocks),
        sum(map(len, blocks)) if length is None else length,
        before_last=lambda: None,
        has_time=lambda: True,
    )


def should_store_the_same_bytes_when_they_come_in_blocks(
    uploader: Uploader, memory: MemoryService
) -> None:
    answer = uploader.put(_operation(memory), _body(b"one\n", BLOCK, b"two\n"))

    assert answer.outcome is StorageOutcome.DONE
    assert _stored(memory) == [b"one\n" + BLOCK + b"two\n"]


class RawStorage:
    """Takes one PUT as bytes off the wire, and answers that it is stored."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.place = "127.0.0.1:{1}".format(*self._listening.getsockname())
        self.head: list[str] = []
        self.body = b""

    def serve(self) -> None:
        with self._listening, self._listening.accept()[0] as connection:
            stream = connection.makefile("rb")
            while line := stream.readline().rstrip(b"\r\n"):
                self.head.append(line.decode())
            length = next(int(line.split(":")[1]) for line in self.head if "length" in line.lower())
            self.body = stream.read(length)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            self.body += stream.read()  # until the other side closes: nothing may follow


def should_put_exactly_the_documented_headers_and_the_file_on_the_wire() -> None:
    storage = RawStorage()
    serving = Thread(target=storage.serve, daemon=True)
    serving.start()
    operation = CreatedOperation("op-1", f"http://{storage.place}/input?sig=1", KMS_KEY_ARN)
    with presigned_pool(None) as pool:
        hosts = PresignedHosts((storage.place,), allow_plain_http=True)
        answer = Uploader(pool, hosts).put(operation, _body(b"one\n", BLOCK))
    serving.join()

    assert answer.outcome is StorageOutcome.DONE
    assert storage.head[0] == "PUT /input?sig=1 HTTP/1.1"
    assert sorted(storage.head[1:]) == [
        f"Content-Length: {4 + len(BLOCK)}",
        f"Host: {storage.place}",
        "x-amz-server-side-encryption-aws-kms-key-id: " + KMS_KEY_ARN,
        "x-amz-server-side-encryption: aws:kms",
    ]
    assert storage.body == b"one\n" + BLOCK


@pytest.mark.parametrize("error", [ValueError("a fault"), OutOfTime()])
def should_leave_no_object_when_the_body_ends_by_an_error(
    uploader: Uploader, memory: MemoryService, error: Exception
) -> None:
    def blocks() -> Iterator[bytes]:
        yield BLOCK
        raise error

    body = UploadBody(blocks(), 2 * len(BLOCK), lambda: None, lambda: True)
    with pytest.raises(type(error)):
        uploader.put(_operation(memory), body)

    uploader.put(_operation(memory), _body(b"later\n"))
    assert _stored(memory) == [b"later\n"]


def should_leave_no_object_when_the_last_block_is_not_allowed(
    uploader: Uploader, memory: MemoryService
) -> None:
    def refuse() -> None:
        raise ValueError("not mine any more")

    with pytest.raises(ValueError, match="not mine"):
        uploader.put(
            _operation(memory),
            UploadBody(iter([b"one\n"]), 4, before_last=refuse, has_time=lambda: True),
        )
    uploader.pool.clear()

    assert _stored(memory) == []


def should_ask_before_the_last_piece_only(uploader: Uploader, memory: MemoryService) -> None:
    events: list[str] = []

    def blocks() -> Iterator[bytes]:
        for name in ("first", "second"):
            events.append(name)
            yield name.encode()

    body = UploadBody(blocks(), 11, lambda: events.append("asked"), lambda: True)
    uploader.put(_operation(memory), body)

    assert events == ["first", "second", "asked"]


def should_not_ask_for_the_last_piece_when_there_is_no_time_for_it() -> None:
    asked: list[str] = []
    times = iter([True, False])
    body = UploadBody(iter([b"12"]), 2, lambda: asked.append("asked"), lambda: next(times))

    assert bytes(body.read(1)) == b"1"
    with pytest.raises(OutOfTime):
        body.read(1)
    assert asked == []


def should_stop_within_a_block_when_time_runs_out(
    uploader: Uploader, memory: MemoryService
) -> None:
    times = iter([True, True, False])
    body = UploadBody(iter([BLOCK, BLOCK]), 2 * len(BLOCK), lambda: None, lambda: next(times))

    with pytest.raises(OutOfTime):
        uploader.put(_operation(memory), body)
    assert list(times) == []
    uploader.pool.clear()
    assert _stored(memory) == []


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (503, "SlowDown", StorageOutcome.BUSY),
        (400, "RequestTimeout", StorageOutcome.BUSY),
        (500, "InternalError", StorageOutcome.BUSY),
        (400, "EntityTooLarge", StorageOutcome.REFUSED),
        (403, "AccessDenied", StorageOutcome.REFUSED),
        (403, "SignatureDoesNotMatch", StorageOutcome.REFUSED),
    ],
)
def should_say_what_the_storage_answered(
    uploader: Uploader, memory: MemoryService, status: int, code: str, outcome: StorageOutcome
) -> None:
    memory.storage_faults = [StorageFault("PUT", status, code, after_bytes=4)]

    answer = uploader.put(_operation(memory), _body(b"one\n"))

    assert answer == StorageAnswer(outcome, code)
    assert _stored(memory) == []


@pytest.mark.parametrize(
    ("status", "outcome"), [(502, StorageOutcome.BUSY), (302, StorageOutcome.REFUSED)]
)
def should_say_the_http_status_when_there_is_no_error_document(
    uploader: Uploader, memory: MemoryService, status: int, outcome: StorageOutcome
) -> None:
    memory.storage_faults = [StorageFault("PUT", status, after_bytes=4)]

    answer = uploader.put(_operation(memory), _body(b"one\n"))

    assert answer == StorageAnswer(outcome, f"HTTP {status}")


def should_say_that_the_url_has_expired(uploader: Uploader, memory: MemoryService) -> None:
    operation = _operation(memory)
    memory.expire_urls()

    answer = uploader.put(operation, _body(b"one\n"))

    assert answer == StorageAnswer(StorageOutcome.EXPIRED, "AccessDenied")


def should_say_that_the_answer_is_lost_when_the_connection_ends(
    uploader: Uploader, memory: MemoryService
) -> None:
    memory.storage_faults = [StorageFault("PUT", after_bytes=4)]

    assert uploader.put(_operation(memory), _body(b"one\n")) == LOST


def should_say_what_can_be_known_when_the_storage_refuses_early(
    uploader: Uploader, memory: MemoryService
) -> None:
    memory.storage_faults = [StorageFault("PUT", 403, "AccessDenied", after_bytes=10)]

    answer = uploader.put(_operation(memory), _body(*[BLOCK] * 10))

    # Where the refusal is lost in a reset connection, that is what can be known.
    assert answer in (StorageAnswer(StorageOutcome.REFUSED, "AccessDenied"), LOST)
    assert _stored(memory) == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://good.example/a", "not https"),
        ("https://evil.example/a", "evil.example"),
        ("https://good.example:8443/a", "good.example:8443"),
        ("https://user:word@good.example/a", "no user"),
        (r"https://evil.example\x.good.example/a", "no URL"),
        ("https://good.example:22/a", "good.example:22"),
        ("https://a.store.example/b", "a.store.example"),
        ("https://s3.good.example:9000/b", "s3.good.example:9000"),
        ("https://evil.example/good.example", "evil.example"),
        ("file:///etc/passwd", "no URL"),
        ("https://[/", "no URL"),
    ],
)
def should_refuse_other_places_before_a_byte_is_sent(url: str, said: str) -> None:
    class Nobody(urllib3.PoolManager):
        def request(self, *args: object, **asked: object) -> urllib3.BaseHTTPResponse:
            raise AssertionError("nothing may be sent")

    hosts = PresignedHosts(("good.example", "*.store.example:9000", "s3.good*"))
    operation = CreatedOperation("op-1", f"{url}?X-Amz-Signature={URL_CANARY}", KMS_KEY_ARN)

    with pytest.raises(AddressRefused, match=said.replace(".", r"\.")) as refused:
        Uploader(Nobody(), hosts).put(operation, _body(b"one\n"))
    assert URL_CANARY not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://good.example/a",
        "https://GOOD.example/a",
        "https://good.example:443/a",
        "https://a.store.example:9000/b",
        "https://b.s3.ap-southeast-2.amazonaws.com/k",
    ],
)
def should_allow_the_places_that_the_deployment_names(url: str) -> None:
    PresignedHosts(
        ("good.example", "*.store.example:9000", "*.s3.ap-southeast-2.amazonaws.com")
    ).check(url)


def should_hide_the_lines_when_a_body_is_shown() -> None:
    assert "secret" not in repr(_body(b"a secret line"))
