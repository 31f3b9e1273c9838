"""Reads and writes an execution's state, decoded from JSON.

Every type of the state is a frozen dataclass and a `State`; fields that it does not know are
ignored. None of them ever holds a presigned URL, a token or a secret: an execution's state is
readable by anybody who may open the console.
"""

from dataclasses import fields
from typing import Any, ClassVar, Self, TypeVar

import msgspec

T = TypeVar("T")


class MalformedState(ValueError):
    """The state handed to a function is not what the state machine hands over; names the field."""


def read_state(state: Any, kind: type[T]) -> T:
    """A decoded JSON value as a dataclass. Raises `MalformedState`."""
    try:
        return msgspec.convert(state, kind)
    except msgspec.ValidationError as error:
        raise MalformedState(f"the state of {kind.__name__}: {error}") from None


class State:
    """A dataclass that is, or is part of, the state of an execution."""

    __slots__ = ()
    LEFT_OUT: ClassVar[frozenset[str]] = frozenset()
    """The fields that the state lacks where they are None."""

    @classmethod
    def from_state(cls, state: Any) -> Self:
        """Raises `MalformedState`."""
        return read_state(state, cls)

    def to_state(self) -> dict[str, Any]:
        state = {each.name: _plain(getattr(self, each.name)) for each in fields(self)}  # type: ignore[arg-type]  # all are dataclasses
        return {n: each for n, each in state.items() if each is not None or n not in self.LEFT_OUT}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value.to_state() if isinstance(value, State) else msgspec.to_builtins(value)
