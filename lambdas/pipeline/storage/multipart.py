"""Writes objects of our buckets in resumable parts, each sent or copied within S3."""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from botocore.exceptions import ClientError

from pipeline.aws import aws_busy_as_try_again
from pipeline.errors import StorageBusy
from pipeline.storage.results_bucket import file_changed
from shared.aws_errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_BYTES = 16 << 20  # S3 allows 5 MiB to 5 GiB, and 8 to 16 MB suit ranged reads; ours
CONTENT_TYPE_OF = {
    "jsonl": "application/x-ndjson",
    "json": "application/json",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "html": "text/html; charset=utf-8",
    "unpacked": "application/octet-stream",
}


class UploadGone(Exception):
    """The multipart upload was completed or aborted, or lacks a part: the copy starts over."""


@dataclass(frozen=True, slots=True)
class MultipartFiles:
    """Writes files to a bucket. Every method may raise `AwsBusy`."""

    s3: "S3Client"
    bucket: str

    def put(self, key: str, content: bytes) -> None:
        """Writes a small object whole."""
        with aws_busy_as_try_again():
            self.s3.put_object(
                Bucket=self.bucket, Key=key, Body=content, ContentType=_content_type(key)
            )

    def put_file(self, key: str, path: Path) -> None:
        """Writes a file of this machine, in parts where it is large. Raises `StorageBusy`."""
        total = path.stat().st_size
        if total <= PART_BYTES:
            self.put(key, path.read_bytes())
            return
        upload_id, number = self.begin(key), 0
        try:
            with path.open("rb") as file:
                while content := file.read(PART_BYTES):
                    number += 1
                    self.put_part(key, upload_id, number, content)
            self.complete(key, upload_id, count=number, total=total)
        except UploadGone:
            raise StorageBusy(f"the upload of {key} is gone; it starts again") from None
        except Exception:
            self.abort(key, upload_id)
            raise

    def begin(self, key: str) -> str:
        """Begins a multipart upload; its id."""
        with aws_busy_as_try_again():
            begun = self.s3.create_multipart_upload(
                Bucket=self.bucket,
                Key=key,
                ContentType=_content_type(key),
                ChecksumAlgorithm="CRC32",  # S3 checks each part as it arrives
                ChecksumType="FULL_OBJECT",  # and `complete` gets the checksum of the whole
            )
        return begun["UploadId"]

    def put_part(
        self, key: str, upload_id: str, number: int, content: bytes, *, checksum: int | None = None
    ) -> None:
        """Writes part `number` (from 1), over an earlier one. Raises `UploadGone`.

        `checksum` is the content's CRC-32, where the caller has it: S3 refuses other bytes."""
        if checksum is None:
            checksum = crc32(content)
        with aws_busy_as_try_again(), _upload_gone():
            self.s3.upload_part(
                Bucket=self.bucket,
                Key=key,
                UploadId=upload_id,
                PartNumber=number,
                Body=content,
                ChecksumCRC32=b64encode(checksum.to_bytes(4, "big")).decode(),
            )

    def copy_part(
        self, key: str, upload_id: str, number: int, *, source: str, etag: str, span: str | None
    ) -> None:
        """Writes part `number` as S3's copy of the object `source`, if that still has this `etag`.

        `span` is an HTTP range, or None for the whole object: S3 copies a range only of objects
        above 5 MB (Amazon S3 API, UploadPartCopy). Raises `FileChanged`, `UploadGone`.
        """
        ranged: Any = {} if span is None else {"CopySourceRange": span}
        with aws_busy_as_try_again(), _upload_gone(), file_changed():
            self.s3.upload_part_copy(
                Bucket=self.bucket,
                Key=key,
                UploadId=upload_id,
                PartNumber=number,
                CopySource={"Bucket": self.bucket, "Key": source},
                CopySourceIfMatch=etag,
                **ranged,
            )

    def part_sizes(self, key: str, upload_id: str) -> dict[int, int]:
        """The bytes of the parts that S3 has, by number. Raises `UploadGone`."""
        return {part["PartNumber"]: part["Size"] for part in self._parts(key, upload_id)}

    def check_parts(self, key: str, upload_id: str, count: int, part_bytes: int) -> None:
        """Raises `UploadGone` unless S3 has the parts 1 to `count`, of `part_bytes` each."""
        sizes = self.part_sizes(key, upload_id)
        if any(sizes.get(number) != part_bytes for number in range(1, count + 1)):
            raise UploadGone

    def complete(self, key: str, upload_id: str, *, count: int, total: int) -> int | None:
        """Makes the object of its `count` parts, `total` bytes. Raises `UploadGone`.

        Returns the CRC-32 of the whole, as S3 found it; None from a storage that finds none.
        """
        listed = [part for part in self._parts(key, upload_id) if part["PartNumber"] <= count]
        if len(listed) != count or sum(part["Size"] for part in listed) != total:
            raise UploadGone
        wanted = ("PartNumber", "ETag", "ChecksumCRC32")
        parts: Any = [{name: part[name] for name in wanted if name in part} for part in listed]
        with aws_busy_as_try_again(), _upload_gone():
            answer = self.s3.complete_multipart_upload(
                Bucket=self.bucket,
                Key=key,
                UploadId=upload_id,
                MultipartUpload={"Parts": parts},
                MpuObjectSize=total,
            )
        if answer.get("ChecksumType") != "FULL_OBJECT" or "ChecksumCRC32" not in answer:
            return None
        return int.from_bytes(b64decode(answer["ChecksumCRC32"]), "big")

    def abort(self, key: str, upload_id: str) -> None:
        """Frees what was uploaded; harmless where nothing is left."""
        with suppress(UploadGone), aws_busy_as_try_again(), _upload_gone():
            self.s3.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload_id)

    def _parts(self, key: str, upload_id: str) -> list[dict[str, Any]]:
        """What S3 has of the upload, in order: the truth, whatever the ledger says."""
        found: list[dict[str, Any]] = []
        pages = self.s3.get_paginator("list_parts").paginate(
            Bucket=self.bucket, Key=key, UploadId=upload_id
        )
        with aws_busy_as_try_again(), _upload_gone():
            for page in pages:
                found.extend(dict(part) for part in page.get("Parts", []))
        return found


def _content_type(key: str) -> str:
    return CONTENT_TYPE_OF[key.rpartition("/")[2].rpartition(".")[2]]


@contextmanager
def _upload_gone() -> Iterator[None]:
    """Raises `UploadGone` in place of S3's `NoSuchUpload`."""
    try:
        yield
    except ClientError as error:
        if code_of(error) != "NoSuchUpload":
            raise
        raise UploadGone from None
