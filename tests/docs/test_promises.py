"""Each promise and each row of the protocol names code and tests that exist."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from coding_service.api.code_handler import CODE_ROUTES
from coding_service.api.routes import ROUTES
from infra.project_files import PROJECT
from protocol.errors import ServiceAnswer
from protocol.statuses import OperationStatus
from tests.support.markdown import Document, document, read_documents

PROMISES = document("docs/promises.md")
_REFERENCE = re.compile(r"(?P<path>[\w./-]+\.(?:py|json))::(?P<name>.+)")


def entries(page: Document) -> list[str]:
    """The items of the page's lists."""
    return re.findall(r"^- .+?(?=\n- |\n\n|\Z)", page.text, re.MULTILINE | re.DOTALL)


def references(text: str) -> list[tuple[str, str]]:
    """Path and name of each `path::name`."""
    spans = re.findall(r"`([^`]+)`", text)
    return [(found["path"], found["name"]) for span in spans if (found := match(span))]


def match(span: str) -> re.Match[str] | None:
    return _REFERENCE.fullmatch(" ".join(span.split()))


@cache
def names_in(path: Path) -> frozenset[str]:
    """What a file defines: a module's names and its classes' (`Class.member`), or the states of a
    state machine."""
    text = path.read_text("utf-8")
    if path.suffix == ".json":
        return frozenset(states_of(json.loads(text)))
    return frozenset(defined(ast.parse(text).body))


def defined(body: list[ast.stmt], prefix: str = "") -> Iterator[str]:
    for statement in body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield prefix + name
            case ast.ClassDef(name=name, body=members):
                yield prefix + name
                yield from defined(members, f"{prefix}{name}.")
            case ast.Assign(targets=targets):
                named = (node for target in targets for node in ast.walk(target))
                yield from (prefix + node.id for node in named if isinstance(node, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield prefix + name


def states_of(machine: Mapping[str, Any]) -> Iterator[str]:
    for name, state in machine["States"].items():
        yield name
        for inner in (*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])):
            yield from states_of(inner)


@pytest.mark.parametrize("page", read_documents(), ids=str)
def should_exist_when_code_or_a_test_is_cited(page: Document) -> None:
    missing = [
        f"{path}::{name}"
        for path, name in references(page.prose)
        if not (PROJECT / path).is_file() or name not in names_in(PROJECT / path)
    ]
    assert not missing, f"{page} cites what is not there"


@pytest.mark.parametrize("entry", entries(PROMISES), ids=lambda entry: entry[2:60])
def should_name_code_and_a_test_for_each_promise(entry: str) -> None:
    paths = [path for path, _ in references(entry)]
    assert any(path.startswith("tests/") for path in paths), "no test"
    assert any(not path.startswith("tests/") for path in paths), "no code"


def should_be_tests_when_tests_are_cited() -> None:
    cited = [name for path, name in references(PROMISES.prose) if path.startswith("tests/")]
    assert len(cited) > 100
    assert all(name.startswith("should_") for name in cited)


def should_have_the_nine_promises() -> None:
    numbers = re.findall(r"^### (\d)\. ", PROMISES.text, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, 10)]


@pytest.mark.parametrize("row", ServiceAnswer)
def should_have_an_entry_for_every_row_of_the_error_table(row: ServiceAnswer) -> None:
    begins = f"- **{row.http_status} `{row.text}`**"
    (entry,) = [each for each in entries(PROMISES) if each.startswith(begins)]
    assert ("lambdas/protocol/errors.py", f"ServiceAnswer.{row.name}") in references(entry)


@pytest.mark.parametrize("status", OperationStatus)
def should_have_an_entry_for_every_status(status: OperationStatus) -> None:
    listed = entries(Document(PROMISES.path, PROMISES.section("Statuses")))
    assert [each for each in listed if each.startswith(f"- **`{status}`**")]


@pytest.mark.parametrize(("method", "path"), [*ROUTES, *CODE_ROUTES])
def should_have_an_entry_for_every_endpoint(method: str, path: str) -> None:
    listed = entries(Document(PROMISES.path, PROMISES.section("Endpoints")))
    assert [each for each in listed if each.startswith(f"- **`{method} {path}`**")]


def should_see_what_is_missing() -> None:
    assert "Limiter.take" in names_in(PROJECT / "lambdas/pipeline/rate_limit/limiter.py")
    assert "Limiter.give" not in names_in(PROJECT / "lambdas/pipeline/rate_limit/limiter.py")
    assert "By status" in names_in(PROJECT / "statemachine/drop.asl.json")
