from collections.abc import Iterator

import pytest
import urllib3

from pipeline.errors import AddressRefused
from pipeline.presigned import PresignedHosts, StorageAnswer, Verdict, presigned_pool
from pipeline.uploading import LOST, OutOfTime, UploadBody, Uploader
from protocol.messages import CreatedOperation
from tests.pipeline.storage_server import KMS_KEY, Fault, Storage, s3_error, storage_server

BLOCK = b"x" * (3 << 20)


@pytest.fixture
def storage() -> Iterator[Storage]:
    with storage_server() as ready:
        yield ready


@pytest.fixture
def uploader(storage: Storage) -> Iterator[Uploader]:
    with presigned_pool(None) as pool:
        yield Uploader(pool, PresignedHosts((storage.host,), allow_plain_http=True))


def _operation(storage: Storage) -> CreatedOperation:
    return CreatedOperation("op-1", storage.url("/in/op 1".replace(" ", "%20")), KMS_KEY)


def _body(*blocks: bytes, length: int | None = None) -> UploadBody:
    return UploadBody(
        iter(blocks),
        sum(map(len, blocks)) if length is None else length,
        before_last=lambda: None,
        has_time=lambda: True,
    )


def should_store_the_same_bytes_when_they_come_in_blocks(
    uploader: Uploader, storage: Storage
) -> None:
    answer = uploader.put(_operation(storage), _body(b"one\n", BLOCK, b"two\n"))

    assert answer.verdict is Verdict.DONE
    assert storage.objects == {"/in/op%201": b"one\n" + BLOCK + b"two\n"}


def should_send_exactly_the_headers_that_s3_accepts(uploader: Uploader, storage: Storage) -> None:
    uploader.put(_operation(storage), _body(b"one\n"))

    sent = {name.lower(): value for name, value in storage.seen[0].headers.items()}
    assert sent.pop("user-agent").startswith("python-urllib3")
    assert sent == {
        "host": storage.host,
        "accept-encoding": "identity",
        "content-length": "4",
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": KMS_KEY,
    }


@pytest.mark.parametrize("error", [ValueError("a fault"), OutOfTime()])
def should_leave_no_object_when_the_body_ends_by_an_error(
    uploader: Uploader, storage: Storage, error: Exception
) -> None:
    def blocks() -> Iterator[bytes]:
        yield BLOCK
        raise error

    body = UploadBody(blocks(), 2 * len(BLOCK), lambda: None, lambda: True)
    with pytest.raises(type(error)):
        uploader.put(_operation(storage), body)

    uploader.put(_operation(storage), _body(b"later\n"))
    assert storage.objects == {"/in/op%201": b"later\n"}


def should_leave_no_object_when_the_last_block_is_not_allowed(
    uploader: Uploader, storage: Storage
) -> None:
    def refuse() -> None:
        raise ValueError("not mine any more")

    with pytest.raises(ValueError, match="not mine"):
        uploader.put(
            _operation(storage),
            UploadBody(iter([b"one\n"]), 4, before_last=refuse, has_time=lambda: True),
        )
    uploader.pool.clear()

    assert storage.objects == {}


def should_ask_before_the_last_block_only(uploader: Uploader, storage: Storage) -> None:
    events: list[str] = []

    def blocks() -> Iterator[bytes]:
        for name in ("first", "second"):
            events.append(name)
            yield name.encode()

    body = UploadBody(blocks(), 11, lambda: events.append("asked"), lambda: True)
    uploader.put(_operation(storage), body)

    assert events == ["first", "second", "asked"]


def should_stop_when_time_runs_out(uploader: Uploader, storage: Storage) -> None:
    times = iter([True, False])
    body = UploadBody(iter([BLOCK, BLOCK]), 2 * len(BLOCK), lambda: None, lambda: next(times))

    with pytest.raises(OutOfTime):
        uploader.put(_operation(storage), body)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (s3_error(503, "SlowDown"), StorageAnswer(Verdict.BUSY, "SlowDown")),
        (s3_error(400, "RequestTimeout"), StorageAnswer(Verdict.BUSY, "RequestTimeout")),
        (s3_error(500, "InternalError"), StorageAnswer(Verdict.BUSY, "InternalError")),
        (Fault(502), StorageAnswer(Verdict.BUSY, "HTTP 502")),
        (s3_error(400, "EntityTooLarge"), StorageAnswer(Verdict.REFUSED, "EntityTooLarge")),
        (s3_error(403, "AccessDenied"), StorageAnswer(Verdict.REFUSED, "AccessDenied")),
        (
            s3_error(403, "SignatureDoesNotMatch"),
            StorageAnswer(Verdict.REFUSED, "SignatureDoesNotMatch"),
        ),
        (
            s3_error(403, "AccessDenied", "Request has expired"),
            StorageAnswer(Verdict.EXPIRED, "AccessDenied"),
        ),
        (Fault(302), StorageAnswer(Verdict.REFUSED, "HTTP 302")),
        (Fault(0), LOST),
    ],
)
def should_say_what_the_storage_answered(
    uploader: Uploader, storage: Storage, fault: Fault, expected: StorageAnswer
) -> None:
    storage.faults["PUT /in/op%201"] = [fault]

    assert uploader.put(_operation(storage), _body(b"one\n")) == expected
    assert len(storage.seen) == 1


def should_read_the_early_answer_when_storage_refuses_before_the_body(
    uploader: Uploader, storage: Storage
) -> None:
    storage.faults["PUT /in/op%201"] = [s3_error(403, "AccessDenied", read_first=False)]

    answer = uploader.put(_operation(storage), _body(*[BLOCK] * 10))

    # Where the refusal is lost in a reset connection, that is what can be known.
    assert answer in (StorageAnswer(Verdict.REFUSED, "AccessDenied"), LOST)
    assert storage.objects == {}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://good.example/a", "not https"),
        ("https://evil.example/a", "evil.example"),
        ("https://good.example:8443/a", "good.example:8443"),
        ("https://user:word@good.example/a", "good.example"),
        ("https://evil.example/good.example", "evil.example"),
        ("file:///etc/passwd", "not https"),
        ("https://[/", "no URL"),
    ],
)
def should_refuse_other_places_before_a_byte_is_sent(url: str, said: str) -> None:
    class Nobody(urllib3.PoolManager):
        def request(self, *args: object, **asked: object) -> urllib3.BaseHTTPResponse:
            raise AssertionError("nothing may be sent")

    hosts = PresignedHosts(("good.example", "*.store.example:9000"))
    operation = CreatedOperation("op-1", url + "?X-Amz-Signature=canary", KMS_KEY)

    with pytest.raises(AddressRefused, match=said.replace(".", r"\.")) as refused:
        Uploader(Nobody(), hosts).put(operation, _body(b"one\n"))
    assert "canary" not in str(refused.value)


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


def should_hide_its_secrets_when_shown(storage: Storage) -> None:
    assert "canary" not in repr((_operation(storage).operation_id, _body(b"secret line")))
