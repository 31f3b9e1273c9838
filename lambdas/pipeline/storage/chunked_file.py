"""Writes a stream of chunks as one object, over as many invocations as that takes.

Each chunk is a part of a multipart upload, stored while the next one is made; shorter ones than S3
takes are held until they are a part together. A checkpoint says which parts are stored, what is
held, and where the stream goes on behind them; what came after the last checkpoint is simply made
again. A stream of one chunk is put whole.
"""

from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipeline.errors import StorageBusy
from pipeline.storage.multipart import MultipartFiles, UploadGone
from pipeline.storage.prepared_bucket import Checkpoint
from shared.join_plan import MIN_PART_BYTES

CHUNK_BYTES = 8 << 20  # S3 allows parts of 5 MiB and more, 10,000 of them; ours
LARGEST_CHUNK_BYTES = 128 << 20  # as a few of them are in memory; ours
MOST_CHUNKS = 9_000  # of a stream that is as long as was foretold; S3 allows 10,000 parts; ours
UPLOADS_AT_ONCE = 2  # with the chunk that is made, three are in memory; ours
CHECKPOINT_CHUNKS = 16  # what a function that is killed makes again takes some seconds; ours


class StreamChunk(Protocol):
    """As `tables.plan.Chunk`."""

    @property
    def content(self) -> bytes:
        """Bytes of the stream; may be none."""

    @property
    def state(self) -> dict[str, Any] | None:
        """With it the stream goes on behind the chunk; JSON can hold it. None: it can't."""


Stream = Callable[[dict[str, Any] | None], Iterator[StreamChunk]]
"""Begins a stream, or goes on behind the chunk whose state it gets."""


def chunk_bytes_for(stream_bytes: int) -> int:
    """How long the chunks must be of a stream that may have so many bytes."""
    return max(CHUNK_BYTES, min(stream_bytes // MOST_CHUNKS, LARGEST_CHUNK_BYTES))


class StreamUnfinished(Exception):
    """The time is over, and the stream can't be taken up again behind a chunk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkedFile:
    """The object `key`, and the checkpoint of its writing."""

    files: MultipartFiles
    checkpoint: Checkpoint
    key: str
    has_time: Callable[[], bool]

    def write(self, stream: Stream) -> bool:
        """Writes the stream; False: the time is over, and another call goes on.

        Raises what `stream` raises, `AwsBusy`, `StreamUnfinished`, and `StorageBusy` where the
        upload is gone: the next call starts over.
        """
        kept = self.checkpoint.load()
        with ThreadPoolExecutor(UPLOADS_AT_ONCE, thread_name_prefix="chunks") as executor:
            writing = _Writing(self, executor)
            if kept is not None:
                writing.upload_id, writing.sizes = kept["upload_id"], list(kept["sizes"])
                writing.short = b64decode(kept.get("short", ""))
            try:
                done = writing.run(stream(None if kept is None else kept["state"]))
            except UploadGone:
                self.checkpoint.forget()
                raise StorageBusy(f"the upload of {self.key} is gone; it starts again") from None
            except Exception:
                if kept is None and writing.upload_id and not writing.has_checkpoint:
                    # A part that is still on its way would be kept (S3, AbortMultipartUpload).
                    wait(writing.waiting)
                    self.files.abort(self.key, writing.upload_id)
                raise
        if done:
            self.checkpoint.forget()
        return done

    def abandon(self) -> None:
        """Frees what was stored of a file that will not be finished. Raises `AwsBusy`."""
        kept = self.checkpoint.load()
        if kept is not None:
            if kept["upload_id"]:
                self.files.abort(self.key, kept["upload_id"])
            self.checkpoint.forget()


@dataclass(slots=True)
class _Writing:
    """What one call does of the writing."""

    file: ChunkedFile
    executor: ThreadPoolExecutor
    upload_id: str = ""
    sizes: list[int] = field(default_factory=list)
    short: bytes = b""
    """What is not long enough for a part."""
    waiting: deque[Future[None]] = field(default_factory=deque)
    since_checkpoint: int = 0
    has_checkpoint: bool = False

    def run(self, stream: Iterator[StreamChunk]) -> bool:
        held: StreamChunk | None = None
        for chunk in stream:
            if held is not None:
                self._add(held.content)
                self.since_checkpoint += 1
                if not self.file.has_time():
                    self._keep(held)
                    return False
                if self.since_checkpoint >= CHECKPOINT_CHUNKS and held.state is not None:
                    self._keep(held)
            held = chunk
        self._finish(b"" if held is None else held.content)
        return True

    def _add(self, content: bytes) -> None:
        content, self.short = self.short + content, b""
        if len(content) < MIN_PART_BYTES:
            self.short = content
        else:
            self._store(content)

    def _store(self, content: bytes) -> None:
        files, key = self.file.files, self.file.key
        if not self.upload_id:
            self.upload_id = files.begin(key)
        self.sizes.append(len(content))
        number = len(self.sizes)
        self.waiting.append(
            self.executor.submit(files.put_part, key, self.upload_id, number, content)
        )
        while len(self.waiting) > UPLOADS_AT_ONCE - 1:
            self.waiting.popleft().result()

    def _keep(self, stored: StreamChunk) -> None:
        """Keeps a checkpoint behind the chunk that was stored or held last."""
        if stored.state is None:
            raise StreamUnfinished
        self._wait()
        self.file.checkpoint.keep(
            {
                "upload_id": self.upload_id,
                "sizes": self.sizes,
                "short": b64encode(self.short).decode(),
                "state": stored.state,
            }
        )
        self.since_checkpoint, self.has_checkpoint = 0, True

    def _wait(self) -> None:
        while self.waiting:
            self.waiting.popleft().result()

    def _finish(self, last: bytes) -> None:
        files, key, last = self.file.files, self.file.key, self.short + last
        if not self.upload_id:
            files.put(key, last)
            return
        if last:
            self._store(last)
        self._wait()
        files.complete(key, self.upload_id, count=len(self.sizes), total=sum(self.sizes))
