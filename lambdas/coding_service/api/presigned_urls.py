"""Presigned URLs: secrets that let any holder read or write one object for a while.

A URL dies with the credentials that signed it, and a function's credentials last some hours.
A window longer than that ends early: S3 answers `ExpiredToken`, and the operation times out.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coding_service.operations.operation import input_key, metadata_key, output_key

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

DOWNLOAD_SECONDS = 3_600  # "The link will expire after one hour": the service's batch page


@dataclass(frozen=True, slots=True)
class Presigner:
    """Signs the URLs of an operation's files, without a call to AWS."""

    s3: "S3Client"
    input_bucket: str
    output_bucket: str
    input_key_arn: str

    def upload_url(self, operation_id: str, *, seconds: int) -> str:
        """The URL of a PUT, valid only with the two encryption headers of the batch page."""
        return self.s3.generate_presigned_url(
            "put_object",
            Params={
                "Bucket": self.input_bucket,
                "Key": input_key(operation_id),
                "ServerSideEncryption": "aws:kms",
                "SSEKMSKeyId": self.input_key_arn,
            },
            ExpiresIn=seconds,
        )

    def output_url(self, operation_id: str) -> str:
        return self._download(output_key(operation_id))

    def metadata_url(self, operation_id: str) -> str:
        return self._download(metadata_key(operation_id))

    def _download(self, key: str) -> str:
        return self.s3.generate_presigned_url(
            "get_object",
            Params={"Bucket": self.output_bucket, "Key": key},
            ExpiresIn=DOWNLOAD_SECONDS,
        )
