"""The state that the state machine hands from step to step, without any of the file's content."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, astuple, dataclass
from enum import StrEnum
from typing import Any, Self

from protocol.messages import record_counts


class StepStatus(StrEnum):
    """`status` of the state's `progress`, which the state machine's choices read."""

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
    """The counts of a coded range, or of all ranges together."""

    records: int
    """Lines of input."""
    coded: int
    """Records with a result."""
    suggested: int
    """Records with suggestions."""
    nothing: int
    """Records with nothing to code."""
    output_bytes: int
    """Stored."""

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        return cls(
            state["records"],
            state["coded"],
            state["suggested"],
            state.get("nothing", 0),  # states from before have none
            state["output_bytes"],
        )

    @classmethod
    def together(cls, ranges: "Iterable[Coded]") -> Self:
        """The sums of all ranges' counts."""
        return cls(*map(sum, zip(*map(astuple, ranges), strict=True)))

    def to_state(self) -> dict[str, Any]:
        return {"status": str(StepStatus.CODED), **self.counts()}

    def counts(self) -> dict[str, int]:
        """The counts by the names of the operation's attributes."""
        return asdict(self)

    def record_counts(self) -> dict[str, int]:
        """The counts as the operation's metadata file has them."""
        return record_counts(
            records=self.records,
            coded=self.coded,
            suggested=self.suggested,
            nothing=self.nothing,
        )
