"""The ledger of drops: each is accepted once, started once, and ends with one announcement.

Item `drop#<drop id>`/`drop`: state accepted → started → ended. It keeps what was told, so that
telling again says the same. No URL, token, secret or line of a drop is ever in here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from pipeline.clock import Clock
from pipeline.ledger import Item, Ledger
from pipeline.states import Drop

KEPT_SECONDS = 400 * 86_400  # ours: a year of drops and then some stays readable
SK = "drop"
TRIES = 10  # ours: conditional writes lost in a row; two at once is the most that happens


class DropState(StrEnum):
    ACCEPTED = "accepted"
    """Seen; its execution may not have been started yet."""
    STARTED = "started"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a drop ended and what was told about it."""

    status: str
    """complete, failed, timed_out or rejected."""
    body: Mapping[str, Any] = field(repr=False)
    """The notification's body."""
    rescued: bool
    """Told because the execution died; another ending may follow when it is redriven."""


@dataclass(frozen=True, slots=True)
class DropRecord:
    """A drop as the ledger knows it."""

    state: DropState
    ending: Ending | None
    endings: int
    """How often an ending was written."""

    @classmethod
    def from_item(cls, item: Item) -> Self:
        ending = item.get("ending")
        return cls(
            state=DropState(item.get("state", DropState.ACCEPTED)),
            ending=None if ending is None else Ending(**ending),
            endings=item.get("endings", 0),
        )


@dataclass(frozen=True, slots=True)
class Drops:
    """The drops' items. All methods may raise `AwsBusy`."""

    ledger: Ledger
    clock: Clock

    def accept(self, drop: Drop) -> DropState | None:
        """Takes a drop once: None the first time, its state ever after."""
        taken = self.ledger.put_new(
            {
                "pk": _pk(drop.drop_id),
                "sk": SK,
                "state": DropState.ACCEPTED.value,
                "accepted_at": self.clock.iso(),
                "bucket": drop.bucket,
                "key": drop.key,
                "version_id": drop.version_id,
                "size": drop.size,
                "topic": drop.topic,
                "model": drop.model,
                "results_prefix": drop.results_prefix,
                "dropped_at": drop.dropped_at,
                "expires_at": int(self.clock.seconds()) + KEPT_SECONDS,
            }
        )
        if taken:
            return None
        record = self.record(drop.drop_id)
        return DropState.ACCEPTED if record is None else record.state

    def started(self, drop_id: str, execution: str) -> None:
        """Its execution runs; a drop that has ended meanwhile stays ended."""
        self.ledger.update(
            _pk(drop_id),
            SK,
            set={
                "state": DropState.STARTED.value,
                "execution": execution,
                "started_at": self.clock.iso(),
            },
            when="#state = :accepted",
            names={"#state": "state"},
            values={":accepted": DropState.ACCEPTED.value},
        )

    def record(self, drop_id: str) -> DropRecord | None:
        item = self.ledger.get(_pk(drop_id), SK)
        return None if item is None else DropRecord.from_item(item)

    def end(self, drop_id: str, ending: Ending) -> tuple[Ending, bool]:
        """Writes how a drop ended; gives the ending that counts, and whether it is this one.

        The first ending counts, so that whatever runs twice tells the same twice. Only an
        ending told by a rescue gives way: the redriven execution knows better, and a second
        rescue knows the later error.
        """
        for _ in range(TRIES):
            record = self.record(drop_id)
            earlier = record.ending if record is not None else None
            if earlier is not None and not earlier.rescued:
                return earlier, False
            seen = record.endings if record is not None else 0
            if self._write(drop_id, ending, seen):
                return ending, earlier is None or earlier.status != ending.status
        raise RuntimeError(f"the ending of drop {drop_id} is being written by too many at once")

    def _write(self, drop_id: str, ending: Ending, seen: int) -> bool:
        return self.ledger.update(
            _pk(drop_id),
            SK,
            set={
                "state": DropState.ENDED.value,
                "ended_at": self.clock.iso(),
                "endings": seen + 1,
                "ending": {
                    "status": ending.status,
                    "body": dict(ending.body),
                    "rescued": ending.rescued,
                },
                "expires_at": int(self.clock.seconds()) + KEPT_SECONDS,
            },
            when="attribute_not_exists(#endings) OR #endings = :seen",
            names={"#endings": "endings"},
            values={":seen": seen},
        )


def _pk(drop_id: str) -> str:
    return f"drop#{drop_id}"
