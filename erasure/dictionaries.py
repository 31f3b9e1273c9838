"""What the topics' dictionaries have of a drop: texts that people decided on in its review.

A version never changes. So the next one is written without those texts, and each that has them is
deleted.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from erasure.errors import Unfinished
from erasure.objects import StoredVersion, versions_of
from pipeline.domain.drop import UNVERSIONED
from pipeline.storage.dictionaries import DICTIONARIES, newest_keys, put_version
from tables.dictionary.dictionary_file import read_dictionary
from tables.dictionary.learn import without_drop
from tables.errors import TableRefused
from tables.review.decided_csv import text_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def versions_with(
    s3: "S3Client", bucket: str, drop_id: str, known: dict[StoredVersion, bool]
) -> Iterator[StoredVersion]:
    """The versions of all dictionaries in a bucket that name the drop; each is read for that.

    `known` says of versions whether they do, and is added to: what was read is not read again.
    All keys are looked at: what people have put beside the dictionaries may name it too."""
    for each in versions_of(s3, bucket, DICTIONARIES):
        if each.is_marker:
            continue
        if each not in known or each.version_id == UNVERSIONED:  # which is overwritten in its place
            known[each] = drop_id in text_of(_content(s3, each))
        if known[each]:
            yield each


def leave_dictionaries(
    s3: "S3Client", bucket: str, versions: Iterable[StoredVersion], drop_id: str
) -> None:
    """Writes the next version of each dictionary whose newest one names the drop, without it.

    `versions` are those to be deleted. Harmless to repeat. Raises `Unfinished`, also where a newest
    version that names the drop is not among them: it was written after they were found."""
    found = {(each.bucket, each.key, each.version_id) for each in versions}
    for topic, key in newest_keys(s3, bucket).items():
        answer = s3.get_object(Bucket=bucket, Key=key)
        content = answer["Body"].read()
        if drop_id not in text_of(content):
            continue
        if (bucket, key, answer.get("VersionId", UNVERSIONED)) not in found:
            raise _changed()
        try:
            # A new one, even where a later line on the same text has hidden the drop's: the version
            # with both is deleted.
            left = without_drop(read_dictionary(content, key), drop_id)
            is_written = put_version(s3, bucket, topic, left)
        except TableRefused as refused:
            raise Unfinished(
                f"{refused.reason} It names the drop.", next_step="Mend the file, or delete it."
            ) from None
        if not is_written:
            raise _changed()


def check_left(s3: "S3Client", bucket: str, drop_id: str, known: dict[StoredVersion, bool]) -> None:
    """Raises `Unfinished` where a dictionary names the drop still: its review was merged while all
    else was deleted. `known` is as in `versions_with`."""
    if any(versions_with(s3, bucket, drop_id, known)):
        raise _changed()


def _changed() -> Unfinished:
    return Unfinished(
        "The dictionary changed while the drop was erased.", next_step="Run it again."
    )


def _content(s3: "S3Client", each: StoredVersion) -> bytes:
    answer = s3.get_object(Bucket=each.bucket, Key=each.key, VersionId=each.version_id)
    return answer["Body"].read()
