"""How far inference is: what the state machine carries from one step to the next.

Everything that a step needs to go on where another stopped, and nothing of the file's content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self


class Stage(StrEnum):
    """The word that the state machine's choices go by."""

    BEGUN = "begun"
    """This upload is the one to code."""
    UNWANTED = "unwanted"
    """The operation takes no upload any more; this one was deleted."""
    CODING = "coding"
    """Records remain."""
    CODED = "coded"
    """The whole output is stored."""
    COMPLETE = "complete"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Progress:
    """A checkpoint at a line's end.

    :ivar offset: bytes of the input that are coded and stored.
    :ivar records: lines of them.
    :ivar has_record_id: whether the file's lines have a `recordId`; None before the first.
    :ivar parts: parts of the output's multipart upload.
    :ivar output_bytes: stored so far.
    :ivar coded: records with a result. :ivar suggested: records with suggestions.
    """

    status: Stage = Stage.BEGUN
    offset: int = 0
    records: int = 0
    has_record_id: bool | None = None
    parts: int = 0
    output_bytes: int = 0
    coded: int = 0
    suggested: int = 0

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        return cls(**{**state, "status": Stage(state["status"])})

    def to_state(self) -> dict[str, Any]:
        return {**asdict(self), "status": str(self.status)}

    def counts(self) -> dict[str, int]:
        """What the operation keeps of it."""
        return {
            "records": self.records,
            "coded": self.coded,
            "suggested": self.suggested,
            "output_bytes": self.output_bytes,
        }
