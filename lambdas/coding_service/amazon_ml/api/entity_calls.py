"""What the calls of data sources and of batch predictions have in common."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic

from coding_service.amazon_ml.api.describe_filters import Entry, described
from coding_service.amazon_ml.entities import Status
from coding_service.amazon_ml.errors import not_found
from coding_service.amazon_ml.table import EntityT, Store


@dataclass(frozen=True, kw_only=True)
class EntityCalls(Generic[EntityT]):
    """Finds, lists and deletes a client's entities of one kind."""

    kind: type[EntityT]
    store: Store
    account: str
    now_ms: Callable[[], int]
    """Milliseconds since the epoch."""

    def find(self, client: str, entity_id: str) -> EntityT | None:
        return self.store.find(self.kind, client, entity_id, now_ms=self.now_ms())

    def known(self, client: str, request: Mapping[str, Any]) -> EntityT:
        """The entity that a request names. Raises `ApiError`."""
        entity_id = request[self.kind.id_name]
        found = self.find(client, entity_id)
        if found is None:
            raise not_found(self.kind.kind, entity_id)
        return found

    def describe(self, client: str, request: Mapping[str, Any]) -> dict[str, Any]:
        return described(self._entries(client, request), request)

    def delete(self, client: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Marks it as deleted. A prediction that runs ends by itself and writes nothing more."""
        found = self.known(client, request)
        self.store.delete(found, now_ms=self.now_ms())
        return {self.kind.id_name: found.entity_id}

    def _entries(self, client: str, request: Mapping[str, Any]) -> Iterator[Entry]:
        by_status = request.get("FilterVariable") == "Status"
        for each in self.store.all(self.kind, client, now_ms=self.now_ms()):
            if by_status or each.status is not Status.DELETED:
                yield Entry(each.entity_id, each.shown(self.account))
