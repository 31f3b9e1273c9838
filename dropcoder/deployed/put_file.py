"""Puts a file of this machine into the drop bucket."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.header import Header
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from dropcoder.deployed.reach import Pipeline
from dropcoder.errors import UsageError
from pipeline.domain.identity import MODELS_FOLDER, drop_id, route

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

PART_BYTES = 64 << 20  # S3 takes a whole object of 5 GB; smaller parts are tried again sooner; ours
MOST_PARTS = 9_000  # S3 takes 10,000; ours
UNBROKEN = 1 << 20  # no line of metadata is folded


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file that lies in the drop bucket."""

    file: Path
    bucket: str
    key: str
    version_id: str
    drop_id: str

    def to_json(self) -> dict[str, str]:
        """For programs."""
        return {
            "file": str(self.file),
            "dropId": self.drop_id,
            "bucket": self.bucket,
            "key": self.key,
            "versionId": self.version_id,
        }


def key_of(file: Path, *, topic: str, folder: str = "", model: str | None = None) -> str:
    """The key that has a file coded by a topic. Raises `UsageError` where no key could."""
    below = [each for each in folder.split("/") if each]
    models = [MODELS_FOLDER, model] if model else []
    key = "/".join([topic, *models, *below, file.name])
    routed = route(key, None, lambda _topic, model_id: model_id)
    if routed.topic != topic:
        raise UsageError(
            f"“{topic}” is no topic's name.",
            next_step="It has lower-case letters, digits, - and _ only, as in: --topic anzsco",
        )
    return key


def put_file(
    pipeline: Pipeline,
    file: Path,
    key: str,
    said: Mapping[str, str],
    advance: Callable[[int], None],
) -> Dropped:
    """Uploads the file, with what is `said` of its table as metadata; tells the bytes sent."""
    s3, bucket = pipeline.clients.s3, pipeline.deployment.drop_bucket
    metadata = {name: _ascii(value) for name, value in said.items()}
    size = file.stat().st_size
    with file.open("rb") as body:
        if size <= PART_BYTES:
            put = s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata=metadata)
            advance(size)
            version = put["VersionId"]
        else:
            upload = s3.create_multipart_upload(Bucket=bucket, Key=key, Metadata=metadata)
            parts = _Parts(s3, bucket, key, upload["UploadId"])
            version = parts.sent(body, max(PART_BYTES, size // MOST_PARTS), advance)
    return Dropped(file, bucket, key, version, drop_id(bucket, key, version))


@dataclass(frozen=True, slots=True)
class _Parts:
    """An upload in parts, one after the other."""

    s3: "S3Client"
    bucket: str
    key: str
    upload_id: str

    def sent(self, body: BinaryIO, part_bytes: int, advance: Callable[[int], None]) -> str:
        """The version that was made of the parts; nothing of them stays where it fails."""
        upload: Any = {"Bucket": self.bucket, "Key": self.key, "UploadId": self.upload_id}
        parts: list[CompletedPartTypeDef] = []
        try:
            while content := body.read(part_bytes):
                number = len(parts) + 1
                put = self.s3.upload_part(**upload, PartNumber=number, Body=content)
                parts.append({"PartNumber": number, "ETag": put["ETag"]})
                advance(len(content))
            done = self.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        except BaseException:
            self.s3.abort_multipart_upload(**upload)
            raise
        return done["VersionId"]


def _ascii(text: str) -> str:
    """As S3's metadata may be: RFC 2047 where there is more than ASCII."""
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=UNBROKEN).encode()
