"""Users' files in S3: found, pinned by their ETag and read; AWS's refusals in the owner's words."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, ParamValidationError

from coding_service.amazon_ml.errors import AccessDenied, DataChanged, DataRefused, SchemaFault
from coding_service.amazon_ml.s3_uris import Location
from coding_service.amazon_ml.schema import MOST_SCHEMA_BYTES, Schema
from coding_service.amazon_ml.work.csv_lines import (
    MAX_LINE_BYTES,
    UTF8_BOM,
    CsvLineFault,
    owned_lines,
    values_of,
)
from coding_service.aws import busy_is_retried
from shared.aws_errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

BLOCK_BYTES = 8 << 20  # one ranged read: long enough that S3's latency is noise
TAIL_BYTES = 128 << 10  # behind a range only the end of its last line is wanted
MOST_FILES = 1_000  # of a data source: each is looked into before the work begins; ours
MOST_DATA_BYTES = 400 << 30
"""Of a data source's files together; ours. Each range's execution returns `{}`, and Step Functions
gathers all of these into one state of at most 262,144 bytes, before it passes over them."""
SCHEMA_SUFFIX = ".schema"  # what Amazon ML's console stores beside data

DENIED_CODES = frozenset({"403", "AccessDenied", "AllAccessDisabled", "AccountProblem"})
GONE_CODES = frozenset({"404", "NoSuchKey", "NoSuchBucket"})
CHANGED_CODES = frozenset({"412", "PreconditionFailed"})
ELSEWHERE_CODES = frozenset({"301", "PermanentRedirect", "IllegalLocationConstraintException"})


@contextmanager
def in_owners_words(location: Location, action: str) -> Iterator[None]:
    """Turns S3's refusals into those that the data's owner can act on.

    `action` is the permission that the call needs, for example `s3:GetObject`. Raises
    `AccessDenied`, `DataRefused`, `DataChanged`, `AwsBusy`.
    """
    try:
        with busy_is_retried():
            yield
    except ParamValidationError:
        raise DataRefused(f"{location} does not name a bucket") from None
    except ClientError as error:
        code = code_of(error)
        if code in DENIED_CODES or code.startswith("KMS."):
            raise AccessDenied(
                f"Access to {location} was denied. The bucket's owner must allow {action}, and the "
                "use of the bucket's key where it has one, to the service's role (the stack's "
                "output MachineLearningRoleArn)"
            ) from None
        if code in GONE_CODES:
            raise DataRefused(f"There is no {location}") from None
        if code in CHANGED_CODES:
            raise DataChanged(
                f"{location} changed while it was read. Create a data source of files that stay "
                "as they are"
            ) from None
        if code in ELSEWHERE_CODES:
            raise DataRefused(f"{location} is in another region than the service") from None
        raise


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data file as it was when the work began."""

    bucket: str
    key: str
    etag: str
    size: int
    """Bytes."""

    @property
    def location(self) -> Location:
        return Location(self.bucket, self.key)


@dataclass(frozen=True, slots=True)
class UserData:
    """Reads users' buckets. Every method raises leaves of `WorkRefused`, or `AwsBusy`."""

    s3: "S3Client"
    max_file_bytes: int
    """The most that one data file may have."""

    def files(self, location: Location) -> list[DataFile]:
        """The data files at a location: the file itself, or those directly in the folder."""
        found = list(self._found(location))
        if not found:
            raise DataRefused(f"There are no data files at {location}")
        if len(found) > MOST_FILES:
            raise DataRefused(f"{location} holds more than {MOST_FILES:,} data files")
        together = sum(each.size for each in found)
        if together > MOST_DATA_BYTES:
            raise DataRefused(
                f"The data files at {location} have {together:,} bytes together; at most "
                f"{MOST_DATA_BYTES:,} are allowed. Make several data sources of them"
            )
        for each in found:
            if each.size > self.max_file_bytes:
                raise DataRefused(
                    f"{each.location} has {each.size:,} bytes; at most {self.max_file_bytes:,} "
                    "are allowed. Split it into several files"
                )
        return found

    def _found(self, location: Location) -> Iterator[DataFile]:
        if not location.is_folder:
            try:
                with in_owners_words(location, "s3:GetObject"):
                    head = self.s3.head_object(Bucket=location.bucket, Key=location.key)
            except DataRefused:
                # A folder's name may come without its slash.
                yield from self._in_folder(Location(location.bucket, location.key + "/"))
                return
            if head["ContentLength"]:
                yield DataFile(location.bucket, location.key, head["ETag"], head["ContentLength"])
            return
        yield from self._in_folder(location)

    def _in_folder(self, folder: Location) -> Iterator[DataFile]:
        with in_owners_words(folder, "s3:ListBucket"):
            pages = self.s3.get_paginator("list_objects_v2").paginate(
                Bucket=folder.bucket, Prefix=folder.key, Delimiter="/"
            )
            objects = [each for page in pages for each in page.get("Contents", [])]
        for each in objects:
            if each["Size"] and not each["Key"].endswith(("/", SCHEMA_SUFFIX)):
                yield DataFile(folder.bucket, each["Key"], each["ETag"], each["Size"])

    def schema_text(self, location: Location) -> str:
        with in_owners_words(location, "s3:GetObject"):
            answer = self.s3.get_object(Bucket=location.bucket, Key=location.key)
            if answer["ContentLength"] > MOST_SCHEMA_BYTES:
                raise SchemaFault(f"{location} is longer than {MOST_SCHEMA_BYTES:,} bytes")
            content = answer["Body"].read()
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise SchemaFault(f"{location} is not UTF-8") from None

    def check_header(self, file: DataFile, schema: Schema) -> None:
        """That a file's first line names the schema's attributes, where it must have one."""
        if not schema.has_header:
            return
        first = next(owned_lines(self.blocks(file, 0, 1), start=0, end=1), b"")
        try:
            names = values_of(None if first is None else first.removeprefix(UTF8_BOM))
        except CsvLineFault as fault:
            raise DataRefused(f"The header line of {file.location} {fault}") from None
        if tuple(name.strip() for name in names) != schema.attributes:
            raise DataRefused(
                f"The header line of {file.location} does not name the schema's attributes in "
                f"their order: {','.join(schema.attributes)[:1000]}"
            )

    def blocks(self, file: DataFile, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` on: up to `end` in large blocks, then in small ones."""
        while start < file.size:
            step = min(BLOCK_BYTES, end - start) if start < end else TAIL_BYTES
            last = min(start + max(step, MAX_LINE_BYTES), file.size) - 1
            with in_owners_words(file.location, "s3:GetObject"):
                block = self.s3.get_object(
                    Bucket=file.bucket,
                    Key=file.key,
                    IfMatch=file.etag,
                    Range=f"bytes={start}-{last}",
                )["Body"].read()
            yield block
            start += len(block)
