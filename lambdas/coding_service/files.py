"""An operation's files in S3: the input, read in pinned pieces, and the output, written in parts.

Memory is bounded by a block of input and a part of output, whatever the file's size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from coding_service.aws_calls import busy_is_retried, code_of
from coding_service.errors import InputGone, OperationLost
from coding_service.operation_table import OperationTable
from coding_service.operations import output_key
from protocol.records import MAX_LINE_BYTES

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

BLOCK_BYTES = 8 << 20  # one ranged read: long enough that S3's latency is noise
GONE_CODES = frozenset({"404", "NoSuchKey", "NoSuchVersion"})
JSON_LINES = "application/jsonl"


@dataclass(frozen=True, slots=True)
class InputFile:
    """One version of an uploaded object, so that a second upload can't mix in.

    :ivar size: bytes.
    """

    s3: S3Client
    bucket: str
    key: str
    version_id: str
    size: int

    def blocks(self, offset: int) -> Iterator[bytes]:
        """The bytes from `offset` on. Raises `InputGone`, `AwsBusy`."""
        while offset < self.size:
            last = min(offset + BLOCK_BYTES, self.size) - 1
            block = self._read(f"bytes={offset}-{last}")
            yield block
            offset += len(block)

    def _read(self, byte_range: str) -> bytes:
        try:
            with busy_is_retried():
                answer = self.s3.get_object(
                    Bucket=self.bucket, Key=self.key, VersionId=self.version_id, Range=byte_range
                )
                return answer["Body"].read()
        except ClientError as error:
            if code_of(error) in GONE_CODES:
                raise InputGone(
                    "The uploaded file was deleted before it was coded. "
                    "Create a new operation and upload it again."
                ) from None
            raise


def lines(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """Each line without its end, and how many bytes it takes with it.

    Ends are LF or CRLF; the last line may have none. What is no line's length any more is given
    unended, so that memory stays bounded; the reader of lines refuses it.
    """
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r"), len(line) + 1
        if len(rest) > MAX_LINE_BYTES:
            yield rest, len(rest)
            rest = b""
    if rest:
        yield rest.removesuffix(b"\r"), len(rest)


@dataclass(frozen=True, slots=True)
class OutputFile:
    """The coded lines of one operation.

    Writing a part again with the same content changes nothing, so a step may be repeated.
    """

    s3: S3Client
    bucket: str
    operations: OperationTable
    operation_id: str

    @property
    def key(self) -> str:
        return output_key(self.operation_id)

    def write_whole(self, content: bytes) -> None:
        """The file in one piece, where it is small enough."""
        with busy_is_retried():
            self.s3.put_object(
                Bucket=self.bucket, Key=self.key, Body=content, ContentType=JSON_LINES
            )

    def write_part(self, upload_id: str, number: int, content: bytes) -> None:
        """Part `number` (from 1) of the multipart upload."""
        with busy_is_retried():
            self.s3.upload_part(
                Bucket=self.bucket,
                Key=self.key,
                UploadId=upload_id,
                PartNumber=number,
                Body=content,
            )

    def upload_id(self, *, now: int) -> str:
        """The multipart upload that the operation remembers; started if there is none."""
        operation = self.operations.find(self.operation_id, now=now)
        if operation is None:
            raise OperationLost(f"the operation {self.operation_id} is not in the table")
        if operation.upload_id is not None:
            return operation.upload_id
        with busy_is_retried():
            started = self.s3.create_multipart_upload(
                Bucket=self.bucket, Key=self.key, ContentType=JSON_LINES
            )["UploadId"]
        if self.operations.note_upload(self.operation_id, started):
            return started
        # A step that was thought dead was quicker; its upload is the one.
        self.abort(started)
        return self.upload_id(now=now)

    def abort(self, upload_id: str) -> None:
        """Ends a multipart upload without a file; one that has ended already is no error."""
        try:
            with busy_is_retried():
                self.s3.abort_multipart_upload(Bucket=self.bucket, Key=self.key, UploadId=upload_id)
        except ClientError as error:
            if code_of(error) != "NoSuchUpload":
                raise

    def join(self, upload_id: str) -> None:
        """Makes the parts one file. One that was joined before is no error."""
        try:
            with busy_is_retried():
                pages = self.s3.get_paginator("list_parts").paginate(
                    Bucket=self.bucket, Key=self.key, UploadId=upload_id
                )
                parts = [
                    {"PartNumber": part["PartNumber"], "ETag": part["ETag"]}
                    for page in pages
                    for part in page.get("Parts", [])
                ]
                self.s3.complete_multipart_upload(
                    Bucket=self.bucket,
                    Key=self.key,
                    UploadId=upload_id,
                    MultipartUpload={"Parts": parts},  # type: ignore[typeddict-item]
                )
        except ClientError as error:
            if code_of(error) != "NoSuchUpload":
                raise

    def size(self) -> int | None:
        """Bytes of the stored file, or None where there is none."""
        try:
            with busy_is_retried():
                return self.s3.head_object(Bucket=self.bucket, Key=self.key)["ContentLength"]
        except ClientError as error:
            if code_of(error) in GONE_CODES:
                return None
            raise
