"""Makes one object of pieces, in order, by S3's own part copies.

The object is a multipart upload with a part for each step. A step copies a piece inside S3, or,
where the rest of a piece is smaller than S3's least part, gathers small ones in memory until they
are enough.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from coding_service.aws import busy_is_retried

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

MIN_PART_BYTES = 5 << 20  # of every part but the last: S3 multipart upload limits
WORKERS = 8  # S3 copies, and a gathering holds 5 MiB twice, as pieces and as their part; ours


@dataclass(frozen=True, slots=True)
class StoredPiece:
    """An object to be joined, at most 5 GiB (the limit of a part copy)."""

    key: str
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class ByteSpan:
    """The bytes of a piece from `first` up to `end`, which is not included."""

    piece: StoredPiece
    first: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.first

    @property
    def byte_range(self) -> str:
        """The span as S3's headers write it."""
        return f"bytes={self.first}-{self.end - 1}"


@dataclass(frozen=True, slots=True)
class JoinStep:
    """A part of the whole: one span that S3 copies, or several that are gathered in memory."""

    spans: tuple[ByteSpan, ...]
    copies: bool


def join_steps(pieces: Sequence[StoredPiece], *, least: int = MIN_PART_BYTES) -> Iterator[JoinStep]:
    """The parts that `pieces` are joined by; all but the last have at least `least` bytes."""
    pending: list[ByteSpan] = []
    missing = least
    for piece in pieces:
        first = 0
        while first < piece.size:
            if not pending and piece.size - first >= least:
                yield JoinStep((ByteSpan(piece, first, piece.size),), copies=True)
                break
            end = min(first + missing, piece.size)
            pending.append(ByteSpan(piece, first, end))
            missing -= end - first
            first = end
            if not missing:
                yield JoinStep(tuple(pending), copies=False)
                pending, missing = [], least
    if pending:
        yield JoinStep(tuple(pending), copies=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceJoin:
    """Joins pieces of one bucket to an object of the same or another. Raises `AwsBusy`.

    Doing it again gives the same object. Where it fails, its multipart upload is aborted.
    """

    s3: "S3Client"
    pieces_bucket: str
    bucket: str
    key: str
    content_type: str
    least: int = MIN_PART_BYTES
    """Bytes of every part but the last."""
    begun: Callable[[str], object] | None = None
    """Called with the upload's id, so that another can abort it should this process be killed."""

    def run(self, pieces: Sequence[StoredPiece]) -> None:
        """Stores the object; the pieces stay."""
        steps = list(join_steps(pieces, least=self.least))
        if len(steps) > 1 or (steps and steps[0].copies):
            self._join(steps)
            return
        content = b"".join(self._gathered(step) for step in steps)
        with busy_is_retried():
            self.s3.put_object(
                Bucket=self.bucket, Key=self.key, Body=content, ContentType=self.content_type
            )

    def _join(self, steps: Sequence[JoinStep]) -> None:
        with busy_is_retried():
            upload_id = self.s3.create_multipart_upload(
                Bucket=self.bucket, Key=self.key, ContentType=self.content_type
            )["UploadId"]
        try:
            if self.begun is not None:
                self.begun(upload_id)
            with ThreadPoolExecutor(WORKERS, thread_name_prefix="join") as executor:
                parts = list(
                    executor.map(partial(self._part, upload_id), range(1, len(steps) + 1), steps)
                )
            with busy_is_retried():
                self.s3.complete_multipart_upload(
                    Bucket=self.bucket,
                    Key=self.key,
                    UploadId=upload_id,
                    MultipartUpload={"Parts": parts},
                )
        except BaseException:
            with busy_is_retried():
                self.s3.abort_multipart_upload(Bucket=self.bucket, Key=self.key, UploadId=upload_id)
            raise

    def _part(self, upload_id: str, number: int, step: JoinStep) -> "CompletedPartTypeDef":
        if step.copies:
            return {"PartNumber": number, "ETag": self._copied(upload_id, number, step.spans[0])}
        content = self._gathered(step)
        with busy_is_retried():
            put = self.s3.upload_part(
                Bucket=self.bucket,
                Key=self.key,
                UploadId=upload_id,
                PartNumber=number,
                Body=content,
            )
        return {"PartNumber": number, "ETag": put["ETag"]}

    def _copied(self, upload_id: str, number: int, span: ByteSpan) -> str:
        with busy_is_retried():
            copied = self.s3.upload_part_copy(
                Bucket=self.bucket,
                Key=self.key,
                UploadId=upload_id,
                PartNumber=number,
                CopySource={"Bucket": self.pieces_bucket, "Key": span.piece.key},
                CopySourceRange=span.byte_range,
            )
        return copied["CopyPartResult"]["ETag"]

    def _gathered(self, step: JoinStep) -> bytes:
        return b"".join(map(self._read, step.spans))

    def _read(self, span: ByteSpan) -> bytes:
        with busy_is_retried():
            answer = self.s3.get_object(
                Bucket=self.pieces_bucket, Key=span.piece.key, Range=span.byte_range
            )
            return answer["Body"].read()
