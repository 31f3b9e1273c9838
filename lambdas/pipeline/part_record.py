"""What the ledger knows of a part: how far its operation has come, what went in and came out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self


class AttemptState(StrEnum):
    """How far the current attempt has come."""

    IDLE = "idle"
    """No operation is being tried."""
    CREATING = "creating"
    """The create call was due; if the invocation died here, an operation may exist unused."""
    CREATED = "created"
    UPLOADING = "uploading"
    """Bytes were sent, never the last one: the service has no input."""
    CLOSING = "closing"
    """The last byte was due: only the operation's status says whether it arrived."""
    UPLOADED = "uploaded"


@dataclass(frozen=True, slots=True)
class InputFacts:
    """What was sent: `bytes` long, from `first_byte` to `last_byte` (both included)."""

    bytes: int
    records: int
    sha256: str
    record_id_digest: str
    first_byte: int
    last_byte: int
    has_record_id: bool | None = None
    """Whether the lines have recordIds; None where that was not noted."""


@dataclass(frozen=True, slots=True)
class OutputFacts:
    """What was collected. `crc32` is 8 hex digits; coded + suggested = records."""

    key: str
    bytes: int
    records: int
    crc32: str
    record_id_digest: str
    coded: int
    suggested: int


@dataclass(frozen=True, slots=True)
class MetadataFacts:
    """The copied metadata file and what it says of the model, as the service wrote it."""

    key: str
    bytes: int
    sha256: str
    model: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PartRecord:
    """A part as the ledger knows it; all empty where nothing has been tried."""

    part_id: str
    state: AttemptState = AttemptState.IDLE
    attempt: int = 0
    """1 for the first operation; counts those that were abandoned too."""
    operation_id: str | None = None
    closing_at: str | None = None
    """ISO 8601, when the last byte was due."""
    uploaded_at: str | None = None
    """ISO 8601, when the upload was acknowledged (or found to have arrived)."""
    input: InputFacts | None = None
    output: OutputFacts | None = None
    metadata: MetadataFacts | None = None
    collection: dict[str, Any] | None = field(default=None, repr=False)
    """The checkpoint of an unfinished collection; its form is `collecting`'s."""

    @classmethod
    def from_item(cls, part_id: str, item: Mapping[str, Any]) -> Self:
        def facts(name: str) -> Any:
            return json.loads(item[name]) if name in item else None

        sent, output, metadata = facts("input"), facts("output"), facts("metadata")
        return cls(
            part_id=part_id,
            state=AttemptState(item.get("state", AttemptState.IDLE)),
            attempt=int(item.get("attempt", 0)),
            operation_id=item.get("operation_id"),
            closing_at=item.get("closing_at"),
            uploaded_at=item.get("uploaded_at"),
            input=InputFacts(**sent) if sent else None,
            output=OutputFacts(**output) if output else None,
            metadata=MetadataFacts(**metadata) if metadata else None,
            collection=facts("collection"),
        )
