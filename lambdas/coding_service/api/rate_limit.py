"""How often a client may call: a rate with a burst, and a number of calls a day.

Counted exactly, in DynamoDB, one item a client. The rate is a token bucket, kept as the moment
at which the bucket will be full again (the "generic cell rate algorithm": one number, no clock
that must tick). A refused call takes nothing. Days are UTC days.
"""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from boto3.dynamodb.conditions import Attr

from coding_service.aws import busy_is_retried, condition_held, operations_table
from coding_service.config import service_environment
from coding_service.errors import Refusal
from protocol.errors import ServiceAnswer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

CLIENT = "client#"
COLLISIONS = 10  # a client whose calls collide more often in one moment is past any rate; ours
IDLE_SECONDS = 2 * 86_400  # an item's day has passed then, so it may be deleted; ours


@dataclass(frozen=True, slots=True)
class Usage:
    """The calls that a client has made."""

    full_at_ms: int = 0
    """When the bucket is full again, in epoch milliseconds."""
    day: str = ""
    calls: int = 0
    """On `day`."""
    revision: int = 0
    """Counts writes, so that two calls can't both write over the same state."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A client's limits: calls a second, calls that may be saved up, calls a UTC day."""

    per_second: float
    burst: int
    per_day: int

    def take(self, usage: Usage, now_ms: int) -> Usage:
        """The usage after one more call. Raises `Refusal` with the documented text."""
        day = datetime.fromtimestamp(now_ms / 1000, UTC).date().isoformat()
        calls = usage.calls if usage.day == day else 0
        if calls >= self.per_day:
            raise Refusal(ServiceAnswer.LIMIT_EXCEEDED)
        interval_ms = 1000 / self.per_second
        full_at_ms = max(usage.full_at_ms, now_ms) + interval_ms
        if full_at_ms - now_ms > self.burst * interval_ms + 1:  # 1: whole milliseconds are kept
            raise Refusal(ServiceAnswer.TOO_MANY_REQUESTS)
        return Usage(round(full_at_ms), day, calls + 1, usage.revision + 1)


@dataclass(frozen=True, slots=True)
class CallCounter:
    """Counts the calls of every client in a table."""

    table: "Table"
    limits: Limits
    public_per_day: int = 0
    """Calls a UTC day of a client that may code no files."""

    def take(self, client_id: str, now_ms: int, *, is_public: bool = False) -> None:
        """Counts one call. Raises `Refusal` when the client may not make it."""
        limits = replace(self.limits, per_day=self.public_per_day) if is_public else self.limits
        for _ in range(COLLISIONS):
            before = self._usage(client_id)
            if self._replaced(client_id, before, limits.take(before, now_ms), now_ms):
                return
        raise Refusal(ServiceAnswer.TOO_MANY_REQUESTS)

    def _usage(self, client_id: str) -> Usage:
        with busy_is_retried():
            answer = self.table.get_item(Key={"pk": CLIENT + client_id}, ConsistentRead=True)
        item = answer.get("Item")
        if item is None:
            return Usage()
        return Usage(
            full_at_ms=int(str(item["full_at_ms"])),
            day=str(item["day"]),
            calls=int(str(item["calls"])),
            revision=int(str(item["revision"])),
        )

    def _replaced(self, client_id: str, before: Usage, after: Usage, now_ms: int) -> bool:
        unchanged = Attr("revision").eq(before.revision)
        return condition_held(
            self.table.put_item,
            Item={
                "pk": CLIENT + client_id,
                **asdict(after),
                "expires_at": now_ms // 1000 + IDLE_SECONDS,
            },
            ConditionExpression=unchanged if before.revision else Attr("pk").not_exists(),
        )


def call_counter() -> CallCounter:
    """The counter of this deployment."""
    service = service_environment()
    limits = Limits(service.requests_per_second, service.burst, service.requests_per_day)
    return CallCounter(operations_table(), limits, service.public_requests_per_day)
