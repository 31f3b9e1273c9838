"""What is known of the data that was sent and collected; the ledger keeps it, manifests say it."""

from dataclasses import dataclass
from typing import Any

from protocol.messages import LONGEST_ID
from protocol.short_texts import cut


@dataclass(frozen=True, slots=True)
class InputFacts:
    """What was sent: the file's bytes from `first_byte` to `last_byte`, both included."""

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

    @property
    def model_id(self) -> str | None:
        """The model's id, as it is told; None where the file names none."""
        named = self.model.get("modelId")
        return cut(str(named), LONGEST_ID) if named else None
