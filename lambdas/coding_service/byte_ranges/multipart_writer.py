"""Writes an object of unknown size in bounded memory: whole, or not at all."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from botocore.exceptions import ClientError

from coding_service.aws import busy_is_retried
from shared.aws_errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

PART_BYTES = 8 << 20
"""S3: at least 5 MiB a part but the last, at most 10,000 parts. 5 GB of the shortest records
(34 bytes) code to about 45 GB, which is 5,500 parts of this size."""


class MultipartWriter:
    """Stores what is written to it at the end of its `with` block; nothing where that raises.

    Raises `AwsBusy`. Writing the same again stores the same. A process that is killed leaves a
    multipart upload behind, and no object.
    """

    def __init__(
        self,
        s3: "S3Client",
        bucket: str,
        key: str,
        *,
        content_type: str,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self.size = 0
        """Bytes written so far."""
        self._s3, self._bucket, self._key = s3, bucket, key
        self._content_type, self._part_bytes = content_type, part_bytes
        self._buffer = bytearray()
        self._upload_id: str | None = None
        self._parts: list[CompletedPartTypeDef] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            try:
                self._finish()
            except BaseException:
                self._abort()
                raise
        else:
            self._abort()

    def write(self, content: bytes) -> None:
        """Adds to the end."""
        self._buffer += content
        self.size += len(content)
        while len(self._buffer) > self._part_bytes:
            self._put_part(bytes(self._buffer[: self._part_bytes]))
            del self._buffer[: self._part_bytes]

    def _put_part(self, content: bytes) -> None:
        with busy_is_retried():
            if self._upload_id is None:
                self._upload_id = self._s3.create_multipart_upload(
                    Bucket=self._bucket, Key=self._key, ContentType=self._content_type
                )["UploadId"]
            number = len(self._parts) + 1
            put = self._s3.upload_part(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._upload_id,
                PartNumber=number,
                Body=content,
            )
        self._parts.append({"PartNumber": number, "ETag": put["ETag"]})

    def _finish(self) -> None:
        if self._upload_id is None:
            with busy_is_retried():
                self._s3.put_object(
                    Bucket=self._bucket,
                    Key=self._key,
                    Body=bytes(self._buffer),
                    ContentType=self._content_type,
                )
            return
        self._put_part(bytes(self._buffer))
        with busy_is_retried():
            self._s3.complete_multipart_upload(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._upload_id,
                MultipartUpload={"Parts": self._parts},
            )

    def _abort(self) -> None:
        if self._upload_id is not None:
            abort_upload(self._s3, self._bucket, self._key, self._upload_id)


def abort_upload(s3: "S3Client", bucket: str, key: str, upload_id: str) -> None:
    """Ends a multipart upload without an object; one that has ended is no error."""
    try:
        with busy_is_retried():
            s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
    except ClientError as error:
        if code_of(error) != "NoSuchUpload":
            raise
