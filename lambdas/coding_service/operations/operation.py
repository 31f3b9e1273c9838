"""An operation of the batch API: one request to code one file, from creation to deletion."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Self

from protocol.messages import Model
from protocol.statuses import OperationStatus

KEPT_SECONDS = 30 * 86_400  # a status can be asked for so long, and is a 404 then; ours
PREFIX = "operation#"
INPUT_NAME, OUTPUT_NAME, METADATA_NAME = "input.jsonl", "output.jsonl", "metadata.json"


def as_guid(text: str) -> str | None:
    """`text` in the canonical form of a GUID, or None if it is not one."""
    try:
        guid = str(uuid.UUID(text))
    except ValueError:
        return None
    return guid if guid == text.lower() else None


def input_key(operation_id: str) -> str:
    return f"{operation_id}/{INPUT_NAME}"


def output_key(operation_id: str) -> str:
    return f"{operation_id}/{OUTPUT_NAME}"


def piece_key(operation_id: str, index: int) -> str:
    """The key of a range's output before it is joined."""
    return f"{operation_id}/pieces/{index:05}.jsonl"


def metadata_key(operation_id: str) -> str:
    return f"{operation_id}/{METADATA_NAME}"


def operation_of_key(key: str) -> str | None:
    """The id of the operation that an input's key belongs to; None for a key that is no input's."""
    folder, _, name = key.partition("/")
    return as_guid(folder) if name == INPUT_NAME else None


def timestamp(seconds: float) -> str:
    """Epoch seconds as ISO 8601 in UTC, for people reading the table."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class OperationFault:
    """The error that ended the coding of a range."""

    error: str
    """The name of an error of `coding_service.errors`."""
    at: int
    """Offset in the input: of the line that failed, else of the range."""
    text: str = ""
    """The error's text for the owner; "" where it needs the line's number, yet to be counted."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An item of the operations table. Times are epoch seconds. No field holds a URL or a token."""

    operation_id: str
    client_id: str
    topic: str
    model: Model
    status: OperationStatus
    created_at: int
    upload_until: int
    """The end of the presigned PUT's validity."""
    times_out_at: int
    """The end of the allowance for an upload that began within the window."""
    execution: str | None = None
    """Name of the execution that codes it."""
    input_version: str | None = None
    ranges: int = 1
    """The number of ranges that the input was cut into."""
    fault: OperationFault | None = None
    """The fault of the first range in the file that is known to have failed."""
    finished_at: int | None = None
    results_until: int | None = None
    results_deleted: bool = False
    error: str | None = None

    @classmethod
    def created(
        cls, *, operation_id: str, client_id: str, topic: str, model: Model, now: int, window: int
    ) -> Self:
        """A new operation. An upload that begins within the window may take as long again."""
        return cls(
            operation_id=operation_id,
            client_id=client_id,
            topic=topic,
            model=model,
            status=OperationStatus.AWAITING_INPUT,
            created_at=now,
            upload_until=now + window,
            times_out_at=now + 2 * window,
        )

    @property
    def expires_at(self) -> int:
        return self.created_at + KEPT_SECONDS

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        known = {each.name for each in fields(cls)}
        values = {name: _plain(value) for name, value in item.items() if name in known}
        fault = values.get("fault")
        return cls(
            **{
                **values,
                "model": Model.from_json(values["model"]),
                "status": OperationStatus(values["status"]),
                "fault": fault and OperationFault(**fault),
            }
        )

    def to_item(self) -> dict[str, Any]:
        """The item of a new operation; later changes are conditional updates."""
        return {
            "pk": PREFIX + self.operation_id,
            "operation_id": self.operation_id,
            "client_id": self.client_id,
            "topic": self.topic,
            "model": self.model.to_json(),
            "status": str(self.status),
            "created_at": self.created_at,
            "created": timestamp(self.created_at),
            "upload_until": self.upload_until,
            "times_out_at": self.times_out_at,
            "expires_at": self.expires_at,
        }


def _plain(value: Any) -> Any:
    """A value of an item with its numbers as Python's own, where DynamoDB gives decimals."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value
