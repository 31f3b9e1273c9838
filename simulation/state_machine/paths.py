"""JSONPath as far as state machines here use it, and templates with `name.$` in them."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

State = Any
Context = Mapping[str, Any]
Read = Callable[[State, Context], Any]

_ABSENT = object()
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


class PathMissing(Exception):
    """A path leads to nothing; Step Functions fails the state then."""


@cache
def reader(path: str) -> Read:
    """What a reference path reads: `$…` of the state, `$$…` of the context object."""
    of_context = path.startswith("$$")
    steps = _steps(path[2:] if of_context else path[1:], path)

    def read(state: State, context: Context) -> Any:
        value: Any = context if of_context else state
        for step in steps:
            value = _child(value, step)
            if value is _ABSENT:
                raise PathMissing(path)
        return value

    return read


def exists(path: str, state: State, context: Context) -> bool:
    try:
        reader(path)(state, context)
    except PathMissing:
        return False
    return True


def placed(path: str | None, state: State, result: Any) -> Any:
    """The state with a result at a reference path; null discards the result."""
    if path is None:
        return state
    steps = _steps(path[1:], path)
    if not steps:
        return result
    whole = dict(state)
    here = whole
    for step in steps[:-1]:
        here[step] = dict(here.get(step, {}))
        here = here[step]
    here[steps[-1]] = result
    return whole


def template(value: Any) -> Read:
    """A value with the paths of its `name.$` members filled in."""
    if isinstance(value, Mapping):
        members = [_member(name, each) for name, each in value.items()]
        return lambda state, context: {name: read(state, context) for name, read in members}
    if isinstance(value, list):
        items = [template(each) for each in value]
        return lambda state, context: [item(state, context) for item in items]
    return lambda _state, _context: value


def _member(name: str, value: Any) -> tuple[str, Read]:
    if not name.endswith(".$"):
        return name, template(value)
    if not value.startswith("$"):
        raise NotImplementedError(f"{name}: {value!r} is no path (intrinsic functions are not)")
    return name[:-2], reader(value)


@cache
def _steps(steps: str, path: str) -> tuple[Any, ...]:
    found = tuple(int(index) if index else name for name, index in _STEP.findall(steps))
    if "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in found) != steps:
        raise NotImplementedError(f"path {path!r}")
    return found


def _child(value: Any, step: Any) -> Any:
    if isinstance(step, int):
        return value[step] if isinstance(value, list) and step < len(value) else _ABSENT
    return value.get(step, _ABSENT) if isinstance(value, Mapping) else _ABSENT
