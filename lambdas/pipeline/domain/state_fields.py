"""Reads and writes fields of an execution's state, decoded from JSON.

Every type of the state has `from_state`, which takes a decoded JSON object and raises
`MalformedState`, and `to_state`; fields that it does not know are ignored. None of them ever holds
a presigned URL, a token or a secret: an execution's state is readable by anybody who may open the
console.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class MalformedState(ValueError):
    """The state handed to a function is not what the state machine hands over; names the field."""


def state_of(value: "DataclassInstance", *optional: str) -> dict[str, Any]:
    """The fields of a dataclass, as an object of the state; `optional` ones where they are set."""
    state = {name: getattr(value, name) for name in value.__dataclass_fields__}
    return {n: each for n, each in state.items() if each is not None or n not in optional}


def field_of(state: Any, name: str) -> Any:
    """The field `name` of a decoded state; None where it has none. Raises `MalformedState`."""
    if not isinstance(state, Mapping):
        raise MalformedState(f"the state around {name!r} must be an object")
    return state.get(name)


def required(state: Any, name: str) -> Any:
    """The field `name` of a decoded state. Raises `MalformedState`."""
    value = field_of(state, name)
    if value is None:
        raise MalformedState(f"the state lacks {name!r}")
    return value


def text_of(state: Any, name: str) -> str:
    """The text `name` of a decoded state. Raises `MalformedState`."""
    value = required(state, name)
    if not isinstance(value, str):
        raise MalformedState(f"the state's {name!r} must be text")
    return value


def optional_text(state: Any, name: str) -> str | None:
    """The text `name` of a decoded state, where it has one. Raises `MalformedState`."""
    return None if field_of(state, name) is None else text_of(state, name)


def whole_number(state: Any, name: str, default: int | None = None) -> int:
    """The whole number `name` of a decoded state. Raises `MalformedState`."""
    value = field_of(state, name)
    if value is None and default is not None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise MalformedState(f"the state's {name!r} must be a whole number")
    return value


def whole_list(state: Any, name: str) -> Sequence[Any]:
    """The list `name` of a decoded state. Raises `MalformedState`."""
    value = required(state, name)
    if not isinstance(value, list):
        raise MalformedState(f"the state's {name!r} must be a list")
    return value
