"""Makes one object of pieces, in order, by S3's own part copies.

The object is a multipart upload with a part for each step. A step copies a piece, which S3 does
without passing the bytes on, or, where what is left of a piece is less than S3 takes for a part,
gathers small ones in memory until they are enough.
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

MIN_PART_BYTES = 5 << 20  # S3 multipart upload limits: of every part but the last
WORKERS = 8  # ours: S3 copies; a gathering holds 5 MiB twice, as pieces and as the part of them


@dataclass(frozen=True, slots=True)
class Piece:
    """An object to be joined, at most 5 GiB (the limit of a part copy). :ivar size: bytes."""

    key: str
    size: int


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of a piece from `first` up to `end`, which is not included."""

    piece: Piece
    first: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.first

    @property
    def byte_range(self) -> str:
        """As S3's headers have it."""
        return f"bytes={self.first}-{self.end - 1}"


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the whole: one span that S3 copies, or several that are gathered in memory."""

    spans: tuple[Span, ...]
    copies: bool


def join_steps(pieces: Sequence[Piece], *, least: int = MIN_PART_BYTES) -> Iterator[Step]:
    """The parts that `pieces` are joined by; all but the last have at least `least` bytes."""
    pending: list[Span] = []
    missing = least
    for piece in pieces:
        first = 0
        while first < piece.size:
            if not pending and piece.size - first >= least:
                yield Step((Span(piece, first, piece.size),), copies=True)
                break
            end = min(first + missing, piece.size)
            pending.append(Span(piece, first, end))
            missing -= end - first
            first = end
            if not missing:
                yield Step(tuple(pending), copies=False)
                pending, missing = [], least
    if pending:
        yield Step(tuple(pending), copies=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Joins pieces of one bucket to an object of the same or another. Raises `AwsBusy`.

    Doing it again gives the same object. Where it fails, its multipart upload is aborted.

    :ivar begun: is told the upload's id, for who must abort it should this process be killed.
    """

    s3: "S3Client"
    pieces_bucket: str
    bucket: str
    key: str
    content_type: str
    least: int = MIN_PART_BYTES
    begun: Callable[[str], object] | None = None

    def run(self, pieces: Sequence[Piece]) -> None:
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

    def _join(self, steps: Sequence[Step]) -> None:
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

    def _part(self, upload_id: str, number: int, step: Step) -> "CompletedPartTypeDef":
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

    def _copied(self, upload_id: str, number: int, span: Span) -> str:
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

    def _gathered(self, step: Step) -> bytes:
        return b"".join(map(self._read, step.spans))

    def _read(self, span: Span) -> bytes:
        with busy_is_retried():
            answer = self.s3.get_object(
                Bucket=self.pieces_bucket, Key=span.piece.key, Range=span.byte_range
            )
            return answer["Body"].read()
