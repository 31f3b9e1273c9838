"""The state that the state machine passes from step to step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from coding_service.amazon_ml.entities import Entity
from coding_service.amazon_ml.table import EntityT, Store

Clock = Callable[[], int]
"""Milliseconds since the epoch."""


class WorkStage(StrEnum):
    """The status that a step returns; the state machine chooses the next state by it."""

    WAITING = "waiting"
    """The data source is not ready yet."""
    BEGUN = "begun"
    UNWANTED = "unwanted"
    """Deleted meanwhile: nothing more is to be done."""
    JOINING = "joining"
    """Files remain to be joined."""
    JOINED = "joined"
    FAILED = "failed"
    """Its `Message` says why; the service itself did its work."""
    BROKEN = "broken"
    """Failed for a reason that its owner cannot mend."""


@dataclass(frozen=True, slots=True)
class EntityRef:
    """Which entity an execution works on."""

    client: str
    entity_id: str
    created_ms: int

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        return cls(state["client"], state["entity_id"], state["created_ms"])

    def find(self, store: Store, kind: type[EntityT], *, now_ms: int) -> EntityT | None:
        """The entity, or None where it is gone, or its id was taken by a later one."""
        found: Entity | None = store.find(kind, self.client, self.entity_id, now_ms=now_ms)
        if found is None or found.created_ms != self.created_ms:
            return None
        return found  # type: ignore[return-value]
