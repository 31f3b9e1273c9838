"""The objects of a drop in the buckets: all versions, delete markers, and uploads not finished."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from botocore.exceptions import ClientError

from erasure.errors import Unfinished
from pipeline.domain.identity import drop_id
from pipeline.storage.results_bucket import MAX_DELETED
from shared.aws_errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SHOWN_FAULTS = 3


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version of an object, or a delete marker."""

    bucket: str
    key: str
    version_id: str
    """`UNVERSIONED` in a bucket without versions."""
    size: int
    """Bytes; 0 of a delete marker."""
    is_marker: bool
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class BegunUpload:
    """A multipart upload that was not finished: its parts are kept as an object's bytes are."""

    bucket: str
    key: str
    upload_id: str


def versions_of(s3: "S3Client", bucket: str, prefix: str = "") -> Iterator[StoredVersion]:
    """All versions and delete markers below a prefix, key by key as S3 lists them."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        both = ((page.get("Versions", []), False), (page.get("DeleteMarkers", []), True))
        found = [_stored(bucket, each, marker) for listed, marker in both for each in listed]
        yield from sorted(found, key=lambda each: each.key.encode())


def uploads_of(s3: "S3Client", bucket: str, prefix: str) -> Iterator[BegunUpload]:
    """The multipart uploads below a prefix that were begun and not finished."""
    # As botocore asks for and reads the keys of objects: XML can't hold every character of a key.
    pages = s3.get_paginator("list_multipart_uploads").paginate(
        Bucket=bucket, Prefix=prefix, EncodingType="url"
    )
    for page in pages:
        read = unquote_plus if page.get("EncodingType") == "url" else str
        for each in page.get("Uploads", []):
            yield BegunUpload(bucket, read(each["Key"]), each["UploadId"])


def dropped_version(s3: "S3Client", bucket: str, key: str, version_id: str) -> list[StoredVersion]:
    """A dropped object's version, where it is there still; with the key's delete markers, where no
    other version has the key.

    A marker that hides another drop's version stays: without it, that version would come back.
    """
    below = versions_of(s3, bucket, key)
    of_key = list(takewhile(lambda each: each.key == key, below))  # the shortest key comes first
    own = [each for each in of_key if each.version_id == version_id]
    if any(not each.is_marker and each.version_id != version_id for each in of_key):
        return own
    return of_key


def find_dropped(s3: "S3Client", bucket: str, wanted: str, prefix: str) -> StoredVersion | None:
    """The version that is the drop of this id, found by looking at all below the prefix."""
    for each in versions_of(s3, bucket, prefix):
        if not each.is_marker and drop_id(bucket, each.key, each.version_id) == wanted:
            return each
    return None


def delete_versions(s3: "S3Client", versions: Iterable[StoredVersion]) -> None:
    """Deletes versions and markers for good; harmless where they are gone. Raises `Unfinished`."""
    by_bucket: dict[str, list[Any]] = {}
    for each in versions:
        by_bucket.setdefault(each.bucket, []).append(
            {"Key": each.key, "VersionId": each.version_id}
        )
    for bucket, listed in by_bucket.items():
        left = iter(listed)
        while some := list(islice(left, MAX_DELETED)):
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": some, "Quiet": True})
            if faults := answer.get("Errors", []):
                shown = ", ".join(f"{each.get('Code')}" for each in faults[:SHOWN_FAULTS])
                raise Unfinished(
                    f"{len(faults)} objects of {bucket} could not be deleted: {shown}.",
                    next_step="Mend the cause (permissions, an object lock) and run it again.",
                )


def abort_uploads(s3: "S3Client", uploads: Iterable[BegunUpload]) -> None:
    """Frees what was put of uploads; harmless where they are gone."""
    for each in uploads:
        try:
            s3.abort_multipart_upload(Bucket=each.bucket, Key=each.key, UploadId=each.upload_id)
        except ClientError as error:
            if code_of(error) != "NoSuchUpload":
                raise


def _stored(bucket: str, listed: Any, is_marker: bool) -> StoredVersion:
    return StoredVersion(
        bucket=bucket,
        key=listed["Key"],
        version_id=listed["VersionId"],
        size=listed.get("Size", 0),
        is_marker=is_marker,
        modified_at=listed["LastModified"],
    )
