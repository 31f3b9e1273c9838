"""Each test is in one part of the checks, and what plays AWS is in none of `make check`."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from itertools import combinations

import pytest
from _pytest.mark.expression import Expression
from hypothesis import settings

from infra.project_files import PROJECT
from tests.support import parts
from tests.support.aws import played_aws
from tests.support.pipeline import clouds
from tests.support.pipeline.clouds import cloud

HIDDEN = {"playing": played_aws}
MARKS = ("aws", "slow", "cloud")
MAKEFILE = (PROJECT / "Makefile").read_text("utf-8")
PARTS = dict(re.findall(r"^(PART_[A-Z]+) := (.+)$", MAKEFILE, re.MULTILINE))


@pytest.mark.parametrize(
    "marks", [each for count in range(4) for each in combinations(MARKS, count)], ids="+".join
)
def should_run_a_test_in_exactly_one_part_whatever_its_marks(marks: tuple[str, ...]) -> None:
    runs_in = [
        name
        for name, chosen in PARTS.items()
        if Expression.compile(chosen).evaluate(lambda mark, /, **_: mark in marks)
    ]
    assert len(runs_in) == 1
    assert (runs_in == ["PART_CHECK"]) == (not marks)


def should_run_every_part_in_make_test() -> None:
    parts_of = {
        target: set(re.findall(r"\$\((PART_[A-Z]+)\)", recipe))
        for target, recipe in re.findall(r"^([a-z-]+):.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    }
    assert re.search(r"^test: .* check check-aws ##", MAKEFILE, re.MULTILINE)
    assert re.search(r"^check: .*\n(?:\t.*\n)*\t@\$\(MAKE\) .* unit$", MAKEFILE, re.MULTILINE)
    run = parts_of["unit"] | parts_of["check-aws"] | parts_of["test"]
    assert run == PARTS.keys()
    assert MAKEFILE.count("pytest -q -m") == len(PARTS)


def should_try_all_examples_in_make_test_and_fewer_in_a_check_alone() -> None:
    assert re.search(r"^test: export EXAMPLES := all$", MAKEFILE, re.MULTILINE)
    assert re.search(r"^export EXAMPLES \?= few$", MAKEFILE, re.MULTILINE)
    tried = parts.QUICK_EXAMPLES if os.environ.get("EXAMPLES") == "few" else 100
    assert parts.examples(100) == settings().max_examples == tried


def plain() -> str:
    return "aws"


def directly() -> None:
    with played_aws():
        plain()


def through_a_module() -> None:
    with clouds.cloud():
        plain()


def with_a_late_import() -> None:
    from aws_cdk import App  # noqa: PLC0415

    App()


@cache
def kept() -> None:
    directly()


@contextmanager
def in_a_context() -> Iterator[None]:
    with cloud():
        yield


class Player:
    @property
    def played(self) -> bool:
        for _ in range(2):
            directly()
        return True


class Heir(Player):
    pass


def by_a_class() -> bool:
    return Heir().played


@pytest.mark.parametrize(
    "code",
    [
        *(directly, through_a_module, with_a_late_import, kept, in_a_context, Heir, by_a_class),
        *(partial(by_a_class), staticmethod(directly)),
    ],
)
def should_see_that_code_plays_aws_by_what_it_names(code: object) -> None:
    assert parts.leads_to_aws(code)


@pytest.mark.parametrize("code", [plain, parts.leads_to_aws, MAKEFILE, None, Callable])
def should_see_none_where_none_is_named(code: object) -> None:
    assert not parts.leads_to_aws(code)


def should_refuse_to_play_aws_when_it_was_not_seen() -> None:
    with pytest.raises(AssertionError, match="did not see it"), HIDDEN["playing"]():
        pass
