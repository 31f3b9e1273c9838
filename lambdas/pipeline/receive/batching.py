"""Which drops share an operation.

Calls of the service are scarce: one a second and ten thousand a day, and an operation takes at
least four of them, whether it codes one record or a million. So small files that are received
together for the same topic and model share an operation, in one part of many segments.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.domain.drop import Drop
from pipeline.domain.identity import MAX_KEY_BYTES

MAX_DROPS = 1_000  # each takes a dozen of the 25,000 events that an execution may have; ours
MAX_STATE_BYTES = 160_000
"""Step Functions hands on 262,144 bytes at most; a page of notifications (`PAGE_BYTES` of
`finish.handler`), the outcomes and the failure of an execution that died need room too."""
ENTRY_BYTES = 101  # a drop's two entries in the state beside its key (`compact_input`)


def batches(
    drops: Iterable[Drop], *, max_bytes: int, max_drops: int = MAX_DROPS
) -> list[tuple[Drop, ...]]:
    """Batches of drops, each for one operation, in the order of the drops.

    All drops of a batch have the same topic and model; there are at most `max_drops` of them,
    and their files have at most `max_bytes` together (they are held in memory; 0: no drop shares
    an operation). Drops that are rejected, too large to share, or whose key would make
    their notification large, are alone in their batch.
    """
    found: list[_Batch] = []
    open_batches: dict[tuple[str | None, str | None], _Batch] = {}
    for drop in drops:
        may_share = drop.is_to_be_coded and drop.sent.size <= max_bytes and _is_plain(drop.key)
        batch = open_batches.get((drop.topic, drop.model)) if may_share else None
        if batch is None or not batch.has_room(drop, max_bytes, max_drops):
            batch = _Batch()
            found.append(batch)
            if may_share:
                open_batches[drop.topic, drop.model] = batch
        batch.add(drop)
    return [tuple(batch.drops) for batch in found]


@dataclass(slots=True)
class _Batch:
    drops: list[Drop] = field(default_factory=list)
    bytes: int = 0
    state_bytes: int = 0

    def has_room(self, drop: Drop, max_bytes: int, max_drops: int) -> bool:
        return (
            len(self.drops) < max_drops
            and self.bytes + drop.sent.size <= max_bytes
            and self.state_bytes + _state_bytes(drop) <= MAX_STATE_BYTES
        )

    def add(self, drop: Drop) -> None:
        self.drops.append(drop)
        self.bytes += drop.sent.size
        self.state_bytes += _state_bytes(drop)


def _is_plain(key: str) -> bool:
    """Whether a notification, which has the key ten times in JSON within JSON, stays small."""
    return not set(key) & {'"', "\\"} and len(json.dumps(key)) <= MAX_KEY_BYTES + len('""')


def _state_bytes(drop: Drop) -> int:
    """An upper bound of the bytes that `drop` adds to the execution's input."""
    return ENTRY_BYTES + len(json.dumps(drop.key))
