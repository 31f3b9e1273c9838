"""What the topics' dictionaries have of a drop: texts that people decided on in its review.

A version never changes. So the next one is written without those texts, and each that has them is
deleted.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from erasure.errors import Unfinished
from erasure.objects import StoredVersion, versions_of
from pipeline.storage.dictionaries import DICTIONARIES, TAKEN_CODES
from shared.aws_errors import code_of
from tables.dictionary.dictionary_file import (
    dictionary_bytes,
    name_of,
    newest,
    read_dictionary,
)
from tables.dictionary.learn import without_drop
from tables.errors import TableRefused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def versions_with(s3: "S3Client", bucket: str, drop_id: str) -> Iterator[StoredVersion]:
    """The versions of all dictionaries in a bucket that name the drop; each is read for that."""
    for each in versions_of(s3, bucket, DICTIONARIES):
        if not each.is_marker and drop_id.encode() in _content(s3, each):
            yield each


def leave_dictionaries(s3: "S3Client", versions: Iterable[StoredVersion], drop_id: str) -> None:
    """Writes the next version of each dictionary whose newest one is among these, without the drop.

    Other objects among them are passed over. Harmless to repeat. Raises `Unfinished`."""
    found = {(each.bucket, each.key) for each in versions if each.key.startswith(DICTIONARIES)}
    for bucket, folder in sorted({(bucket, _folder(key)) for bucket, key in found}):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder)
        key = newest(each["Key"] for page in pages for each in page.get("Contents", []))
        if key is not None and (bucket, key) in found:
            _write_next(s3, bucket, key, drop_id)


def _write_next(s3: "S3Client", bucket: str, key: str, drop_id: str) -> None:
    content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    try:
        left = without_drop(read_dictionary(content, key), drop_id)
        s3.put_object(
            Bucket=bucket,
            Key=f"{_folder(key)}{name_of(left.version)}",
            Body=dictionary_bytes(left),
            ContentType="text/csv",
            IfNoneMatch="*",
        )
    except TableRefused as refused:
        raise Unfinished(
            f"{refused.reason} It names the drop.", next_step="Mend the file, or delete it."
        ) from None
    except ClientError as error:
        if code_of(error) not in TAKEN_CODES:
            raise
        raise Unfinished(
            "The dictionary changed while the drop was erased.", next_step="Run it again."
        ) from None


def _content(s3: "S3Client", each: StoredVersion) -> bytes:
    answer = s3.get_object(Bucket=each.bucket, Key=each.key, VersionId=each.version_id)
    return answer["Body"].read()


def _folder(key: str) -> str:
    return f"{key.rpartition('/')[0]}/"
