"""An operation's files in S3: the input, read in pinned ranges, and what is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from coding_service.aws import busy_is_retried
from coding_service.byte_ranges.join import PieceJoin
from coding_service.byte_ranges.multipart_writer import MultipartWriter, abort_upload
from coding_service.errors import AwsBusy, InputGone
from coding_service.operations.operation import input_key, metadata_key, output_key, piece_key
from shared.aws_errors import code_of
from shared.join_plan import JoinSource

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

GONE_CODES = frozenset({"404", "NoSuchKey", "NoSuchVersion"})
SKIPPED_BYTES = 1 << 20
JSON_LINES = "application/jsonl"


@dataclass(frozen=True, slots=True)
class InputFile:
    """One version of an uploaded object, so that a second upload can't mix in."""

    s3: "S3Client"
    bucket: str
    key: str
    version_id: str
    size: int
    """Bytes."""

    def read(self, first: int, end: int) -> bytes:
        """The bytes from `first` up to `end`, not included. Raises `InputGone`, `AwsBusy`."""
        try:
            with busy_is_retried():
                answer = self.s3.get_object(
                    Bucket=self.bucket,
                    Key=self.key,
                    VersionId=self.version_id,
                    Range=f"bytes={first}-{end - 1}",
                )
                body = answer["Body"]
                if answer["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.OK:
                    # Servers may send the whole object (RFC 9110, "Range"); the local cloud does.
                    for place in range(0, first, SKIPPED_BYTES):
                        body.read(min(SKIPPED_BYTES, first - place))
                content = body.read(end - first)
        except ClientError as error:
            if code_of(error) in GONE_CODES:
                raise InputGone(
                    "The uploaded file was deleted before it was coded. "
                    "Create a new operation and upload it again."
                ) from None
            raise
        if len(content) != end - first:
            raise AwsBusy(f"GetObject: {len(content):,} of {end - first:,} bytes came")
        return content


def input_of(state: Mapping[str, Any], *, s3: "S3Client", bucket: str) -> InputFile:
    """The input that a state of the state machine names."""
    return InputFile(
        s3=s3,
        bucket=bucket,
        key=input_key(state["operation_id"]),
        version_id=state["version_id"],
        size=state["bytes"],
    )


@dataclass(frozen=True, slots=True)
class OutputFiles:
    """The coded lines of one operation, and the pieces that they are joined from.

    Writing the same content again changes nothing, so a step may be repeated.
    """

    s3: "S3Client"
    bucket: str
    operation_id: str

    def writer(self) -> MultipartWriter:
        """A writer of the whole output."""
        return self._writer(output_key(self.operation_id))

    def piece_writer(self, index: int) -> MultipartWriter:
        """A writer of a range's piece."""
        return self._writer(piece_key(self.operation_id, index))

    def join(self, sizes: list[int]) -> None:
        """Joins the pieces, whose sizes in bytes these are, to the whole output."""
        pieces = [
            JoinSource(piece_key(self.operation_id, index), size)
            for index, size in enumerate(sizes)
        ]
        PieceJoin(
            s3=self.s3,
            pieces_bucket=self.bucket,
            bucket=self.bucket,
            key=output_key(self.operation_id),
            content_type=JSON_LINES,
        ).run(pieces)

    def size(self) -> int | None:
        """Bytes of the stored output, or None where there is none."""
        try:
            with busy_is_retried():
                return self.s3.head_object(Bucket=self.bucket, Key=output_key(self.operation_id))[
                    "ContentLength"
                ]
        except ClientError as error:
            if code_of(error) in GONE_CODES:
                return None
            raise

    def write_metadata(self, content: bytes) -> None:
        """Stores the model's description beside the output."""
        with busy_is_retried():
            self.s3.put_object(
                Bucket=self.bucket,
                Key=metadata_key(self.operation_id),
                Body=content,
                ContentType="application/json",
            )

    def delete_results(self) -> None:
        """Deletes the output and its metadata; what is not there is no error."""
        self._delete([output_key(self.operation_id), metadata_key(self.operation_id)])

    def delete_piece(self, index: int) -> None:
        """Deletes the piece of a range; one that is not there is no error."""
        self._delete([piece_key(self.operation_id, index)])

    def clear_pieces(self, ranges: int) -> None:
        """Deletes the pieces of so many ranges; aborts the uploads that killed functions left."""
        if ranges > 1:
            self._delete([piece_key(self.operation_id, index) for index in range(ranges)])
        self._abort_uploads()

    def _writer(self, key: str) -> MultipartWriter:
        return MultipartWriter(self.s3, self.bucket, key, content_type=JSON_LINES)

    def _delete(self, keys: list[str]) -> None:
        """Deletes at most 1,000 objects (DeleteObjects); no file has so many ranges."""
        with busy_is_retried():
            self.s3.delete_objects(
                Bucket=self.bucket,
                Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True},
            )

    def _abort_uploads(self) -> None:
        with busy_is_retried():
            begun = self.s3.list_multipart_uploads(
                Bucket=self.bucket, Prefix=f"{self.operation_id}/"
            )
        for upload in begun.get("Uploads", []):
            abort_upload(self.s3, self.bucket, upload["Key"], upload["UploadId"])
