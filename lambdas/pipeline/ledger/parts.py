"""The ledger of parts: which invocation holds a part, which operation counts, what it held.

Creating an operation is not idempotent, and an upload can be interrupted anywhere. So each step
is written before and after it is done, in one item of the ledger that only the invocation
holding the part's lease may change; the states are, in order:

    idle → creating → created → uploading → closing → uploaded

`uploading` is written before the first byte, `closing` before the last one, with all facts about
the input. S3 has no object until the last byte, so an attempt that died in `uploading` left
nothing behind, and one that died in `closing` may have. Only the operation named in this item is
checked and collected: at most one operation's bytes count. Ended attempts stay readable as
items `attempt#0001`… beside it. No URL, token or line of a drop is ever in here.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from msgspec import convert

from pipeline.clock import Clock
from pipeline.domain.facts import InputFacts, MetadataFacts, OutputFacts
from pipeline.domain.progress import Progress
from pipeline.errors import PartTaken
from pipeline.ledger.table import Item, Ledger

KEPT_SECONDS = 90 * 86_400  # six times the longest execution; ours
LEASE_MARGIN_SECONDS = 5.0  # clocks of two machines may differ by so much; ours
ATTEMPT_FIELDS = (
    *("operation_id", "begun_at", "closing_at", "uploaded_at"),
    *("input", "output", "metadata", "collection"),
)
"""The attributes of a part's item that belong to its current attempt alone."""
FIELDS_AS_JSON = ("input", "output", "metadata", "collection", "outcome")


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
class PartRecord:
    """A part as the ledger knows it; empty before the first attempt."""

    part_id: str
    state: AttemptState = AttemptState.IDLE
    attempt: int = 0
    """1 for the first operation; counts those that were abandoned too."""
    given_up: int = 0
    """The `attempt` at which all were given up last: the count of those that may be tried begins
    there."""
    abandoned_at: str | None = None
    """ISO 8601, when the last attempt was abandoned; None where it ended by the service's word."""
    begun_at: str | None = None
    """ISO 8601, when the current attempt's create call was due."""
    operation_id: str | None = None
    closing_at: str | None = None
    """ISO 8601, when the last byte was due."""
    uploaded_at: str | None = None
    """ISO 8601, when the upload was acknowledged (or found to have arrived)."""
    input: InputFacts | None = None
    output: OutputFacts | None = None
    metadata: MetadataFacts | None = None
    collection: dict[str, Any] | None = field(default=None, repr=False)
    """The checkpoint of an unfinished collection; its form is the collector's."""
    outcome: Progress | None = None
    """How the part ended, where it is a piece of a file: in the last execution that ended it."""

    @property
    def tried(self) -> int:
        """The attempts since all were given up last."""
        return self.attempt - self.given_up

    @classmethod
    def from_item(cls, part_id: str, item: Item) -> Self:
        texts = {name: json.loads(item[name]) for name in FIELDS_AS_JSON if name in item}
        return convert({**item, **texts, "part_id": part_id}, cls)


class PartLease:
    """One invocation's lease of a part. Each change raises `PartTaken` once the lease is lost,
    and `AwsBusy`."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        owner: str,
        record: PartRecord,
        on_lost: Callable[[float], None] = lambda _when: None,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._owner = owner
        self._on_lost = on_lost
        self.record = record
        """The part as it stands after the last change made through this lease."""

    def begin(self) -> None:
        """Writes, before the create call, the next attempt, whose operation is unknown."""
        self._change(
            {
                "state": AttemptState.CREATING,
                "attempt": self.record.attempt + 1,
                "begun_at": self._clock.iso(),
            }
        )

    def withdraw(self) -> None:
        """Removes the attempt: the create call made no operation."""
        withdrawn = {"state": AttemptState.IDLE, "attempt": self.record.attempt - 1}
        self._change(withdrawn, forget=("begun_at",))

    def refused(self) -> None:
        """Removes the attempt, and reports it lost: the create call was refused."""
        self.withdraw()
        self._on_lost(self._clock.seconds())

    def created(self, operation_id: str) -> None:
        self._change({"state": AttemptState.CREATED, "operation_id": operation_id})

    def uploading(self) -> None:
        """Writes, before the first byte, that bytes are sent."""
        self._change({"state": AttemptState.UPLOADING})

    def closing(self, sent: InputFacts) -> None:
        """Writes the facts of the input, before the last byte, which is not sent if this raises."""
        self._change(
            {
                "state": AttemptState.CLOSING,
                "input": json.dumps(asdict(sent)),
                "closing_at": self._clock.iso(),
            }
        )

    def uploaded(self, sent: InputFacts) -> None:
        """Writes that the service has the input, by its answer or by the operation's status."""
        self._change(
            {
                "state": AttemptState.UPLOADED,
                "input": json.dumps(asdict(sent)),
                "uploaded_at": self._clock.iso(),
            }
        )

    def abandon(self, reason: str, *, seen_to_end: bool = False) -> None:
        """Ends the attempt, whose operation no longer counts; it stays readable as an item.

        Unless a status check has seen the operation end (`seen_to_end`), it is reported lost,
        since nobody will check it again."""
        ended = {
            "pk": f"part#{self.record.part_id}",
            "sk": _attempt_key(self.record.attempt),
            "state": str(self.record.state),
            "operation_id": self.record.operation_id,
            "begun_at": self.record.begun_at,
            "reason": reason,
            "ended_at": self._clock.iso(),
            "expires_at": int(self._clock.seconds()) + KEPT_SECONDS,
        }
        self._ledger.put({name: value for name, value in ended.items() if value is not None})
        if seen_to_end:
            forget = (*ATTEMPT_FIELDS, "abandoned_at")
            self._change({"state": AttemptState.IDLE}, forget=forget)
            return
        abandoned = {"state": AttemptState.IDLE, "abandoned_at": self._clock.iso()}
        self._change(abandoned, forget=ATTEMPT_FIELDS)
        self._on_lost(self._clock.seconds())

    def ended_attempts(self) -> list[Item]:
        """The attempts that ended since all were given up last: `reason` and, where they are
        known, `begun_at` and `ended_at` of each, in order."""
        record = self.record
        items = self._ledger.query(part_key(record.part_id)[0], "attempt#")
        return [each for each in items if each["sk"] > _attempt_key(record.given_up)]

    def give_up(self) -> None:
        """Ends the count of attempts: who starts the part once more may have as many again."""
        self._change({"given_up": self.record.attempt}, forget=("abandoned_at",))

    def checkpoint(self, collection: Mapping[str, Any]) -> None:
        """Writes how far the collection has come, as what JSON can hold."""
        self._change({"collection": json.dumps(collection)})

    def forget_collection(self) -> None:
        """Removes the checkpoint: the collection has to start over."""
        self._change({}, forget=("collection",))

    def collected(self, output: OutputFacts, metadata: MetadataFacts) -> None:
        self._change(
            {"output": json.dumps(asdict(output)), "metadata": json.dumps(asdict(metadata))},
            forget=("collection",),
        )

    def release(self) -> None:
        """Ends the lease; does nothing where it was lost before."""
        try:
            self._change({}, forget=("owner", "owner_until"))
        except PartTaken:
            return

    def _change(self, values: Mapping[str, Any], *, forget: tuple[str, ...] = ()) -> None:
        part_id = self.record.part_id
        item = self._ledger.updated(
            *part_key(part_id),
            set=values,
            remove=forget,
            when="#owner = :me",
            names={"#owner": "owner"},
            values={":me": self._owner},
        )
        self.record = _leased(part_id, item)


def part_key(part_id: str) -> tuple[str, str]:
    """The key of the part's item."""
    return f"part#{part_id}", "part"


def _attempt_key(attempt: int) -> str:
    return f"attempt#{attempt:04d}"


def _leased(part_id: str, item: Item | None) -> PartRecord:
    """The part whose item a lease's owner has changed. Raises `PartTaken` where it could not."""
    if item is None:
        raise PartTaken(f"another invocation works on part {part_id}; it will be tried")
    return PartRecord.from_item(part_id, item)


class Parts:
    """The parts' items in the ledger."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def record(self, part_id: str) -> PartRecord:
        """Reads what is known of a part (consistently). Raises `AwsBusy`."""
        return PartRecord.from_item(part_id, self._ledger.get(*part_key(part_id)) or {})

    def records(self, part_ids: Iterable[str]) -> dict[str, PartRecord]:
        """As `record`, of many parts; by their ids."""
        part_ids = list(part_ids)
        items = self._ledger.get_many(map(part_key, part_ids))
        known = {item["pk"].removeprefix("part#"): item for item in items}
        return {each: PartRecord.from_item(each, known.get(each, {})) for each in part_ids}

    def end(self, part_id: str, outcome: Progress) -> None:
        """Writes how a piece of a file ended, over an earlier end. Raises `AwsBusy`."""
        self._ledger.update(
            *part_key(part_id),
            set={
                "outcome": json.dumps(outcome.to_state()),
                "expires_at": int(self._clock.seconds()) + KEPT_SECONDS,
            },
        )

    @contextmanager
    def lease(
        self,
        part_id: str,
        *,
        owner: str,
        seconds: float,
        on_lost: Callable[[float], None] = lambda _when: None,
    ) -> Iterator[PartLease]:
        """Leases the part to the invocation `owner`, until the end of the block.

        `seconds` is the time that the invocation has left: when a lease has run out, its owner
        has ended for certain. `on_lost` is called for each operation that nobody will check any
        more, with the time at which that was found, in seconds since 1970. Raises `PartTaken`
        while another invocation holds the part, `AwsBusy`.
        """
        now = self._clock.seconds()
        item = self._ledger.updated(
            *part_key(part_id),
            set={
                "owner": owner,
                "owner_until": int((now + seconds + LEASE_MARGIN_SECONDS) * 1000),
                "expires_at": int(now) + KEPT_SECONDS,
            },
            when="attribute_not_exists(#owner) OR #owner = :me OR owner_until < :now",
            names={"#owner": "owner"},
            values={":me": owner, ":now": int(now * 1000)},
        )
        record = _leased(part_id, item)
        lease = PartLease(self._ledger, self._clock, owner, record, on_lost)
        try:
            yield lease
        finally:
            lease.release()
