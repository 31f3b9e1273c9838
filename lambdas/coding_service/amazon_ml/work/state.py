"""What the state machine hands from step to step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from coding_service.amazon_ml.entities import Entity
from coding_service.amazon_ml.table import EntityT, Store

Clock = Callable[[], int]
"""Milliseconds since the epoch."""


class Stage(StrEnum):
    """The word that the state machine's choices go by."""

    WAITING = "waiting"
    """The data source is not ready yet."""
    BEGUN = "begun"
    UNWANTED = "unwanted"
    """Deleted meanwhile: nothing more is to be done."""
    JOINING = "joining"
    """Files remain to be joined."""
    JOINED = "joined"
    FAILED = "failed"
    """Told why; the service itself did its work."""
    BROKEN = "broken"
    """Failed for a reason that its owner cannot mend."""


@dataclass(frozen=True, slots=True)
class Work:
    """Which entity an execution works on."""

    client: str
    entity_id: str
    created_ms: int

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        return cls(state["client"], state["entity_id"], state["created_ms"])

    def entity(self, store: Store, kind: type[EntityT], *, now_ms: int) -> EntityT | None:
        """The entity, or None where it is gone, or its id was taken by a later one."""
        found: Entity | None = store.find(kind, self.client, self.entity_id, now_ms=now_ms)
        if found is None or found.created_ms != self.created_ms:
            return None
        return found  # type: ignore[return-value]
