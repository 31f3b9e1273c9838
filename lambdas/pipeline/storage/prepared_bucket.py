"""The bucket of prepared files: what Prepare makes of a drop, and what Finish keeps while it joins.

    <drop id>/<attempt>/unpacked        the content of a packed file
    <drop id>/<attempt>/input.jsonl     the rows in the form that the service takes
    <drop id>/<attempt>/table.json      what is known of the file as a table
    <drop id>/<attempt>/….checkpoint    how far a file has been written
    <drop id>/finish/….checkpoint

Each attempt to prepare a drop has a folder of its own, so that one never reads what another one
writes. Everything in it ends by itself after some weeks (`infra/pipeline/prepare.py`).
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pipeline.aws import aws_busy_as_try_again
from pipeline.domain.drop import UNVERSIONED, StoredObject
from shared.aws_errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UNPACKED, INPUT, TABLE = "unpacked", "input.jsonl", "table.json"
ABSENT_CODES = frozenset({"NoSuchKey", "404"})


@dataclass(frozen=True, slots=True)
class PreparedBucket:
    """Reads and writes its small documents. Every method may raise `AwsBusy`."""

    s3: "S3Client"
    name: str

    def put_json(self, key: str, document: bytes) -> None:
        """Writes a document that is JSON already."""
        with aws_busy_as_try_again():
            self.s3.put_object(
                Bucket=self.name, Key=key, Body=document, ContentType="application/json"
            )

    def get_json(self, key: str) -> bytes | None:
        """A document as it was written; None where there is none."""
        with aws_busy_as_try_again():
            try:
                return self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()
            except ClientError as error:
                if code_of(error) not in ABSENT_CODES:
                    raise
                return None

    def delete(self, key: str) -> None:
        """Deletes an object; harmless where it is gone."""
        with aws_busy_as_try_again():
            self.s3.delete_object(Bucket=self.name, Key=key)


def stored_object(s3: "S3Client", bucket: str, key: str) -> StoredObject | None:
    """The newest version of an object; None where there is none. Raises `AwsBusy`."""
    with aws_busy_as_try_again():
        try:
            head = s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if code_of(error) not in ABSENT_CODES:
                raise
            return None
    return StoredObject(
        bucket=bucket,
        key=key,
        version_id=head.get("VersionId", UNVERSIONED),
        etag=head["ETag"].strip('"'),
        size=head["ContentLength"],
    )


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a file has been written. Its methods may raise `AwsBusy`."""

    bucket: PreparedBucket
    key: str

    def load(self) -> dict[str, Any] | None:
        """What was kept last; None where nothing was."""
        kept = self.bucket.get_json(self.key)
        return None if kept is None else json.loads(kept)

    def keep(self, state: dict[str, Any]) -> None:
        """Keeps a state, over an earlier one."""
        self.bucket.put_json(self.key, json.dumps(state).encode())

    def forget(self) -> None:
        """Forgets what was kept."""
        self.bucket.delete(self.key)
