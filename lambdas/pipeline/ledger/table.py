"""The ledger: one DynamoDB table, where what happened is written before and after it happens.

Items: `drop#<drop id>`/`drop`; `part#<part id>`/`part`, its `attempt#0001`… and, where drops share
it, its `segment#<drop id>`…; `roster#<execution>`/`roster`; `limiter`/`calls`; `token`/`lease`;
`model#<topic>#<model or latest>`/`model`; `topics`/`topics`. Each module owns its items; this one
knows only keys and conditions. Reads are strongly consistent: a decision on an old view of the
ledger could spend a call twice.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Required, TypedDict, Unpack

from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

from pipeline.aws import aws_busy_as_try_again
from pipeline.errors import AwsBusy
from shared.aws_errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

Item = dict[str, Any]
BATCH_READS = 100  # DynamoDB: keys of one BatchGetItem
BATCH_TRIES = 6  # 3 s of waiting in all; ours


class Change(TypedDict, total=False):
    """A change of an item, and its condition.

    The names and values of the condition do not begin with `#set_`, `#remove_` or `:set_`.
    """

    set: Required[Mapping[str, Any]]
    """Attributes with their new values."""
    remove: tuple[str, ...]
    """Attributes."""
    when: str
    """A DynamoDB condition expression."""
    names: Mapping[str, str]
    """The condition's own `#names`."""
    values: Mapping[str, Any]
    """The condition's own `:values`."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Conditional reads and writes of the ledger's table. All may raise `AwsBusy`.

    Numbers come back as int, or as float where they have decimals.
    """

    table: "Table"

    def get(self, pk: str, sk: str) -> Item | None:
        """The item, or None."""
        with aws_busy_as_try_again():
            found = self.table.get_item(Key={"pk": pk, "sk": sk}, ConsistentRead=True)
        item = found.get("Item")
        return None if item is None else _plain(item)

    def get_many(self, keys: Iterable[tuple[str, str]]) -> list[Item]:
        """The items of these (pk, sk), in any order, without those that are not there."""
        wanted = [{"pk": pk, "sk": sk} for pk, sk in keys]
        found: list[Item] = []
        for first in range(0, len(wanted), BATCH_READS):
            found += self._batch(wanted[first : first + BATCH_READS])
        return found

    def _batch(self, keys: list[dict[str, str]]) -> list[Item]:
        found: list[Item] = []
        name = self.table.name
        asked: Any = {name: {"Keys": keys, "ConsistentRead": True}}
        for tries in range(BATCH_TRIES):
            if tries:
                time.sleep(0.05 * 2**tries)  # DynamoDB gave a part: too much at once
            with aws_busy_as_try_again():
                answer = self.table.meta.client.batch_get_item(RequestItems=asked)
            found.extend(_plain(item) for item in answer["Responses"].get(name, []))
            asked = answer.get("UnprocessedKeys")
            if not asked:
                return found
        raise AwsBusy("DynamoDB gives only a part of what is asked for; trying again")

    def query(self, pk: str, sk_prefix: str = "") -> list[Item]:
        """All items of a partition whose sort key begins with `sk_prefix`, in order."""
        condition: Any = Key("pk").eq(pk)
        if sk_prefix:
            condition = condition & Key("sk").begins_with(sk_prefix)
        items: list[Item] = []
        start: dict[str, Any] = {}
        while True:
            with aws_busy_as_try_again():
                page = self.table.query(
                    KeyConditionExpression=condition, ConsistentRead=True, **start
                )
            items.extend(_plain(item) for item in page["Items"])
            if "LastEvaluatedKey" not in page:
                return items
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def put_new(self, item: Mapping[str, Any]) -> bool:
        """Writes an item unless its key is taken; False if it is."""
        condition, new = "attribute_not_exists(pk)", _stored(item)
        put = partial(self.table.put_item, Item=new, ConditionExpression=condition)
        return _unless_refused(put) is not None

    def put(self, item: Mapping[str, Any]) -> None:
        """Writes an item, over an earlier one."""
        with aws_busy_as_try_again():
            self.table.put_item(Item=_stored(item))

    def update(self, pk: str, sk: str, **change: Unpack[Change]) -> bool:
        """Makes a change if its condition holds; False if it does not.

        Without a condition it is made in any case, also where there was no item.
        """
        return self._update(pk, sk, "NONE", **change) is not None

    def updated(self, pk: str, sk: str, **change: Unpack[Change]) -> Item | None:
        """As `update`; gives the item as it is then, or None."""
        answer = self._update(pk, sk, "ALL_NEW", **change)
        return None if answer is None else _plain(answer["Attributes"])

    def _update(
        self, pk: str, sk: str, returned: str, **change: Unpack[Change]
    ) -> Mapping[str, Any] | None:
        """DynamoDB's answer; None where the condition does not hold."""
        new, removed = change["set"], change.get("remove", ())
        clauses = []
        if new:
            clauses.append("SET " + ", ".join(f"#set_{name} = :set_{name}" for name in new))
        if removed:
            clauses.append("REMOVE " + ", ".join(f"#remove_{name}" for name in removed))
        names = {f"#set_{name}": name for name in new} | {f"#remove_{n}": n for n in removed}
        values = {f":set_{name}": value for name, value in new.items()}
        values |= change.get("values", {})
        request: dict[str, Any] = {
            "Key": {"pk": pk, "sk": sk},
            "UpdateExpression": " ".join(clauses),
            "ExpressionAttributeNames": {**names, **change.get("names", {})},
            "ReturnValues": returned,
        }
        if values:
            request["ExpressionAttributeValues"] = _stored(values)
        if "when" in change:
            request["ConditionExpression"] = change["when"]
        return _unless_refused(lambda: self.table.update_item(**request))

    def add(self, pk: str, sk: str, name: str, amount: int) -> int:
        """Adds to an attribute, however many do so at once; gives its new value.

        An item or attribute that does not exist begins at 0.
        """
        with aws_busy_as_try_again():
            answer = self.table.update_item(
                Key={"pk": pk, "sk": sk},
                UpdateExpression="ADD #name :amount",
                ExpressionAttributeNames={"#name": name},
                ExpressionAttributeValues={":amount": amount},
                ReturnValues="UPDATED_NEW",
            )
        return int(_plain(answer["Attributes"])[name])


def _unless_refused(call: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """DynamoDB's answer; None where it refuses the call's condition."""
    with aws_busy_as_try_again():
        try:
            return call()
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            return None


def _stored(value: Any) -> Any:
    """`value` with floats as DynamoDB's decimals."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {name: _stored(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_stored(each) for each in value]
    return value


def _plain(value: Any) -> Any:
    """`value` with DynamoDB's decimals as numbers, and binaries as bytes."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
