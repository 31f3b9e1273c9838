"""Reads a range of one object version as blocks, in bounded memory.

Each block is a ranged GET of its own, so a lost connection costs one block and not the file, and
a few are asked for ahead of the reader, so that the network works while lines are checked. All
are pinned to the version and to its ETag: they are pieces of the bytes that were dropped.
"""

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as BotoConnectionError

from pipeline.errors import DropGone, StorageBusy
from shared.aws_errors import code_of, passes_by_itself

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

BLOCK_BYTES = 8 << 20  # S3's guidance: ranged GETs of 8 to 16 MB
BLOCKS_AHEAD = 4  # S3's guidance is a connection for each 85 to 90 MB/s that are wanted; ours
SKIP_BYTES = 1 << 20  # at once, so that little memory is needed; ours
RANGE_TRIES = 4  # of one block, above botocore's own retries of the request; ours
FIRST_RETRY_SECONDS = 0.5  # a lost connection is soon replaced; doubles from try to try; ours
WATCH_SECONDS = 1.0  # between two looks at the clock while a block is waited for; ours

GONE_CODES = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchBucket", "MethodNotAllowed", "404"})
"""S3 answers so where there is no such object or version, or (405) it is a delete marker."""
UNREADABLE_CODES = frozenset({"AccessDenied", "403"})
"""S3 answers so, too, for a missing version where the caller may not list versions."""
CHANGED_CODES = frozenset({"PreconditionFailed", "412", "InvalidRange", "416"})


class ObjectRange(Protocol):
    """A range of one object version; `last_byte` is included."""

    @property
    def bucket(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def version_id(self) -> str: ...
    @property
    def etag(self) -> str:
        """Of the whole object version, without quotes."""

    @property
    def first_byte(self) -> int: ...
    @property
    def last_byte(self) -> int: ...


class BlockReader:
    """Reads objects of S3 in blocks. `sleep` takes seconds."""

    def __init__(
        self,
        s3: "S3Client",
        *,
        sleep: Callable[[float], None],
        block_bytes: int = BLOCK_BYTES,
        ahead: int = BLOCKS_AHEAD,
    ) -> None:
        self._s3 = s3
        self._sleep = sleep
        self._block_bytes = block_bytes
        self._ahead = ahead

    def blocks(
        self, source: ObjectRange, *, has_time: Callable[[], bool] = lambda: True
    ) -> Generator[bytes, None, None]:
        """Reads the range in order, in blocks. Close the iterator if it is not read to its end.

        Raises `DropGone` where the version is gone, `StorageBusy` where S3 can't give it now or
        is still silent when `has_time` says no: whatever S3 does, nothing here waits longer.
        """
        starts = range(source.first_byte, source.last_byte + 1, self._block_bytes)
        executor = ThreadPoolExecutor(self._ahead, thread_name_prefix="read-ahead")
        waiting: deque[Future[bytes]] = deque()
        try:
            for start in starts:
                waiting.append(executor.submit(self._block, source, start, has_time))
                if len(waiting) > self._ahead:
                    yield _in_time(waiting, source, has_time)
            while waiting:
                yield _in_time(waiting, source, has_time)
        finally:
            _end(executor, waiting, has_time)

    def first_block(self, source: ObjectRange) -> bytes:
        """Reads the first block only. Raises as `blocks` does."""
        return self._block(source, source.first_byte, lambda: True)

    def _block(self, source: ObjectRange, start: int, has_time: Callable[[], bool]) -> bytes:
        """The block that begins at `start`, tried a few times."""
        pause = FIRST_RETRY_SECONDS
        for last_try in (*[False] * (RANGE_TRIES - 1), True):
            try:
                return self._block_once(source, start)
            except StorageBusy:
                if last_try or not has_time():
                    raise
            self._sleep(pause)
            pause *= 2
        raise AssertionError("the last try returns or raises")

    def _block_once(self, source: ObjectRange, start: int) -> bytes:
        end = min(start + self._block_bytes - 1, source.last_byte)
        try:
            answer = self._s3.get_object(
                Bucket=source.bucket,
                Key=source.key,
                VersionId=source.version_id,
                Range=f"bytes={start}-{end}",
                IfMatch=f'"{source.etag}"',
            )
            with answer["Body"] as body:
                if not answer.get("ContentRange"):
                    _skip(body, start)
                block = body.read(end - start + 1)
        except ClientError as error:
            raise _pipeline_error(error, source) from None
        except (BotoConnectionError, HTTPClientError, IncompleteReadError) as error:
            raise StorageBusy(
                f"the connection to S3 was lost while reading {source.key} "
                f"({type(error).__name__}); it will be tried again"
            ) from None
        if len(block) != end - start + 1:
            raise StorageBusy(
                f"S3 gave {len(block)} of {end - start + 1} bytes of a range of {source.key}; "
                "it will be tried again"
            )
        return block


def _in_time(
    waiting: deque[Future[bytes]], source: ObjectRange, has_time: Callable[[], bool]
) -> bytes:
    """The oldest block, taken off once it is there."""
    while wait([waiting[0]], WATCH_SECONDS).not_done:
        if not has_time():
            raise StorageBusy(
                f"S3 did not give {source.key} within the function's time; it will be tried again"
            )
    return waiting.popleft().result()


def _end(
    executor: ThreadPoolExecutor, waiting: deque[Future[bytes]], has_time: Callable[[], bool]
) -> None:
    """Ends the threads; one whose GET hangs is left to end by itself where there is no time."""
    executor.shutdown(wait=False, cancel_futures=True)
    begun = [each for each in waiting if not each.cancelled()]
    while wait(begun, WATCH_SECONDS).not_done:
        if not has_time():
            return
    executor.shutdown()


def _skip(body: "StreamingBody", length: int) -> None:
    """Reads and drops what is in front of a range in an answer that is the whole object.

    HTTP lets a server ignore ranges. S3 never does, but its stand-in in the local cloud does so
    for versions of objects; slow, and right.
    """
    while length > 0:
        piece = body.read(min(length, SKIP_BYTES))
        if not piece:
            return
        length -= len(piece)


def _pipeline_error(error: ClientError, source: ObjectRange) -> Exception:
    code = code_of(error)
    version = f"s3://{source.bucket}/{source.key} (version {source.version_id})"
    if code in GONE_CODES:
        return DropGone(
            f"{version} was deleted before it could be coded; drop the file again if it is needed"
        )
    if code in UNREADABLE_CODES:
        return DropGone(
            f"S3 refuses to give {version}: it was deleted, or Pipeline may not read it; "
            "drop the file again, and if that fails too, check the drop bucket's policy and key"
        )
    if code in CHANGED_CODES:
        return DropGone(f"{version} is not the object that was dropped; drop the file again")
    if passes_by_itself(error):
        return StorageBusy(f"S3 answered {code} while reading {source.key}; it will be tried again")
    return error
