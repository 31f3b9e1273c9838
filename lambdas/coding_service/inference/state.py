"""What the state machine carries from one step to the next, and nothing of the file's content."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self


class Stage(StrEnum):
    """The word that the state machine's choices go by."""

    SMALL = "small"
    """This upload is the one to code, and small enough for one function."""
    LARGE = "large"
    """This upload is the one to code, in ranges."""
    UNWANTED = "unwanted"
    """The operation takes no upload any more; this one was deleted."""
    CUT = "cut"
    """The ranges are known."""
    CODED = "coded"
    """The whole output is stored."""
    COMPLETE = "complete"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Coded:
    """What came of a range, or of all ranges together.

    :ivar records: lines of input. :ivar coded: records with a result.
    :ivar suggested: records with suggestions. :ivar output_bytes: stored.
    """

    records: int
    coded: int
    suggested: int
    output_bytes: int

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        return cls(state["records"], state["coded"], state["suggested"], state["output_bytes"])

    @classmethod
    def together(cls, ranges: "Iterable[Coded]") -> Self:
        """The sums over ranges."""
        summed = [(each.records, each.coded, each.suggested, each.output_bytes) for each in ranges]
        records, coded, suggested, output_bytes = map(sum, zip(*summed, strict=True))
        return cls(records, coded, suggested, output_bytes)

    def to_state(self) -> dict[str, Any]:
        return {"status": str(Stage.CODED), **self.counts()}

    def counts(self) -> dict[str, int]:
        """What the operation keeps of it."""
        return asdict(self)
