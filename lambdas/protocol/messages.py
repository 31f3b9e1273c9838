"""The bodies of the service's answers, as types whose reprs show no secrets.

Each message has `from_json` (a decoded JSON body; raises `MalformedMessage`) and `to_json`.
Presigned URLs are secrets: their holder may read or write the file. They are therefore left out of
every repr, so that no log line or exception text can hold them by accident.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from protocol.statuses import OperationStatus

RECORD_COUNTS = "recordCounts"
"""The key of `record_counts` in an operation's metadata file; our CodingService's own."""


class MalformedMessage(ValueError):
    """An answer lacks a documented field or has it with another type. The text names the field."""


LONGEST_ID = 200  # characters; a GUID has 36, and an id travels in states and messages; ours


def _text(body: Any, name: str) -> str:
    value = body.get(name) if isinstance(body, Mapping) else None
    if not isinstance(value, str):
        raise MalformedMessage(f"the service's answer has no text field {name!r}")
    return value


def _id(body: Any, name: str) -> str:
    value = _text(body, name)
    if len(value) > LONGEST_ID:
        raise MalformedMessage(
            f"the service's answer has {len(value):,} characters in {name!r}, which is an id"
        )
    return value


def _optional_text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise MalformedMessage(f"the service's answer has {name!r}, but not as text")
    return value


@dataclass(frozen=True, slots=True)
class Topic:
    """A classification that the service codes to, e.g. `anzsco`."""

    uri_name: str
    full_name: str

    @classmethod
    def from_json(cls, body: Any) -> Self:
        return cls(uri_name=_text(body, "uriName"), full_name=_text(body, "fullName"))

    def to_json(self) -> dict[str, Any]:
        return {"uriName": self.uri_name, "fullName": self.full_name}


@dataclass(frozen=True, slots=True)
class Model:
    """A trained model of a topic; also the content of an operation's metadata file."""

    model_id: str
    """GUID."""
    model_version: float
    model_release_date: str
    """ISO 8601."""
    model_type: str
    """The family, e.g. `hsvm`."""
    input_format: tuple[str, ...]
    """Names of the text fields that each record must have."""
    topic_standard: str
    topic_version: str

    @classmethod
    def from_json(cls, body: Any) -> Self:
        fields = body.get("inputFormat") if isinstance(body, Mapping) else None
        if not isinstance(fields, list) or not all(isinstance(name, str) for name in fields):
            raise MalformedMessage("the service's answer has no list of names 'inputFormat'")
        version = body.get("modelVersion")
        if isinstance(version, bool) or not isinstance(version, int | float):
            raise MalformedMessage("the service's answer has no number 'modelVersion'")
        return cls(
            model_id=_id(body, "modelId"),
            model_version=version,
            model_release_date=_text(body, "modelReleaseDate"),
            model_type=_text(body, "modelType"),
            input_format=tuple(fields),
            topic_standard=_text(body, "topicStandard"),
            topic_version=_text(body, "topicVersion"),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "modelId": self.model_id,
            "modelVersion": self.model_version,
            "modelReleaseDate": self.model_release_date,
            "modelType": self.model_type,
            "inputFormat": list(self.input_format),
            "topicStandard": self.topic_standard,
            "topicVersion": self.topic_version,
        }


def record_counts(*, records: int, coded: int, suggested: int, nothing: int) -> dict[str, int]:
    """The counts of an operation's records, as its metadata file has them beside the model."""
    return {
        "records": records,
        "coded": coded,
        "suggested": suggested,
        "nothingToCode": nothing,
    }


@dataclass(frozen=True, slots=True)
class CreatedOperation:
    """The answer to `POST …/batch-code`."""

    operation_id: str
    """GUID."""
    request_upload_url: str = field(repr=False)
    """Presigned PUT; a secret."""
    bucket_kms_key_arn: str
    """Goes into the header `x-amz-server-side-encryption-aws-kms-key-id` of the PUT."""

    @classmethod
    def from_json(cls, body: Any) -> Self:
        return cls(
            operation_id=_id(body, "operationId"),
            request_upload_url=_text(body, "requestUploadUrl"),
            bucket_kms_key_arn=_text(body, "bucketKmsKeyArn"),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "requestUploadUrl": self.request_upload_url,
            "operationId": self.operation_id,
            "bucketKmsKeyArn": self.bucket_kms_key_arn,
        }


@dataclass(frozen=True, slots=True)
class OperationState:
    """The answer to `GET …/batch-code/operations/{operation_id}`."""

    status: OperationStatus
    response_download_url: str | None = field(default=None, repr=False)
    """Presigned GET of the coded lines, valid for one hour; a secret. With `complete` only."""
    metadata_download_url: str | None = field(default=None, repr=False)
    """Presigned GET of the model's metadata; a secret. With `complete` only."""
    error: str | None = None
    """Why inference failed. With `failed`; with `complete` only where the files are gone."""

    @classmethod
    def from_json(cls, body: Any) -> Self:
        text = _text(body, "operationStatus")
        try:
            status = OperationStatus(text)
        except ValueError:
            raise MalformedMessage(
                "the service's answer has an operationStatus that is not documented"
            ) from None
        return cls(
            status=status,
            response_download_url=_optional_text(body, "responseDownloadUrl"),
            metadata_download_url=_optional_text(body, "metadataDownloadUrl"),
            error=_optional_text(body, "error"),
        )

    def to_json(self) -> dict[str, Any]:
        body = {
            "operationStatus": str(self.status),
            "responseDownloadUrl": self.response_download_url,
            "metadataDownloadUrl": self.metadata_download_url,
            "error": self.error,
        }
        return {name: value for name, value in body.items() if value is not None}
