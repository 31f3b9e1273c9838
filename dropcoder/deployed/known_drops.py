"""The drops that a Pipeline's ledger knows: read, never written."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from boto3.dynamodb.types import TypeDeserializer

from dropcoder.deployed.reach import Pipeline
from dropcoder.errors import NotFound, UsageError
from pipeline.domain.identity import DROP_ID_DIGITS
from pipeline.ledger.drops import SK, DropState

GOING = "going"
"""In place of a status, of a drop that has not ended."""
SHORT_DIGITS = 8  # of an id, as lists show it; ours
FEWEST_DIGITS = 4  # of a beginning of an id; ours
_ID = re.compile(rf"[0-9a-f]{{{FEWEST_DIGITS},{DROP_ID_DIGITS}}}")
_PREFIX = "drop#"
_read = TypeDeserializer().deserialize


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDrop:
    """A drop as the ledger has it. Times are ISO 8601, "" where they are not yet."""

    drop_id: str
    key: str
    topic: str | None
    model: str | None
    size: int
    dropped_at: str
    execution: str
    """The name of its execution; "" until it has one."""
    ended_at: str
    status: str
    """complete, rejected, failed, timed_out; `GOING` until it has ended."""
    body: Mapping[str, Any] = field(repr=False)
    """The notification's body (docs/schemas/notification.json); empty until it has ended."""

    @property
    def short_id(self) -> str:
        return self.drop_id[:SHORT_DIGITS]

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        """That of an item, as DynamoDB's client gives it."""
        told = {name: _plain(_read(value)) for name, value in item.items()}
        ended = told.get("state") == DropState.ENDED
        ending = told.get("ending") or {}
        return cls(
            drop_id=told["pk"].removeprefix(_PREFIX),
            key=told.get("key", ""),
            topic=told.get("topic"),
            model=told.get("model"),
            size=int(told.get("size", 0)),
            dropped_at=told.get("dropped_at", ""),
            execution=told.get("execution", ""),
            ended_at=told.get("ended_at", "") if ended else "",
            status=ending.get("status", GOING) if ended else GOING,
            body=ending.get("body") or {} if ended else {},
        )

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "dropId": self.drop_id,
            "status": self.status,
            "key": self.key,
            "topic": self.topic,
            "model": self.model,
            "bytes": self.size,
            "droppedAt": self.dropped_at,
            "endedAt": self.ended_at or None,
            "execution": self.execution or None,
            "ending": self.body or None,
        }


@dataclass(frozen=True, slots=True)
class KnownDrops:
    """Finds drops in the ledger."""

    pipeline: Pipeline

    def get(self, drop_id: str) -> KnownDrop | None:
        """The drop of a whole id; None where the ledger does not know it (yet)."""
        found = self.pipeline.clients.dynamodb.get_item(
            TableName=self.pipeline.deployment.ledger_table,
            Key={"pk": {"S": f"{_PREFIX}{drop_id}"}, "sk": {"S": SK}},
            ConsistentRead=True,
        ).get("Item")
        return None if found is None else KnownDrop.of(found)

    def whole_id(self, beginning: str) -> str:
        """The id that begins so; a whole one as it is, known or not.

        Raises `UsageError` where it is no id, or several drops' begin so; `NotFound`."""
        wanted = beginning.strip().lower()
        if not _ID.fullmatch(wanted):
            raise UsageError(
                f"A drop's id has {DROP_ID_DIGITS} hex digits, of which the first "
                f"{FEWEST_DIGITS} or more will do; this is none: {beginning}",
                next_step="It is in the notification (dropId), and in: dropcoder list",
            )
        if len(wanted) == DROP_ID_DIGITS:
            return wanted
        found = [each.drop_id for each in self._scanned(wanted)]
        if not found:
            raise unknown(beginning)
        if len(found) > 1:
            some = ", ".join(each[: len(wanted) + SHORT_DIGITS] for each in sorted(found)[:4])
            raise UsageError(
                f"{len(found)} drops have ids that begin with {wanted}: {some}.",
                next_step="Write more of it.",
            )
        return found[0]

    def named(self, beginning: str) -> KnownDrop:
        """The drop whose id begins so. Raises as `whole_id`, and `NotFound`."""
        found = self.get(self.whole_id(beginning))
        if found is None:
            raise unknown(beginning)
        return found

    def listed(
        self, *, status: str | None = None, topic: str | None = None, since: datetime | None = None
    ) -> list[KnownDrop]:
        """The drops with this status, of this topic, that were dropped since then; newest first.

        The ledger is read from end to end."""
        found = [
            each
            for each in self._scanned("")
            if status in (None, each.status)
            and topic in (None, each.topic)
            and (since is None or _moment(each.dropped_at) >= since)
        ]
        return sorted(found, key=lambda each: (each.dropped_at, each.drop_id), reverse=True)

    def _scanned(self, beginning: str) -> Iterator[KnownDrop]:
        pages = self.pipeline.clients.dynamodb.get_paginator("scan").paginate(
            TableName=self.pipeline.deployment.ledger_table,
            FilterExpression="begins_with(#pk, :drop) AND #sk = :sk",
            ExpressionAttributeNames={"#pk": "pk", "#sk": "sk"},
            ExpressionAttributeValues={
                ":drop": {"S": f"{_PREFIX}{beginning}"},
                ":sk": {"S": SK},
            },
        )
        for page in pages:
            yield from map(KnownDrop.of, page["Items"])


def unknown(beginning: str) -> NotFound:
    """The error where no drop has this id."""
    return NotFound(
        f"No drop has an id that begins with {beginning}.",
        next_step="List them: dropcoder list. Or it was erased, or the account, the region or the "
        "deployment is another one.",
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _plain(value: Any) -> Any:
    """DynamoDB's numbers as JSON has them."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return list(map(_plain, value))
    if value is None or isinstance(value, str | bool):
        return value
    return int(value) if value == int(value) else float(value)
