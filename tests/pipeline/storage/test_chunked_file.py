"""A stream of chunks becomes one object, wherever the invocations that write it end."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import pytest

from pipeline.errors import StorageBusy
from pipeline.storage.chunked_file import (
    CHECKPOINT_CHUNKS,
    CHUNK_BYTES,
    ChunkedFile,
    StreamChunk,
    StreamUnfinished,
    chunk_bytes_for,
)
from pipeline.storage.multipart import MultipartFiles, UploadGone
from pipeline.storage.prepared_bucket import Checkpoint, PreparedBucket
from tests.support.pipeline.clouds import PREPARED, Cloud, cloud

PART = 5 << 20  # S3's least
KEY = "d/a/input.jsonl"


@dataclass(frozen=True, slots=True)
class Piece:
    content: bytes
    state: dict[str, Any] | None


class GoneUploads(MultipartFiles):
    """Answers as S3 does for an upload that somebody ended; moto itself breaks there."""

    def put_part(
        self, key: str, upload_id: str, number: int, content: bytes, *, checksum: int | None = None
    ) -> None:
        raise UploadGone


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as found:
        yield found


def numbered(count: int, *, resumable: bool = True) -> list[Piece]:
    """Chunks of a part each, and a last short one; each state is the number of chunks before."""
    contents = [bytes([number]) * PART for number in range(count - 1)] + [b"the end"]
    return [Piece(each, {"at": n} if resumable else None) for n, each in enumerate(contents, 1)]


class Writing:
    """A file that is written in steps of so many chunks."""

    def __init__(self, aws: Cloud, chunks: list[Piece], *, in_one_step: int = 10_000) -> None:
        self.aws = aws
        self.chunks = chunks
        self.in_one_step = in_one_step
        self.asked: list[dict[str, Any] | None] = []
        self.left = 0

    @property
    def file(self) -> ChunkedFile:
        return ChunkedFile(
            files=MultipartFiles(self.aws.s3, PREPARED),
            checkpoint=Checkpoint(PreparedBucket(self.aws.s3, PREPARED), f"{KEY}.checkpoint"),
            key=KEY,
            has_time=self.has_time,
        )

    def has_time(self) -> bool:
        self.left -= 1
        return self.left > 0

    def stream(self, state: dict[str, Any] | None) -> Iterator[StreamChunk]:
        self.asked.append(state)
        yield from self.chunks[0 if state is None else state["at"] :]

    def step(self) -> bool:
        self.left = self.in_one_step
        return self.file.write(self.stream)

    def uploads(self) -> int:
        return len(self.aws.s3.list_multipart_uploads(Bucket=PREPARED).get("Uploads", []))


@pytest.mark.parametrize("gigabytes", [0, 5, 50, 500, 1_100])
def should_have_no_more_chunks_than_s3_allows_parts(gigabytes: int) -> None:
    chunk_bytes = chunk_bytes_for(gigabytes * 10**9)
    assert CHUNK_BYTES <= chunk_bytes <= 128 << 20
    assert gigabytes * 10**9 / chunk_bytes < 10_000


@pytest.mark.parametrize("chunks", [[], [Piece(b"all of it", None)]])
def should_put_the_object_whole_when_it_is_one_chunk_or_none(
    aws: Cloud, chunks: list[Piece]
) -> None:
    writing = Writing(aws, chunks)
    assert writing.step()
    assert aws.prepared(KEY) == b"".join(each.content for each in chunks)
    assert aws.prepared_keys() == [KEY]


@pytest.mark.parametrize("in_one_step", [1, 2, 10_000])
def should_write_the_same_object_in_however_many_steps(aws: Cloud, in_one_step: int) -> None:
    writing = Writing(aws, numbered(4), in_one_step=in_one_step)
    steps = 1
    while not writing.step():
        steps += 1
    assert aws.prepared(KEY) == b"".join(each.content for each in writing.chunks)
    assert writing.asked[1:] == [{"at": n * in_one_step} for n in range(1, steps)]
    assert aws.prepared_keys() == [KEY]


@pytest.mark.parametrize("in_one_step", [1, 3, 10_000])
@pytest.mark.parametrize("length", [0, 1_000_000, PART - 1])
def should_write_chunks_that_are_too_short_for_parts(
    aws: Cloud, in_one_step: int, length: int
) -> None:
    contents = [bytes([number]) * length for number in range(8)]
    chunks = [Piece(each, {"at": n}) for n, each in enumerate([*contents, b"the end"], 1)]
    writing = Writing(aws, chunks, in_one_step=in_one_step)
    while not writing.step():
        pass
    assert aws.prepared(KEY) == b"".join(each.content for each in chunks)
    assert aws.prepared_keys() == [KEY]


def should_leave_nothing_when_a_file_of_short_chunks_is_abandoned(aws: Cloud) -> None:
    writing = Writing(aws, [Piece(b"short", {"at": n}) for n in range(1, 4)], in_one_step=1)
    assert not writing.step()
    writing.file.abandon()
    assert aws.prepared_keys() == []


def should_go_on_from_the_last_checkpoint_when_an_invocation_was_killed(aws: Cloud) -> None:
    chunks = numbered(3)
    writing = Writing(aws, chunks, in_one_step=1)
    assert not writing.step()
    killed = Writing(aws, [*chunks[:2], Piece(b"x", None)])
    killed.chunks = chunks[:2]

    def stream(state: dict[str, Any] | None) -> Iterator[StreamChunk]:
        yield from killed.stream(state)
        raise KeyboardInterrupt

    killed.left = 10
    with pytest.raises(KeyboardInterrupt):
        killed.file.write(stream)
    writing.in_one_step = 10
    assert writing.step()
    assert aws.prepared(KEY) == b"".join(each.content for each in chunks)


def should_leave_nothing_when_the_stream_is_refused_before_a_checkpoint(aws: Cloud) -> None:
    writing = Writing(aws, numbered(3))

    def stream(state: dict[str, Any] | None) -> Iterator[StreamChunk]:
        yield from writing.stream(state)
        raise ValueError("a row is bad")

    writing.left = 10
    with pytest.raises(ValueError, match="a row is bad"):
        writing.file.write(stream)
    assert (aws.prepared_keys(), writing.uploads()) == ([], 0)


def should_free_nothing_while_a_chunk_is_still_on_its_way(
    aws: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, refused, order = Writing(aws, numbered(3)), threading.Event(), []
    files = writing.file.files
    put, abort = files.put_part, files.abort

    def put_when_refused(*part: Any) -> None:
        assert refused.wait(10)
        put(*part)
        order.append("stored")

    def note_abort(*upload: Any) -> None:
        order.append("aborted")
        abort(*upload)

    def stream(_: dict[str, Any] | None) -> Iterator[StreamChunk]:
        yield from islice(writing.stream(None), 2)
        refused.set()
        raise ValueError("a row is bad")

    monkeypatch.setattr(type(files), "put_part", lambda _, *part: put_when_refused(*part))
    monkeypatch.setattr(type(files), "abort", lambda _, *upload: note_abort(*upload))
    writing.left = 10
    with pytest.raises(ValueError, match="a row is bad"):
        writing.file.write(stream)
    assert order == ["stored", "aborted"]


def should_say_so_when_the_time_is_over_and_the_stream_can_not_be_taken_up(aws: Cloud) -> None:
    writing = Writing(aws, numbered(3, resumable=False), in_one_step=1)
    with pytest.raises(StreamUnfinished):
        writing.step()
    assert (aws.prepared_keys(), writing.uploads()) == ([], 0)


def should_begin_anew_when_the_upload_is_gone(aws: Cloud) -> None:
    writing = Writing(aws, numbered(3), in_one_step=1)
    assert not writing.step()
    writing.in_one_step = writing.left = 10
    with pytest.raises(StorageBusy, match="starts again"):
        replace(writing.file, files=GoneUploads(aws.s3, PREPARED)).write(writing.stream)
    assert writing.step()
    assert writing.asked[-1] is None


def should_free_what_is_stored_when_a_file_is_abandoned(aws: Cloud) -> None:
    writing = Writing(aws, numbered(3), in_one_step=1)
    assert not writing.step()
    writing.file.abandon()
    assert (aws.prepared_keys(), writing.uploads()) == ([], 0)


def should_keep_a_checkpoint_now_and_then_while_there_is_time(aws: Cloud) -> None:
    writing = Writing(aws, numbered(CHECKPOINT_CHUNKS + 3))
    kept: list[dict[str, Any] | None] = []

    def stream(state: dict[str, Any] | None) -> Iterator[StreamChunk]:
        for chunk in writing.stream(state):
            kept.append(writing.file.checkpoint.load())
            yield chunk

    writing.left = 1_000
    assert writing.file.write(stream)
    assert [each["state"] for each in kept if each is not None][:1] == [{"at": CHECKPOINT_CHUNKS}]
