"""The topics' dictionaries: an object of the results bucket for each version, which never changes.

    .dictionaries/<topic>/dictionary-0007.csv

Only prepare, which looks rows up, and finish, which gives them back and learns, have the package
`tables` beside them.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from pipeline.aws import aws_busy_as_try_again
from pipeline.errors import AwsBusy, DropGone
from shared.aws_errors import code_of
from tables.dictionary.dictionary import Dictionary
from tables.dictionary.dictionary_file import (
    dictionary_bytes,
    name_of,
    newest,
    read_dictionary,
    version_in,
)
from tables.dictionary.learn import Learned, learned
from tables.errors import TableRefused
from tables.plan import TablePlan
from tables.review.reviewed_file import ReviewedFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DICTIONARIES = ".dictionaries/"  # apart from all results; no topic's name begins with a dot; ours
# S3 says 403 to whoever may list a part of the bucket's keys alone (Amazon S3 API, GetObject).
ABSENT_CODES = frozenset({"NoSuchKey", "404", "AccessDenied", "403"})
TAKEN_CODES = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
TRIES = 5  # of versions that others have written at the same time; ours


@dataclass(frozen=True, slots=True)
class Dictionaries:
    """Reads and writes them. Every method may raise `AwsBusy`. Where a file is damaged, as people
    may write versions too, `newest` and `learn` raise `TableRefused`."""

    s3: "S3Client"
    bucket: str
    """The results bucket."""
    _read: dict[str, Dictionary] = field(default_factory=dict, init=False, repr=False)
    """What was read, by key; one object serves one call."""

    def newest(self, topic: str) -> Dictionary | None:
        """The newest version of a topic's; None where there is none, or nothing in it."""
        for _ in range(TRIES):
            key = self._newest_key(topic)
            found = None if key is None else self._get(key)
            if key is None or found is not None:
                return found if found is not None and found.entries else None
        raise AwsBusy(f"the newest version of the dictionary of {topic} can't be read")

    def version(self, topic: str, version: int) -> Dictionary:
        """The version that a file was prepared by. Raises `DropGone` where it is no longer there,
        or is damaged: not then, so it was overwritten since."""
        named = f"version {version} of the dictionary of {topic}, by which the file was prepared,"
        try:
            found = self._get(key_of_version(topic, version))
        except TableRefused as refused:
            reason = f"{named} was overwritten by a damaged file"
            raise DropGone(f"{reason} ({refused.reason[:-1]}); drop the file again") from None
        if found is None:
            raise DropGone(f"{named} was deleted; drop the file again")
        return found

    def of_plan(self, topic: str, plan: TablePlan) -> Dictionary | None:
        """That by which a table was prepared; None: by none. Raises as `version`."""
        return None if plan.dictionary is None else self.version(topic, plan.dictionary)

    def learn(
        self,
        topic: str,
        files: Sequence[ReviewedFile],
        note: Callable[[Learned], object] = lambda _: None,
    ) -> Learned:
        """Adds what people have decided as the next version. Whoever does so at the same time
        loses nothing: a version is written once.

        `note` is told of each version before it is tried to be written: once it is there, learning
        the same again finds nothing new."""
        for _ in range(TRIES):
            key = self._newest_key(topic)
            before = Dictionary(0, {}) if key is None else self._get(key)
            if before is None:
                continue
            found = learned(before, files)
            if found.dictionary.version == before.version:
                return found
            note(found)
            if self._put(topic, found.dictionary):
                return found
        raise AwsBusy(f"others write the dictionary of {topic} at the same time")

    def _newest_key(self, topic: str) -> str | None:
        with aws_busy_as_try_again():
            return newest_keys(self.s3, self.bucket, f"{DICTIONARIES}{topic}/").get(topic)

    def _get(self, key: str) -> Dictionary | None:
        if key not in self._read:
            with aws_busy_as_try_again():
                try:
                    content = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
                except ClientError as error:
                    if code_of(error) not in ABSENT_CODES:
                        raise
                    return None
            self._read[key] = read_dictionary(content, key)
        return self._read[key]

    def _put(self, topic: str, dictionary: Dictionary) -> bool:
        with aws_busy_as_try_again():
            return put_version(self.s3, self.bucket, topic, dictionary)


def key_of_version(topic: str, version: int) -> str:
    """The only key at which a version of a topic's dictionary is looked for."""
    return f"{DICTIONARIES}{topic}/{name_of(version)}"


def put_version(s3: "S3Client", bucket: str, topic: str, dictionary: Dictionary) -> bool:
    """Writes a version that is not there; False where another one has written it.

    Raises `TableRefused` where the dictionary is larger than it may be."""
    try:
        s3.put_object(
            Bucket=bucket,
            Key=key_of_version(topic, dictionary.version),
            Body=dictionary_bytes(dictionary),
            ContentType="text/csv",
            IfNoneMatch="*",
        )
    except ClientError as error:
        if code_of(error) not in TAKEN_CODES:
            raise
        return False
    return True


def newest_keys(s3: "S3Client", bucket: str, below: str = DICTIONARIES) -> dict[str, str]:
    """The keys of the newest versions below a prefix, by topic.

    Other keys are passed over, such as copies in folders: no version is looked for there."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=below)
    by_topic = defaultdict[str, list[str]](list)
    for key in (each["Key"] for page in pages for each in page.get("Contents", [])):
        topic = key.removeprefix(DICTIONARIES).partition("/")[0]
        if key == key_of_version(topic, version_in(key) or 0):
            by_topic[topic].append(key)
    found = {topic: newest(keys) for topic, keys in by_topic.items()}
    return {topic: key for topic, key in found.items() if key is not None}
