"""The ledger's items that know of a drop: its own, and its place in items of many drops.

The ledger is read from end to end: groups and shared parts of earlier tries name the drop, and no
index says which they are. What an item holds is said by its module in `pipeline.ledger`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from erasure.errors import Unfinished
from pipeline.ledger import drops, groups, shared_files, topic_reports
from shared.aws_errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ERASED_KEY = "erased"
"""In place of a drop's key in the input of a group, whose other drops stay."""
RANGE = ("drop_id", "first_byte", "last_byte")
Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LedgerItems:
    """What the ledger has of a drop; each item as DynamoDB's client gives it."""

    drop_id: str
    drop: Item | None = None
    own: tuple[Item, ...] = ()
    """Those of its parts and of its place in shared parts."""
    groups: tuple[Item, ...] = ()
    """Groups that name its key, or why it was rejected."""
    reports: tuple[Item, ...] = ()
    """Its topic's item, where the last report or the one before is the drop's."""
    operations: tuple[str, ...] = field(default=())
    """The ids of the operations of its own parts."""
    shared: tuple[str, ...] = ()
    """The ids of the parts that it shared with other drops."""

    def text(self, name: str) -> str:
        """An attribute of the drop's item; empty where there is none."""
        return text(self.drop or {}, name)

    @property
    def count(self) -> int:
        return len(self.own) + len(self.groups) + len(self.reports) + (self.drop is not None)


def text(item: Item, name: str) -> str:
    """An attribute that is a text; empty where there is none."""
    return str(item.get(name, {}).get("S", ""))


def find_items(dynamodb: "DynamoDBClient", table: str, drop_id: str) -> LedgerItems:
    """All items that know of a drop."""
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        ConsistentRead=True,
        FilterExpression=" OR ".join(
            f"contains(#{name}, :id)" for name in ("pk", "sk", "input", "summary", "before")
        ),
        ExpressionAttributeNames={
            f"#{name}": name for name in ("pk", "sk", "input", "summary", "before")
        },
        ExpressionAttributeValues={":id": {"S": drop_id}},
    )
    return _sorted([item for page in pages for item in page["Items"]], drop_id)


def _sorted(items: list[Any], drop_id: str) -> LedgerItems:
    drop, parts = f"drop#{drop_id}", f"part#{drop_id}-"
    segment = f"{shared_files.SK}{drop_id}"
    own = [i for i in items if text(i, "pk").startswith(parts) or text(i, "sk") == segment]
    return LedgerItems(
        drop_id=drop_id,
        drop=next((i for i in items if text(i, "pk") == drop and text(i, "sk") == drops.SK), None),
        own=tuple(own),
        groups=tuple(
            i for i in items if text(i, "sk") == groups.SK and _without(i, drop_id) is not None
        ),
        reports=tuple(i for i in items if text(i, "sk") == topic_reports.SK),
        operations=tuple(
            sorted({text(i, "operation_id") for i in own if text(i, "pk").startswith(parts)} - {""})
        ),
        shared=tuple(text(i, "pk").removeprefix("part#") for i in own if text(i, "sk") == segment),
    )


def _without(group: Item, drop_id: str) -> str | None:
    """The input of a group without what it says of the drop; None where it says nothing."""
    given = json.loads(text(group, "input") or '{"drops": [], "parts": []}')
    segments = [each for part in given["parts"] for each in part["segments"]]
    found = False
    for entry, left in (
        *((each, {"drop_id": drop_id, "key": ERASED_KEY}) for each in given["drops"]),
        *((each, {n: each[n] for n in RANGE if n in each}) for each in segments),
    ):
        if entry["drop_id"] == drop_id and entry != left:
            entry.clear()
            entry.update(left)
            found = True
    return json.dumps(given, ensure_ascii=False) if found else None


def delete_items(dynamodb: "DynamoDBClient", table: str, items: LedgerItems) -> None:
    """Deletes the drop's own items, its own one last, and its place in the others.

    Harmless to repeat: what is left is found by the drop's own item. Raises `Unfinished`.
    """
    for group in items.groups:
        changed = _without(group, items.drop_id)
        if changed is not None:
            _change(dynamodb, table, group, {"input": changed}, unchanged="input")
    for report in items.reports:
        _leave_report(dynamodb, table, report, items.drop_id)
    for item in (*items.own, *([items.drop] if items.drop else [])):
        dynamodb.delete_item(TableName=table, Key=_key(item))


def _leave_report(dynamodb: "DynamoDBClient", table: str, report: Item, drop_id: str) -> None:
    """Takes the drop's summary out of its topic's item, which keeps the other drop's."""
    before = text(report, "before")
    is_before = bool(before) and json.loads(before).get("dropId") == drop_id
    if text(report, "drop_id") != drop_id:
        if is_before:
            _change(dynamodb, table, report, {"before": None}, unchanged="summary")
    elif before and not is_before:
        values = {"drop_id": json.loads(before)["dropId"], "summary": before, "before": None}
        _change(dynamodb, table, report, values, unchanged="summary")
    else:
        dynamodb.delete_item(TableName=table, Key=_key(report))


def _change(
    dynamodb: "DynamoDBClient",
    table: str,
    item: Item,
    values: Mapping[str, str | None],
    *,
    unchanged: str,
) -> None:
    """Sets attributes (None: removes one) where another one is still as it was read."""
    put = {name: value for name, value in values.items() if value is not None}
    gone = [name for name, value in values.items() if value is None]
    clauses = [f"SET {', '.join(f'#{name} = :{name}' for name in put)}"] if put else []
    clauses += [f"REMOVE {', '.join(f'#{name}' for name in gone)}"] if gone else []
    try:
        dynamodb.update_item(
            TableName=table,
            Key=_key(item),
            UpdateExpression=" ".join(clauses),
            ConditionExpression="#seen = :seen",
            ExpressionAttributeNames={**{f"#{name}": name for name in values}, "#seen": unchanged},
            ExpressionAttributeValues={
                **{f":{name}": {"S": value} for name, value in put.items()},
                ":seen": item[unchanged],
            },
        )
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        raise Unfinished(
            "The ledger changed while the drop was erased.", next_step="Run it again."
        ) from None


def _key(item: Item) -> dict[str, Any]:
    return {"pk": item["pk"], "sk": item["sk"]}
