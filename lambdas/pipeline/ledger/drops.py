"""The ledger of drops: each is accepted once, is in one execution, and ends with one notification.

Item `drop#<drop id>`/`drop`: state accepted → ended. It says what the drop is, which execution it
is assigned to, and what was notified, so that a repeated notification says the same. No URL, token,
secret or line of a drop is ever in here.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from msgspec import convert, to_builtins

from pipeline.clock import Clock
from pipeline.domain.drop import Drop
from pipeline.ledger.table import Ledger

KEPT_SECONDS = 400 * 86_400  # a year of drops and then some stays readable; ours
SK = "drop"
FACTS = (
    *("bucket", "key", "version_id", "size", "etag"),
    *("topic", "model", "results_prefix", "dropped_at", "prepared", "table", "distinct", "reviews"),
)
"""The fields of a `Drop` that the ledger keeps: all but how it ends."""
TRIES = 10  # conditional writes refused in a row; two at once is the most that happens; ours


class DropState(StrEnum):
    ACCEPTED = "accepted"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a drop ended, and the notification of that."""

    status: str
    """complete, failed, timed_out or rejected."""
    body: Mapping[str, Any] = field(repr=False)
    """The notification's body."""
    rescued: bool
    """Whether report_failure wrote it because the execution failed; an ending of the redriven
    execution may replace it."""
    execution: str = ""
    """The name of the execution that ended it."""

    def stands(self, execution: str, *, reports_failure: bool) -> bool:
        """Whether this ending stays when `execution` ends the drop again.

        `reports_failure` says whether the new ending would be one of report_failure.

            this ending is by          | the new ending is by        | stays
            report_failure             | any                         | no
            any other, and is complete | any                         | yes
            any other                  | report_failure              | yes
            any other                  | the same execution, retried | yes
            any other                  | a later execution           | no
        """
        if self.rescued:
            return False
        return reports_failure or self.status == "complete" or self.execution == execution


@dataclass(frozen=True, slots=True)
class DropRecord:
    """A drop as the ledger knows it."""

    state: DropState = DropState.ACCEPTED
    execution: str | None = None
    """The name of the execution that the drop is assigned to; None until it is to one."""
    ending: Ending | None = None
    endings: int = 0
    """How many endings were written."""


@dataclass(frozen=True, slots=True)
class Drops:
    """The drops' items. All methods may raise `AwsBusy`."""

    ledger: Ledger
    clock: Clock

    def accept(self, drop: Drop) -> DropRecord | None:
        """Writes a drop unless it is there already; gives what the ledger knew, None: nothing."""
        facts = drop.to_state()
        new = self.ledger.put_new(
            {
                "pk": _pk(drop.drop_id),
                "sk": SK,
                "state": DropState.ACCEPTED.value,
                "accepted_at": self.clock.iso(),
                **{name: facts[name] for name in FACTS if name in facts},
                "expires_at": int(self.clock.seconds()) + KEPT_SECONDS,
            }
        )
        return None if new else self.record(drop.drop_id)

    def assign(self, drop_id: str, execution: str, *, instead_of: str | None = None) -> bool:
        """Writes which execution the drop is in, before that is started.

        False where it is in another one already, unless that is `instead_of`."""
        return self.ledger.update(
            _pk(drop_id),
            SK,
            set={"execution": execution, "claimed_at": self.clock.iso()},
            when="attribute_not_exists(#execution) OR #execution IN (:execution, :instead_of)",
            names={"#execution": "execution"},
            values={":execution": execution, ":instead_of": instead_of or execution},
        )

    def known(self, drop_ids: Iterable[str]) -> Mapping[str, Drop]:
        """The drops of these ids, as they were accepted; without those the ledger lacks."""
        items = self.ledger.get_many((_pk(drop_id), SK) for drop_id in drop_ids)
        return {
            each["pk"].removeprefix("drop#"): Drop.from_state(
                {**each, "drop_id": each["pk"].removeprefix("drop#")}
            )
            for each in items
        }

    def pinned_model(self, drop_id: str, model_id: str) -> str:
        """The model that codes all pieces of the drop's file: the first that was proposed."""
        self.ledger.update(
            _pk(drop_id),
            SK,
            set={"pinned_model": model_id},
            when="attribute_not_exists(#pinned)",
            names={"#pinned": "pinned_model"},
        )
        item = self.ledger.get(_pk(drop_id), SK) or {}
        return str(item.get("pinned_model", model_id))

    def joining(self, drop_id: str) -> dict[str, Any]:
        """How far the drop's results have been joined or expanded; what does so in `finish` knows
        the form."""
        kept = (self.ledger.get(_pk(drop_id), SK) or {}).get("joining")
        found: dict[str, Any] = json.loads(kept) if kept else {}
        return found

    def keep_joining(self, drop_id: str, checkpoint: Mapping[str, Any]) -> None:
        self.ledger.update(_pk(drop_id), SK, set={"joining": json.dumps(checkpoint)})

    def keep_learned(self, drop_id: str, learned: Mapping[str, Any]) -> None:
        """Keeps what a dictionary's `version` will have learned of a review, before it is written;
        a run that is late, and says it of an earlier version, replaces nothing."""
        self.ledger.update(
            _pk(drop_id),
            SK,
            set={"learned": learned},
            when="attribute_not_exists(#learned) OR #learned.#version < :version",
            names={"#learned": "learned", "#version": "version"},
            values={":version": learned["version"]},
        )

    def learned(self, drop_id: str) -> dict[str, Any] | None:
        """What was kept so; None where no version had anything to learn."""
        found: dict[str, Any] | None = (self.ledger.get(_pk(drop_id), SK) or {}).get("learned")
        return found

    def record(self, drop_id: str) -> DropRecord | None:
        item = self.ledger.get(_pk(drop_id), SK)
        return None if item is None else convert(item, DropRecord)

    def end(self, drop_id: str, ending: Ending) -> tuple[Ending, bool]:
        """Writes how a drop ended; gives the ending that counts, and whether its status is new.

        An ending that `stands` counts, so that whatever runs twice sends the same twice.
        """
        for _ in range(TRIES):
            record = self.record(drop_id)
            earlier = record.ending if record is not None else None
            if earlier is not None and earlier.stands(
                ending.execution, reports_failure=ending.rescued
            ):
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
                "ending": to_builtins(ending),
                "expires_at": int(self.clock.seconds()) + KEPT_SECONDS,
            },
            when="attribute_not_exists(#endings) OR #endings = :seen",
            names={"#endings": "endings"},
            values={":seen": seen},
        )


def _pk(drop_id: str) -> str:
    return f"drop#{drop_id}"
