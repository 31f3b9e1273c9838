"""Which part of the checks a test belongs to: `aws`, `slow`, `cloud`, or the rest, `make check`.

A test plays AWS where its own code, or that of a fixture it uses, leads to moto or to the CDK by
the names in it. Nobody marks it, but for one that synthesizes in a process of its own; one that
slips through is refused by `expect_aws` when it runs.
"""

import functools
import inspect
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest
from hypothesis import settings

PLAYERS = frozenset({"aws_cdk", "moto"})
"""These packages take longer to import and to start than most tests: moto plays AWS, and the CDK
runs in Node."""
LATE = PLAYERS | {"infra"}
"""What imports something of these inside a function plays too: of infra, what imports the CDK is
imported so, that no process starts Node to collect the tests."""
MARK = "aws"
OURS = "tests"

USUAL_EXAMPLES = 100
QUICK_EXAMPLES = 20
"""`make check` takes so many in place of the usual ones (EXAMPLES=few), `make test` all."""

_plays = True  # outside of tests, say in a shell, whatever is wished


def examples(wanted: int) -> int:
    """So many examples of Hypothesis, or the part of them that a quick run takes."""
    return max(1, wanted * settings().max_examples // USUAL_EXAMPLES)


def mark_players(items: Iterable[pytest.Item]) -> None:
    """Gives the mark `aws` to each of the items that leads to moto or the CDK, and to no other."""
    for item in items:
        if any(leads_to_aws(each) for each in _code_of(item)):
            item.add_marker(MARK)


def run_part_of(item: pytest.Item) -> None:
    """The item runs from now on: what it plays is held against its mark."""
    global _plays  # noqa: PLW0603  which test runs is the process's
    _plays = item.get_closest_marker(MARK) is not None


def expect_aws() -> None:
    """Raises `AssertionError` in a test without the mark, as it would slow down `make check`."""
    assert _plays, f"This plays AWS, and {__name__}.leads_to_aws did not see it from the test"


def _code_of(item: pytest.Item) -> Iterator[object]:
    """The functions of a test and of its fixtures, those of autouse among them."""
    if not isinstance(item, pytest.Function):
        return
    yield item.obj
    for definitions in item._fixtureinfo.name2fixturedefs.values():
        yield definitions[-1].func
    if "request" in item.fixturenames and hasattr(item, "callspec"):
        # `request.getfixturevalue` takes the names of fixtures that a parameter has.
        for name in item.callspec.params.values():
            if isinstance(name, str):
                for found in item.session._fixturemanager.getfixturedefs(name, item) or ():
                    yield found.func


@functools.cache
def leads_to_aws(thing: object) -> bool:
    """Whether a name in the code of a function, a class or what they name is moto's or the CDK's.

    It looks through the tests' own code alone: what is tested gets its clients handed.
    """
    seen: dict[int, object] = {}
    rest = [thing]
    while rest:
        each = _unwrapped(rest.pop())
        if id(each) in seen:
            continue
        seen[id(each)] = each
        if _home(each) in PLAYERS:
            return True
        if _home(each) == OURS and isinstance(each, FunctionType | type):
            rest += _named_by(each)
    return False


def _unwrapped(thing: Any) -> Any:
    """The function inside decorators (contexts, caches, properties, Hypothesis), or the class."""
    if isinstance(thing, property):
        thing = thing.fget
    if isinstance(thing, functools.partial):
        thing = thing.func
    if callable(thing) or isinstance(thing, staticmethod | classmethod):
        thing = inspect.unwrap(thing)
    thing = getattr(thing, "__func__", thing)
    thing = getattr(getattr(thing, "hypothesis", None), "inner_test", thing)
    return thing if isinstance(thing, FunctionType | type | ModuleType) else type(thing)


def _home(thing: FunctionType | type | ModuleType) -> str:
    """The package that defines it."""
    name = thing.__name__ if isinstance(thing, ModuleType) else thing.__module__
    return str(name).partition(".")[0]


@functools.cache
def _named_by(thing: FunctionType | type) -> tuple[object, ...]:
    """What the code of a function or class of the tests names, imports inside it among that."""
    if isinstance(thing, type):
        return (*thing.__bases__, *vars(thing).values())
    names = dict.fromkeys(_names_in(thing.__code__))
    scope = thing.__globals__
    named = [scope[name] for name in names if name in scope]
    modules = [each for each in named if isinstance(each, ModuleType) and _home(each) == OURS]
    named += [vars(each)[name] for each in modules for name in names if name in vars(each)]
    imported = LATE.intersection(name.partition(".")[0] for name in names)
    return (*named, *(ModuleType(name) for name in imported))


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names_in(inner)
