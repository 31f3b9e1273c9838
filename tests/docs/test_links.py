"""What the documents point at is there: pages, sections, files, make targets, settings, outputs."""

import re
import shlex
from urllib.parse import unquote, urlsplit

import botocore.session
import pytest
from botocore import xform_name

from infra.project_files import PROJECT
from infra.settings.command_line import project_context
from tests.support.markdown import Document, document, read_documents

PAGES = read_documents()
MAKEFILE = (PROJECT / "Makefile").read_text("utf-8")
# What is there only after a build, a run or a deployment.
MADE = ("build/", "out/", "cdk.out", ".localcloud/", ".venv")
_TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
_MAKE = re.compile(r"(?:^|[\s(`$])make((?: -\w+)*)(?: ([a-z][a-z-]*))?((?: [A-Z_]+=\S*)*)")
_PATH = re.compile(r"(?:[\w.*-]+/)+[\w.*-]*|[\w-]+\.(?:py|json|md|toml|txt|in)")

every_page = pytest.mark.parametrize("page", PAGES, ids=str)


def should_find_the_documents() -> None:
    assert {"README.md", "docs/runbook.md", "docs/promises.md"} <= {str(page) for page in PAGES}


@every_page
def should_lead_somewhere_when_a_link_is_followed(page: Document) -> None:
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme == "https", link
            continue
        target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
        assert target.exists(), f"{page}: {link}"
        assert target.is_relative_to(PROJECT), f"{page}: {link} leaves the project"
        if parts.fragment:
            there = Document(target, target.read_text("utf-8"))
            assert parts.fragment in there.anchors, f"{page}: {link}"


@every_page
def should_exist_when_a_make_target_or_variable_is_named(page: Document) -> None:
    targets = set(_TARGET.findall(MAKEFILE))
    for code in page.code:
        for _, target, variables in _MAKE.findall(code.split("#")[0]):
            assert not target or target in targets, f"{page}: make {target}"
            for variable in variables.split():
                name = variable.partition("=")[0]
                assert re.search(rf"\$\(?\$?{{?{name}\b", MAKEFILE), f"{page}: {variable}"


def should_describe_every_target_in_make_help() -> None:
    described = set(re.findall(r"^([a-z][a-z-]*):[^=].*## ", MAKEFILE, re.MULTILINE))
    phony = set(re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE))
    assert described == phony


@every_page
def should_exist_when_a_file_is_named(page: Document) -> None:
    top = {path.name for path in PROJECT.iterdir()}
    for span in page.spans:
        path = span.partition("::")[0]
        if not _PATH.fullmatch(path) or path.startswith(MADE):
            continue
        if path.split("/")[0] in top:
            assert list(PROJECT.glob(path.rstrip("/"))), f"{page}: {span}"


@every_page
def should_be_a_setting_when_context_is_given(page: Document) -> None:
    for code in page.code:
        for name in re.findall(r"(?:^|[\s\"'])-c (\w+)=", code):
            assert name in project_context(), f"{page}: -c {name}"


@every_page
def should_be_an_output_of_a_stack_when_a_command_leaves_it_to_the_reader(page: Document) -> None:
    stacks = "".join(
        (PROJECT / "infra" / name / "stack.py").read_text("utf-8")
        for name in ("pipeline", "coding_service")
    ) + (PROJECT / "infra" / "network.py").read_text("utf-8")
    named = [name for code in page.code for name in re.findall(r"<([A-Z]\w+)>", code)]
    named += [name for code in page.code for name in re.findall(r"\boutput [\w-]+ (\w+)\)", code)]
    named += re.findall(r"\boutputs? `(\w+)`", page.prose)
    for name in named:
        assert f'"{name}"' in stacks, f"{page}: {name}"


@every_page
def should_be_known_to_aws_when_a_command_calls_it(page: Document) -> None:
    session = botocore.session.get_session()
    for service, operation, options in aws_commands(page):
        model = session.get_service_model(service)
        known = {xform_name(name, "-"): name for name in model.operation_names}
        assert operation in known, f"{page}: aws {service} {operation}"
        shape = model.operation_model(known[operation]).input_shape
        members = {xform_name(name, "-") for name in (shape.members if shape else {})}
        for option in options - {"query", "output", "region", "cli-input-json"}:
            assert option.removeprefix("no-") in members, f"{page}: {operation} --{option}"


def aws_commands(page: Document) -> list[tuple[str, str, set[str]]]:
    """Service, operation and options of the calls of the `aws` command, but those of `aws s3`."""
    found = []
    for code in page.code:
        for command in re.findall(r"(?:^|[\s(])aws (.+)", code):
            words = shlex.split(command.rstrip(")"), comments=True, posix=False)
            if len(words) < 2 or words[0] == "s3" or words[0].startswith("-"):
                continue
            options = {word[2:] for word in words if word.startswith("--")}
            found.append((words[0], words[1], options))
    return found


def should_find_the_commands_that_it_checks() -> None:
    for page in ("README.md", "docs/deploying.md"):
        found = [(service, name) for service, name, _ in aws_commands(document(page))]
        assert ("secretsmanager", "put-secret-value") in found
