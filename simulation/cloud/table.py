"""A DynamoDB table in memory, as far as the pipeline's ledger uses one.

It understands the expressions that are written in lambdas/pipeline: SET, REMOVE and ADD of whole
attributes, and conditions of comparisons and `attribute_not_exists` joined by AND or OR. Anything
else is a `NotImplementedError`, so that a new expression can't go unnoticed.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from botocore.exceptions import ClientError

Item = dict[str, Any]
Names = Mapping[str, str]
Values = Mapping[str, Any]
Condition = Callable[[Item, Names, Values], bool]
Change = Callable[[Item, Names, Values], None]

COMPARISONS = {"=": eq, "<>": ne, "<": lt, "<=": le, ">": gt, ">=": ge}

_ABSENT = object()
_NOT_EXISTS = re.compile(r"attribute_not_exists\((?P<name>[#\w]+)\)")
_COMPARED = re.compile(r"(?P<name>[#\w]+) (?P<sign>=|<>|<=?|>=?) (?P<value>:\w+)")
_CLAUSE = re.compile(r"\b(SET|REMOVE|ADD)\b")


class MemoryTable:
    """Takes the place of boto3's `Table`. Items are not copied: `Ledger` does that."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Item] = {}
        self.write_units = 0
        """DynamoDB's: one for each kilobyte created."""
        self.read_units = 0
        """DynamoDB's, of consistent reads: one for each four kilobytes created."""

    def get_item(self, *, Key: Mapping[str, str], ConsistentRead: bool) -> dict[str, Any]:  # noqa: N803, ARG002
        item = self.items.get((Key["pk"], Key["sk"]))
        self.read_units += 1 if item is None else -(-_bytes(item) // 4096)
        return {} if item is None else {"Item": item}

    def put_item(self, *, Item: Item, ConditionExpression: str = "") -> dict[str, Any]:  # noqa: N803
        key = (Item["pk"], Item["sk"])
        self._check(ConditionExpression, self.items.get(key, {}), {}, {})
        self.write_units += -(-_bytes(Item) // 1024)
        self.items[key] = dict(Item)
        return {}

    def update_item(
        self,
        *,
        Key: Mapping[str, str],  # noqa: N803
        UpdateExpression: str = "",  # noqa: N803
        ConditionExpression: str = "",  # noqa: N803
        ExpressionAttributeNames: Names | None = None,  # noqa: N803
        ExpressionAttributeValues: Values | None = None,  # noqa: N803
        ReturnValues: str = "NONE",  # noqa: N803
    ) -> dict[str, Any]:
        names, values = ExpressionAttributeNames or {}, ExpressionAttributeValues or {}
        key = (Key["pk"], Key["sk"])
        before = self.items.get(key, {})
        self._check(ConditionExpression, before, names, values)
        after = {**before, **Key}
        for change in _changes(UpdateExpression):
            change(after, names, values)
        self.write_units += -(-_bytes(after) // 1024)
        self.items[key] = after
        return {} if ReturnValues == "NONE" else {"Attributes": after}

    def _check(self, expression: str, item: Item, names: Names, values: Values) -> None:
        if expression and not _condition(expression)(item, names, values):
            code = "ConditionalCheckFailedException"
            raise ClientError({"Error": {"Code": code, "Message": "refused"}}, "UpdateItem")


def _bytes(item: Item) -> int:
    """About what DynamoDB counts: names, texts, some bytes for anything else."""
    size = 0
    for name, value in item.items():
        size += len(name) + (len(value) if isinstance(value, str) else 8)
    return max(1, size)


@cache
def _condition(expression: str) -> Condition:
    for word, joined in (("OR", any), ("AND", all)):
        parts = expression.split(f" {word} ")
        if len(parts) > 1:
            return _joined(joined, [_condition(part.strip()) for part in parts])
    if found := _NOT_EXISTS.fullmatch(expression):
        name = found["name"]
        return lambda item, names, _values: names.get(name, name) not in item
    if found := _COMPARED.fullmatch(expression):
        return _comparison(found["name"], found["sign"], found["value"])
    raise NotImplementedError(f"condition {expression!r}")


def _joined(joined: Callable[..., bool], conditions: list[Condition]) -> Condition:
    return lambda item, names, values: joined(each(item, names, values) for each in conditions)


def _comparison(name: str, sign: str, value: str) -> Condition:
    compare = COMPARISONS[sign]

    def holds(item: Item, names: Names, values: Values) -> bool:
        found = item.get(names.get(name, name), _ABSENT)
        return found is not _ABSENT and bool(compare(found, values[value]))

    return holds


@cache
def _changes(expression: str) -> tuple[Change, ...]:
    words = _CLAUSE.split(expression)[1:]
    changes: list[Change] = []
    for clause, body in zip(words[::2], words[1::2], strict=True):
        make = {"SET": _set, "REMOVE": _remove, "ADD": _add}[clause]
        changes.extend(make(action.strip()) for action in body.split(","))
    return tuple(changes)


def _set(action: str) -> Change:
    name, _, value = action.partition(" = ")
    if not re.fullmatch(r":\w+", value):
        raise NotImplementedError(f"SET {action}")

    def change(item: Item, names: Names, values: Values) -> None:
        item[names.get(name, name)] = values[value]

    return change


def _remove(name: str) -> Change:
    def change(item: Item, names: Names, _values: Values) -> None:
        item.pop(names.get(name, name), None)

    return change


def _add(action: str) -> Change:
    name, _, value = action.partition(" ")

    def change(item: Item, names: Names, values: Values) -> None:
        real = names.get(name, name)
        item[real] = item.get(real, 0) + values[value]

    return change
