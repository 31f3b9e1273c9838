"""The bucket in which an engine's files lie, below a folder for each operation.

| key, of a batch prediction of Amazon ML | what | written by |
|---|---|---|
| `<prediction id>/order.json` | the model, and the fields in the order of the columns | Submit |
| `<prediction id>/input.csv` | the records | Submit |
| `<prediction id>/batch-prediction/…` | manifest, and scores as gzip CSV | Amazon ML |
| `<prediction id>/output.jsonl` | the results as lines of output | Collect |

All of it is deleted when the results have been collected; what a failure leaves behind goes by the
bucket's lifecycle. What lies there of small batches: `small_batches.files`.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self

from botocore.exceptions import ClientError

from pipeline.aws import aws_busy_as_try_again
from pipeline.errors import AwsBusy, DropcoderError, StorageBusy
from pipeline.observability import logger
from pipeline.storage.multipart import PART_BYTES, MultipartFiles, UploadGone
from pipeline.storage.prepared_bucket import stored_object
from pipeline.storage.results_bucket import ResultsBucket
from protocol.messages import Model

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MODEL, INPUT, OUTPUT = "order.json", "input.csv", "output.jsonl"
RANGE_BYTES = 8 << 20  # S3's guidance: ranged GETs of 8 to 16 MB
PUTS = 2  # parts that are put at once, while the next one is made: more would fill memory; ours


@dataclass(frozen=True, slots=True)
class ExchangeBucket:
    """The bucket, with the objects of each operation below its id, or another folder of its own.

    Every method may raise `AwsBusy`."""

    s3: "S3Client"
    bucket: str
    part_bytes: int = PART_BYTES

    @property
    def files(self) -> MultipartFiles:
        return MultipartFiles(self.s3, self.bucket)

    @property
    def objects(self) -> ResultsBucket:
        return ResultsBucket(self.s3, self.bucket)

    def uri(self, folder: str, name: str = "") -> str:
        return f"s3://{self.bucket}/{folder}/{name}"

    def key_of(self, uri: str, folder: str) -> str | None:
        """The key of an object in a folder; None where it lies elsewhere."""
        own = self.uri(folder)
        return uri.removeprefix(f"s3://{self.bucket}/") if uri.startswith(own) else None

    def put_model(self, folder: str, model: Model) -> None:
        self.objects.put_json(f"{folder}/{MODEL}", model.to_json())

    def model(self, folder: str) -> Model | None:
        """The model that the input was made for; None where nothing is known of it."""
        kept = self.objects.get_json(f"{folder}/{MODEL}")
        return None if kept is None else Model.from_json(kept)

    def length(self, key: str) -> tuple[int, str] | None:
        """Bytes and ETag (quoted) of an object, which may be empty; None where there is none."""
        found = stored_object(self.s3, self.bucket, key)
        return None if found is None else (found.size, f'"{found.etag}"')

    def blocks(self, key: str, total: int, etag: str, first: int = 0) -> Iterator[bytes]:
        """An object from a byte on, as `length` found it. Raises `FileChanged`."""
        for begin in range(first, total, RANGE_BYTES):
            last = min(begin + RANGE_BYTES, total) - 1
            yield self.objects.read(key, begin, last, etag).content

    def delete_all(self, folder: str) -> None:
        """Deletes all objects of a folder; harmless to repeat."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{folder}/"
        )
        with aws_busy_as_try_again():
            for page in pages:
                self.objects.delete([each["Key"] for each in page.get("Contents", [])])

    def input_of(self, folder: str) -> AbstractContextManager["PartWriter"]:
        """As `writing`, of the input."""
        return self.writing(f"{folder}/{INPUT}")

    @contextmanager
    def writing(self, key: str) -> Iterator["PartWriter"]:
        """Takes what becomes an object when the block ends without an error.

        Raises `StorageBusy` where S3 has lost what was put."""
        try:
            with PartWriter(self.files, key, self.part_bytes) as writer:
                yield writer
        except UploadGone:
            raise StorageBusy("S3 lost the parts of an upload; it will be sent again") from None


def delete_if_possible(operation_id: str, *steps: Callable[[], object]) -> None:
    """Takes the steps that delete what is left of a collected operation, and never fails: what
    stays behind costs little, and the bucket's lifecycle ends it."""
    try:
        for step in steps:
            step()
    except (DropcoderError, ClientError) as error:
        logger.warning(
            "a collected operation could not be deleted",
            extra={"operation_id": operation_id, "text": str(error)},
        )


@dataclass(slots=True)
class PartWriter:
    """An object of unknown length, written in parts; not more than a few are in memory."""

    files: MultipartFiles
    key: str
    part_bytes: int
    _made: bytearray = field(default_factory=bytearray, init=False, repr=False)
    _upload_id: str | None = field(default=None, init=False)
    _parts: int = field(default=0, init=False)
    _bytes: int = field(default=0, init=False)
    _putting: deque[Future[None]] = field(default_factory=deque, init=False, repr=False)
    _executor: ThreadPoolExecutor = field(init=False, repr=False)

    def __enter__(self) -> Self:
        self._executor = ThreadPoolExecutor(PUTS, thread_name_prefix="exchange")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        complete = False
        try:
            if kind is None:
                self._finish()
                complete = True
        finally:
            self._executor.shutdown(wait=True, cancel_futures=True)
            if self._upload_id is not None and not complete:
                with suppress(AwsBusy):  # the bucket's lifecycle ends it as well
                    self.files.abort(self.key, self._upload_id)

    def add(self, content: bytes) -> None:
        """Adds the next bytes, and puts a part where one is full. Raises `UploadGone`."""
        self._made += content
        while len(self._made) >= self.part_bytes:
            part = bytes(memoryview(self._made)[: self.part_bytes])
            del self._made[: self.part_bytes]
            self._put(part)

    def _put(self, part: bytes) -> None:
        if self._upload_id is None:
            self._upload_id = self.files.begin(self.key)
        self._parts += 1
        self._bytes += len(part)
        self._putting.append(
            self._executor.submit(self.files.put_part, self.key, self._upload_id, self._parts, part)
        )
        while len(self._putting) > PUTS:
            self._putting.popleft().result()

    def _finish(self) -> None:
        if self._upload_id is None:
            self.files.put(self.key, bytes(self._made))
            return
        if self._made:
            self._put(bytes(self._made))
        while self._putting:
            self._putting.popleft().result()
        self.files.complete(self.key, self._upload_id, count=self._parts, total=self._bytes)
