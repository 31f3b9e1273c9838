"""Reads, writes and deletes objects of the results bucket: small ones whole, others by ranges."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, IncompleteReadError

from pipeline.aws import aws_busy_as_try_again
from pipeline.errors import AwsBusy
from shared.aws_errors import code_of
from shared.received_json import read_object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


OUTPUT_NAME, METADATA_NAME = "output.jsonl", "metadata.json"

PIECES = ".pieces/"  # apart from all results, so that a lifecycle rule can end them; no topic's
# name begins with a dot; ours
MAX_DELETED = 1000  # S3's limit of one DeleteObjects
OTHER_CODES = frozenset({"NoSuchKey", "404", "PreconditionFailed", "412", "InvalidRange", "416"})
"""S3 answers so where there is no such object, another ETag than was asked for, or fewer bytes."""


class FileChanged(Exception):
    """An object of the results bucket is gone, or is not the one that was meant."""


@dataclass(frozen=True, slots=True)
class StoredRange:
    """A range of a stored object: its bytes, the object's ETag (quoted) and its whole length."""

    content: bytes
    etag: str
    total: int


@dataclass(frozen=True, slots=True)
class ResultsBucket:
    """The bucket of results; it encrypts by its own default. Every method may raise `AwsBusy`."""

    s3: "S3Client"
    name: str

    def put_json(self, key: str, document: Mapping[str, Any]) -> None:
        """Writes a document for people and programs."""
        self.put(key, (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode())

    def put(self, key: str, content: bytes) -> None:
        """Writes a document that is JSON already."""
        with aws_busy_as_try_again():
            self.s3.put_object(
                Bucket=self.name, Key=key, Body=content, ContentType="application/json"
            )

    def read(self, key: str, first: int, last: int, etag: str | None = None) -> StoredRange:
        """Reads the bytes `first` to `last`, both included; with an `etag`, of that object only.

        Raises `FileChanged`."""
        pinned: Any = {} if etag is None else {"IfMatch": etag}
        with aws_busy_as_try_again(), file_changed():
            try:
                answer = self.s3.get_object(
                    Bucket=self.name, Key=key, Range=f"bytes={first}-{last}", **pinned
                )
                with answer["Body"] as body:
                    content = body.read()
            except IncompleteReadError:
                raise AwsBusy(f"the connection to S3 was lost while reading {key}") from None
        total = int(answer["ContentRange"].rpartition("/")[2])
        if len(content) != last - first + 1:
            raise FileChanged
        return StoredRange(content, answer["ETag"], total)

    def delete(self, keys: Sequence[str]) -> None:
        """Removes objects; harmless where they are gone. The bucket keeps them a while."""
        for start in range(0, len(keys), MAX_DELETED):
            some: Any = [{"Key": key} for key in keys[start : start + MAX_DELETED]]
            with aws_busy_as_try_again():
                answer = self.s3.delete_objects(
                    Bucket=self.name, Delete={"Objects": some, "Quiet": True}
                )
                for fault in answer.get("Errors", []):
                    raise ClientError({"Error": fault}, "DeleteObjects")

    def get_json(self, key: str) -> dict[str, Any] | None:
        """Reads a document; None where there is none. Raises `JsonFault`."""
        content = self.get(key)
        return None if content is None else read_object(content)

    def get(self, key: str) -> bytes | None:
        """Reads a whole object, which is small; None where there is none."""
        with aws_busy_as_try_again():
            try:
                return self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()
            except ClientError as error:
                if code_of(error) not in ("NoSuchKey", "404"):
                    raise
                return None


def folder_of_results(results_prefix: str, piece: int | None) -> str:
    """The prefix of a part's results: of a drop, or of a piece until the pieces are joined."""
    return results_prefix if piece is None else f"{PIECES}{results_prefix}{piece:04d}/"


def key_of_output(results_prefix: str, piece: int | None, *, distinct: bool | None) -> str:
    """Where a part's output is put: below `PIECES`, too, where it is `distinct`, until it is
    expanded."""
    folder = folder_of_results(results_prefix, piece)
    return f"{PIECES if distinct and piece is None else ''}{folder}{OUTPUT_NAME}"


@contextmanager
def file_changed() -> Iterator[None]:
    """Raises `FileChanged` in place of S3's answers for another object or none."""
    try:
        yield
    except ClientError as error:
        if code_of(error) not in OTHER_CODES:
            raise
        raise FileChanged from None
