"""The rules of Choice states."""

from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt
from typing import Any

from simulation.state_machine.paths import Context, Read, State, exists, reader

Rule = Callable[[State, Context], bool]

_COMPARISONS = {
    "Equals": eq,
    "LessThan": lt,
    "LessThanEquals": le,
    "GreaterThan": gt,
    "GreaterThanEquals": ge,
}
_TYPES: dict[str, Callable[[Any], bool]] = {
    "String": lambda value: isinstance(value, str),
    "Numeric": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "Boolean": lambda value: isinstance(value, bool),
}


def rule(written: Mapping[str, Any]) -> Rule:
    """A rule, ready to be asked. A variable of another type matches nothing, as on AWS."""
    for word, joined in (("And", all), ("Or", any)):
        if word in written:
            rules = [rule(each) for each in written[word]]
            return _joined(joined, rules)
    if "Not" in written:
        negated = rule(written["Not"])
        return lambda state, context: not negated(state, context)
    (operator,) = set(written) - {"Variable", "Next", "Comment"}
    return _test(written["Variable"], operator, written[operator])


def _joined(joined: Callable[..., bool], rules: list[Rule]) -> Rule:
    return lambda state, context: joined(each(state, context) for each in rules)


def _test(path: str, operator: str, wanted: Any) -> Rule:
    if operator == "IsPresent":
        return lambda state, context: exists(path, state, context) == wanted
    read = reader(path)
    if operator == "IsNull":
        return lambda state, context: (read(state, context) is None) == wanted
    of_path = operator.endswith("Path")
    name = operator.removesuffix("Path")
    for kind, is_kind in _TYPES.items():
        compare = _COMPARISONS.get(name.removeprefix(kind))
        if name.startswith(kind) and compare is not None:
            right = reader(wanted) if of_path else lambda _state, _context: wanted
            return _comparison(read, is_kind, compare, right)
        if name == f"Is{kind}":
            return _kind_test(read, is_kind, wanted)
    raise NotImplementedError(f"choice rule {operator}")


def _kind_test(read: Read, is_kind: Callable[[Any], bool], wanted: bool) -> Rule:
    return lambda state, context: is_kind(read(state, context)) == wanted


def _comparison(
    read: Read, is_kind: Callable[[Any], bool], compare: Callable[[Any, Any], bool], right: Read
) -> Rule:
    def holds(state: State, context: Context) -> bool:
        value = read(state, context)
        return is_kind(value) and bool(compare(value, right(state, context)))

    return holds
