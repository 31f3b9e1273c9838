"""Small JSON documents in the results bucket."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.aws_errors import aws_busy_as_try_again

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class ResultsBucket:
    """Where results go; encrypted by the bucket's own default."""

    s3: "S3Client"
    name: str

    def put_json(self, key: str, document: Mapping[str, Any]) -> None:
        """Writes a document for people and programs. Raises `AwsBusy`."""
        with aws_busy_as_try_again():
            self.s3.put_object(
                Bucket=self.name,
                Key=key,
                Body=(json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode(),
                ContentType="application/json",
            )
