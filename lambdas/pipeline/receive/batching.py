"""Which drops share an operation.

Calls of the service are scarce: one a second and ten thousand a day, and an operation takes at
least four of them, whether it codes one record or a million. So small files that arrive together
for the same topic and model travel together, in one part of many segments.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.domain.drop import Drop

MAX_DROPS = 1_000  # ours: a dozen events of history each, of the 25,000 that an execution may have
MAX_STATE_BYTES = 160_000
"""Step Functions hands on 262,144 bytes at most; a page of announcements (`finishing.PAGE_BYTES`,
and one announcement more) and the outcomes need room too."""
ENTRY_BYTES = 101  # of a drop's two entries in the state beside its key (`short_states`)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """How many drops may share an operation."""

    max_bytes: int
    """Of all files of an operation together: they are held in memory. 0: nothing is shared."""
    max_drops: int = MAX_DROPS
    max_state_bytes: int = MAX_STATE_BYTES

    def may_share(self, drop: Drop) -> bool:
        """Whether a drop may travel with others: it is to be coded, and small."""
        return drop.rejection is None and drop.topic is not None and drop.size <= self.max_bytes

    def groups(self, drops: Iterable[Drop]) -> list[tuple[Drop, ...]]:
        """The drops in groups, each for one operation, in the order in which they came.

        A group of one travels alone. Each group is of one topic and model, and within the limits.
        """
        groups: list[_Group] = []
        open_groups: dict[tuple[str | None, str | None], _Group] = {}
        for drop in drops:
            group = open_groups.get((drop.topic, drop.model)) if self.may_share(drop) else None
            if group is None or not self._fits(group, drop):
                group = _Group()
                groups.append(group)
                if self.may_share(drop):
                    open_groups[drop.topic, drop.model] = group
            group.add(drop)
        return [tuple(group.drops) for group in groups]

    def _fits(self, group: "_Group", drop: Drop) -> bool:
        return (
            len(group.drops) < self.max_drops
            and group.bytes + drop.size <= self.max_bytes
            and group.state_bytes + _state_bytes(drop) <= self.max_state_bytes
        )


@dataclass(slots=True)
class _Group:
    drops: list[Drop] = field(default_factory=list)
    bytes: int = 0
    state_bytes: int = 0

    def add(self, drop: Drop) -> None:
        self.drops.append(drop)
        self.bytes += drop.size
        self.state_bytes += _state_bytes(drop)


def _state_bytes(drop: Drop) -> int:
    """A bound of what the drop adds to the execution's input."""
    return ENTRY_BYTES + len(json.dumps(drop.key))
