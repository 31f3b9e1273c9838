"""What is known of the data that was sent and collected; the ledger keeps it, manifests say it."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec

from protocol.messages import LONGEST_ID, RECORD_COUNTS, record_counts
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
    """What was collected. `crc32` is 8 hex digits; coded + suggested + nothing = records."""

    key: str
    bytes: int
    records: int
    crc32: str
    record_id_digest: str
    coded: int
    suggested: int
    nothing: int = 0
    """Records with nothing to code: with neither a result nor a suggestion."""

    def record_counts(self) -> dict[str, int]:
        """The counts as our service's metadata file has them."""
        return record_counts(
            records=self.records,
            coded=self.coded,
            suggested=self.suggested,
            nothing=self.nothing,
        )


@dataclass(frozen=True, slots=True)
class MetadataFacts:
    """The metadata file and what it says of the model."""

    key: str
    """Empty where it is not stored yet."""
    bytes: int
    sha256: str
    model: dict[str, Any]

    @property
    def model_id(self) -> str | None:
        """The model's id, as it is told; None where the file names none."""
        named = self.model.get("modelId")
        return cut(str(named), LONGEST_ID) if named else None

    def counting(self, output: OutputFacts) -> dict[str, Any]:
        """What it says, with the counts of this output where it has those of another; `model`
        itself where it has none."""
        if RECORD_COUNTS not in self.model:
            return self.model
        return self.model | {RECORD_COUNTS: output.record_counts()}


def metadata_facts(key: str, content: bytes, model: dict[str, Any]) -> MetadataFacts:
    """The facts of a metadata file with this content, which says `model`."""
    return MetadataFacts(key, len(content), sha256(content).hexdigest(), model)


def metadata_file(key: str, model: dict[str, Any]) -> tuple[MetadataFacts, bytes]:
    """The facts of a metadata file that says `model`, and its content, as our service writes it."""
    content = msgspec.json.encode(model)
    return metadata_facts(key, content, model), content
