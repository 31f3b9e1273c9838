"""The ledger: one DynamoDB table, where what happened is written before and after it happens.

Items: `drop#<drop id>`/`drop`; `part#<part id>`/`part`, its `attempt#0001`… and, where drops share
it, its `segment#<drop id>`…; `roster#<execution>`/`roster`; `limiter`/`calls`; `token`/`lease`;
`model#<topic>#<model or latest>`/`model`. Each module owns its items; this one knows only keys and
conditions. Reads are strongly consistent: a decision on an old view of the ledger could spend a
call twice.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

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
        return None if item is None else plain(item)

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
            found.extend(plain(item) for item in answer["Responses"].get(name, []))
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
            items.extend(plain(item) for item in page["Items"])
            if "LastEvaluatedKey" not in page:
                return items
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def put_new(self, item: Mapping[str, Any]) -> bool:
        """Writes an item unless its key is taken; False if it is."""
        return self._write(
            lambda: self.table.put_item(
                Item=_stored(item), ConditionExpression="attribute_not_exists(pk)"
            )
        )

    def put(self, item: Mapping[str, Any]) -> None:
        """Writes an item, over an earlier one."""
        with aws_busy_as_try_again():
            self.table.put_item(Item=_stored(item))

    def update(
        self,
        pk: str,
        sk: str,
        *,
        set: Mapping[str, Any],  # noqa: A002  DynamoDB's word for it
        remove: tuple[str, ...] = (),
        when: str = "",
        names: Mapping[str, str] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> bool:
        """Sets and removes attributes if the condition `when` holds; False if it does not.

        `when` is a DynamoDB condition expression; its own `#names` and `:values` are given
        beside it and must not begin with `#set`, `#remove` or `:set`. Without `when` the item
        is written in any case, also where there was none.
        """
        expression_names = {f"#set{n}": name for n, name in enumerate(set)}
        expression_names |= {f"#remove{n}": name for n, name in enumerate(remove)}
        expression_values = {f":set{n}": value for n, value in enumerate(set.values())}
        clauses = []
        if set:
            clauses.append("SET " + ", ".join(f"#set{n} = :set{n}" for n in range(len(set))))
        if remove:
            clauses.append("REMOVE " + ", ".join(f"#remove{n}" for n in range(len(remove))))
        request: dict[str, Any] = {
            "Key": {"pk": pk, "sk": sk},
            "UpdateExpression": " ".join(clauses),
            "ExpressionAttributeNames": {**expression_names, **(names or {})},
        }
        all_values = {**expression_values, **(values or {})}
        if all_values:
            request["ExpressionAttributeValues"] = _stored(all_values)
        if when:
            request["ConditionExpression"] = when
        return self._write(lambda: self.table.update_item(**request))

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
        return int(plain(answer["Attributes"])[name])

    def _write(self, call: Any) -> bool:
        with aws_busy_as_try_again():
            try:
                call()
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True


def _stored(value: Any) -> Any:
    """`value` with floats as DynamoDB's decimals."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {name: _stored(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_stored(each) for each in value]
    return value


def plain(value: Any) -> Any:
    """`value` with DynamoDB's decimals as numbers, and binaries as bytes."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value
