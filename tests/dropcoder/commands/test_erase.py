"""`erase`: what it shows, asks and ends with; and the policy that it needs."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from dropcoder.commands.app import run
from dropcoder.errors import ExitStatus
from erasure.deployment import Clients
from tests.support.erasure import World, world
from tests.support.markdown import document, table_rows
from tests.support.pipeline.clouds import stepfunctions

PAGE = document("docs/privacy.md")
ACTIONS = {
    "ListObjectVersions": "s3:ListBucketVersions",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "DeleteObjects": "s3:DeleteObjectVersion",
    "ListObjectsV2": "s3:ListBucket",
}
"""Actions that are not named like their calls (Service Authorization Reference)."""
# S3 asks for it beside the other where a version is named; CloudFormation where no stack is.
BESIDE = {
    *("s3:DeleteObject", "s3:GetObjectVersion"),
    *("cloudformation:ListStacks", "cloudformation:DescribeStacks"),
}


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world() as made:
        monkeypatch.setattr(Clients, "of", lambda _session: made.clients)
        yield made


def said(capsys: pytest.CaptureFixture[str]) -> str:
    shown = capsys.readouterr()
    return shown.out + shown.err


def policy() -> dict[str, Any]:
    """The policy of the page."""
    (text,) = [each.body for each in PAGE.fences if each.label == "policy"]
    found: dict[str, Any] = json.loads(text)
    return found


def should_erase_and_say_what_remains_when_it_need_not_ask(
    here: World, capsys: pytest.CaptureFixture[str]
) -> None:
    drop = here.drop("anzsco/left\u202eto right.csv")  # moto can list no escape
    here.alone(drop)
    assert run(["erase", drop.drop_id, "--yes"]) == 0
    shown = said(capsys)
    assert here.kept() == {}
    assert "results: 4 versions" in shown
    assert "backups (point-in-time recovery)" in shown
    assert shown.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("answer", "status"), [("y\n", 0), ("YES\n", 0), ("\n", 5), ("no\n", 5), ("", 5)]
)
def should_ask_before_it_erases(
    here: World, monkeypatch: pytest.MonkeyPatch, answer: str, status: int
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    drop = here.drop()
    here.alone(drop)
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert run(["erase", drop.drop_id]) == status
    assert bool(here.kept()) == (status != 0)


def should_erase_nothing_when_nobody_can_be_asked(
    here: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drop = here.drop()
    here.alone(drop)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert run(["erase", drop.drop_id]) == 5
    assert "YES=1" in said(capsys)
    assert here.kept_of(drop)


def should_warn_when_a_failed_execution_has_other_drops(
    here: World, capsys: pytest.CaptureFixture[str]
) -> None:
    drop, other = here.drop("anzsco/1.csv"), here.drop("anzsco/2.csv")
    here.together(drop, other)
    assert run(["erase", drop.drop_id, "--yes"]) == 0
    assert "the others have to be dropped again" in said(capsys)


def should_end_with_a_status_for_each_reason(
    here: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drop = here.drop()
    arn = here.began("x", drop)
    assert run(["erase", drop.drop_id, "--yes"]) == 4
    stepfunctions().stop_execution(executionArn=arn)
    assert run(["erase", "no-id", "--yes"]) == 2
    assert run(["erase", "0" * 32, "--yes"]) == 6
    for error, status in (
        (NoCredentialsError(), 1),
        (ClientError({"Error": {"Code": "AccessDenied"}}, "Scan"), 1),
        (KeyboardInterrupt(), 130),
    ):
        monkeypatch.setattr("erasure.erase.erase_drop", raising(error))
        assert run(["erase", drop.drop_id, "--yes"]) == status
    shown = said(capsys)
    assert "AWS refused Scan: AccessDenied" in shown
    assert shown.count("Next: ") == 5
    listed = {row[0] for row in table_rows(PAGE.section("Erasing one drop"))}
    assert listed == {str(int(status)) for status in ExitStatus} - {"3"}


def raising(error: BaseException) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def should_need_just_what_the_policy_of_the_page_grants(here: World) -> None:
    called: set[str] = set()

    def note(model: Any, **_: object) -> None:
        service = model.service_model.service_name
        prefix = {"stepfunctions": "states"}.get(service, service)
        called.add(ACTIONS.get(model.name, f"{prefix}:{model.name}"))

    drop, other = here.drop("anzsco/1.csv"), here.drop("anzsco/2.csv")
    here.together(drop, other)
    here.learned(drop)
    here.cloud.s3.create_multipart_upload(Bucket="results", Key=f"{drop.results_prefix}begun")
    clients = (here.clients.s3, here.clients.dynamodb, here.clients.stepfunctions)
    for client in clients:
        client.meta.events.register("before-call.*.*", note, unique_id="note")
    try:
        assert run(["erase", drop.drop_id, "--yes"]) == 0
    finally:
        for client in clients:
            client.meta.events.unregister("before-call.*.*", unique_id="note")
    granted = {
        action
        for statement in policy()["Statement"]
        for action in statement["Action"]
        if not action.startswith("kms:")
    }
    assert granted - BESIDE == called
