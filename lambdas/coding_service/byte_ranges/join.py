"""Makes one object of pieces, in order and in one go, by the steps of `shared.join_plan`."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from coding_service.aws import busy_is_retried
from coding_service.byte_ranges.multipart_writer import abort_upload
from shared.join_plan import (
    MIN_PART_BYTES,
    CopyStep,
    GatherStep,
    JoinSource,
    JoinStep,
    SourceRange,
    steps_of,
)

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

WORKERS = 8  # S3 copies, and a gathering holds 5 MiB twice, as pieces and as their part; ours


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

    def run(self, pieces: Sequence[JoinSource]) -> None:
        """Stores the object; the pieces stay."""
        sources = [piece for piece in pieces if piece.size]
        steps = steps_of(sources, min_part_bytes=self.least)
        if len(steps) > 1 or any(isinstance(step, CopyStep) for step in steps):
            self._join(steps)
            return
        content = b"".join(self._content(step) for step in steps)
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
            abort_upload(self.s3, self.bucket, self.key, upload_id)
            raise

    def _part(self, upload_id: str, number: int, step: JoinStep) -> "CompletedPartTypeDef":
        if isinstance(step, CopyStep):
            return {"PartNumber": number, "ETag": self._copied(upload_id, number, step.span)}
        content = self._content(step)
        with busy_is_retried():
            put = self.s3.upload_part(
                Bucket=self.bucket,
                Key=self.key,
                UploadId=upload_id,
                PartNumber=number,
                Body=content,
            )
        return {"PartNumber": number, "ETag": put["ETag"]}

    def _copied(self, upload_id: str, number: int, span: SourceRange) -> str:
        with busy_is_retried():
            copied = self.s3.upload_part_copy(
                Bucket=self.bucket,
                Key=self.key,
                UploadId=upload_id,
                PartNumber=number,
                CopySource={"Bucket": self.pieces_bucket, "Key": span.source.key},
                CopySourceRange=span.byte_range,
            )
        return copied["CopyPartResult"]["ETag"]

    def _content(self, step: JoinStep) -> bytes:
        ranges = step.pieces if isinstance(step, GatherStep) else (step.span,)
        return b"".join(map(self._read, ranges))

    def _read(self, piece: SourceRange | bytes) -> bytes:
        if isinstance(piece, bytes):
            return piece
        with busy_is_retried():
            answer = self.s3.get_object(
                Bucket=self.pieces_bucket, Key=piece.source.key, Range=piece.byte_range
            )
            return answer["Body"].read()
