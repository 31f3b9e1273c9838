"""The table of data sources and batch predictions: one partition a client and kind.

Every change is one conditional write, so that a repeated or late step cannot undo a newer state.
A schema may be large, so it lies beside its data source: lists do not read it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from boto3.dynamodb.conditions import Attr, ConditionBase, Key

from coding_service.amazon_ml.entities import BatchPrediction, DataSource, Entity, Status
from coding_service.aws import assignments, busy_is_retried, condition_held

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

KEPT_SECONDS = 90 * 86_400  # after its last change, an entity and its id are forgotten; ours
SCHEMA = "Schema"

EntityT = TypeVar("EntityT", bound=Entity)


@dataclass(frozen=True, slots=True)
class Store:
    """Reads and changes entities. Every method raises `AwsBusy` when DynamoDB is."""

    table: "Table"

    def create(self, entity: Entity) -> bool:
        """Whether it is new; False leaves the one with this id as it was."""
        unknown = Attr("pk").not_exists() | Attr("expires_at").lte(entity.created_ms // 1000)
        item = entity.to_item()
        schema = item.pop("schema", None)
        if schema is not None:
            self._put_schema(entity, schema)
        return self._put({**_key(type(entity), entity.client, entity.entity_id), **item}, unknown)

    def find(
        self, kind: type[EntityT], client: str, entity_id: str, *, now_ms: int
    ) -> EntityT | None:
        with busy_is_retried():
            answer = self.table.get_item(Key=_key(kind, client, entity_id), ConsistentRead=True)
        item = answer.get("Item")
        if item is None or _expired(item, now_ms):
            return None
        return kind.from_item(item)

    def schema(self, source: DataSource) -> str | None:
        """The text of a data source's schema, once it is known."""
        with busy_is_retried():
            answer = self.table.get_item(Key=_schema_key(source), ConsistentRead=True)
        return str(answer["Item"]["text"]) if "Item" in answer else None

    def with_schema(self, source: DataSource) -> DataSource:
        return replace(source, schema=self.schema(source))

    def all(self, kind: type[EntityT], client: str, *, now_ms: int) -> Iterator[EntityT]:
        query: dict[str, Any] = {"KeyConditionExpression": Key("pk").eq(_partition(kind, client))}
        while True:
            with busy_is_retried():
                answer = self.table.query(**query)
            for item in answer["Items"]:
                if not _expired(item, now_ms):
                    yield kind.from_item(item)
            if "LastEvaluatedKey" not in answer:
                return
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def begin(self, entity: Entity, *, now_ms: int, **values: Any) -> bool:
        """PENDING to INPROGRESS; also true where that was done before."""
        begun = self._change(
            entity,
            Attr("status").eq(str(Status.PENDING)),
            {"status": str(Status.INPROGRESS), "started_ms": now_ms, **values},
            now_ms=now_ms,
        )
        return begun or self._is(entity, Status.INPROGRESS, now_ms=now_ms)

    def complete(self, entity: Entity, *, now_ms: int, **values: Any) -> bool:
        """INPROGRESS to COMPLETED; also true where that was done before."""
        done = {"status": str(Status.COMPLETED), "finished_ms": now_ms, **values}
        completed = self._change(
            entity, Attr("status").eq(str(Status.INPROGRESS)), done, now_ms=now_ms
        )
        return completed or self._is(entity, Status.COMPLETED, now_ms=now_ms)

    def fail(self, entity: Entity, message: str, *, now_ms: int) -> bool:
        """PENDING or INPROGRESS to FAILED, with the reason."""
        return self._change(
            entity,
            Attr("status").is_in([str(Status.PENDING), str(Status.INPROGRESS)]),
            {"status": str(Status.FAILED), "finished_ms": now_ms, "message": message[:10_240]},
            now_ms=now_ms,
        )

    def delete(self, entity: Entity, *, now_ms: int) -> bool:
        """To DELETED from any other state."""
        return self._change(
            entity,
            Attr("status").ne(str(Status.DELETED)),
            {"status": str(Status.DELETED)},
            now_ms=now_ms,
        )

    def rename(self, entity: Entity, name: str, *, now_ms: int) -> bool:
        return self._change(
            entity, Attr("status").ne(str(Status.DELETED)), {"name": name}, now_ms=now_ms
        )

    def note_schema(self, source: DataSource, text: str) -> None:
        """Keeps a schema that was read from its location."""
        self._put_schema(source, text)

    def note_refusal(self, prediction: BatchPrediction, reason: str) -> None:
        """Keeps why a range failed: of several, the first to say so."""
        self._change(prediction, Attr("refusal").not_exists(), {"refusal": reason}, now_ms=None)

    def note_upload(self, prediction: BatchPrediction, upload: str) -> bool:
        """Whether the prediction still runs; then it knows which result is being joined."""
        running = Attr("status").eq(str(Status.INPROGRESS))
        return self._change(prediction, running, {"upload": upload}, now_ms=None)

    def _is(self, entity: Entity, status: Status, *, now_ms: int) -> bool:
        found = self.find(type(entity), entity.client, entity.entity_id, now_ms=now_ms)
        return (
            found is not None and found.status is status and found.created_ms == entity.created_ms
        )

    def _put_schema(self, entity: Entity, text: str) -> None:
        with busy_is_retried():
            self.table.put_item(
                Item={
                    **_schema_key(entity),
                    "text": text,
                    "expires_at": entity.created_ms // 1000 + 2 * KEPT_SECONDS,
                }
            )

    def _put(self, item: dict[str, Any], condition: ConditionBase) -> bool:
        item["expires_at"] = item["created_ms"] // 1000 + KEPT_SECONDS
        return condition_held(self.table.put_item, Item=item, ConditionExpression=condition)

    def _change(
        self,
        entity: Entity,
        condition: ConditionBase,
        values: dict[str, Any],
        *,
        now_ms: int | None,
    ) -> bool:
        """Sets `values` on this very entity where `condition` holds; whether it held."""
        if now_ms is not None:
            values = {
                **values,
                "updated_ms": now_ms,
                "expires_at": now_ms // 1000 + KEPT_SECONDS,
            }
        return condition_held(
            self.table.update_item,
            Key=_key(type(entity), entity.client, entity.entity_id),
            ConditionExpression=Attr("created_ms").eq(entity.created_ms) & condition,
            **assignments(values),
        )


def _partition(kind: type[Entity], client: str) -> str:
    return f"{client}#{kind.kind}"


def _key(kind: type[Entity], client: str, entity_id: str) -> dict[str, str]:
    return {"pk": _partition(kind, client), "sk": entity_id}


def _schema_key(entity: Entity) -> dict[str, str]:
    return {
        "pk": f"{entity.client}#{SCHEMA}",
        "sk": f"{entity.entity_id}#{entity.created_ms}",
    }


def _expired(item: dict[str, Any], now_ms: int) -> bool:
    # DynamoDB deletes expired items within days, not at once.
    return int(item["expires_at"]) <= now_ms // 1000
