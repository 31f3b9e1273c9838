"""The verbs of a deployed Pipeline on a command line, in moto's AWS."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from dropcoder.commands.app import dropcoder, run
from dropcoder.commands.drops import moment_of
from dropcoder.deployed.notifications import Notification
from dropcoder.deployed.put_file import Dropped
from dropcoder.errors import ExitStatus
from erasure.deployment import Clients
from pipeline.clock import Clock
from pipeline.domain.drop import Drop
from pipeline.domain.identity import drop_id
from pipeline.ledger.drops import Drops, Ending
from tests.support.erasure import World
from tests.support.policies import actions_of, statements, verbs
from tests.support.tables.decided import a_line, exported
from tests.support.tables.reviews import a_csv, a_reviewed_drop, some_rows

ESCAPE = "\x1b[2Jx\nFake line"
ACTIONS = {"HeadObject": "s3:GetObject", "CopyObject": "s3:PutObject"}
"""Actions that are not named like their calls (Service Authorization Reference)."""


def ended(here: World, drop: Drop, status: str = "complete", **body: Any) -> Drop:
    """The drop, with results, once it has ended."""
    prefix = drop.results_prefix
    files = {"table": "results.csv", "manifest": "manifest.json", "page": "report.html"}
    unnamed = ["report.json"]
    if status != "complete":
        files, unnamed = {"report": "rejection.json"}, []
    here.put("results", *(f"{prefix}{name}" for name in [*files.values(), *unnamed]))
    body = {
        "dropId": drop.drop_id,
        "status": status,
        "bucket": drop.bucket,
        "key": drop.key,
        "versionId": drop.version_id,
        "reason": None if status == "complete" else ESCAPE,
        "nextStep": "Do what is right.",
        "rows": {"coded": 2, "blank": 1, "refused": 0},
        "results": {"bucket": "results", "prefix": prefix}
        | {name: f"{prefix}{file}" for name, file in files.items()},
    } | body
    Drops(here.cloud.ledger, here.clock).end(
        drop.drop_id, Ending(status=status, body=body, rescued=False)
    )
    return drop


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("jobs.csv")
    path.write_text("Job title\nchef\n")
    return path


def should_drop_files_and_print_their_ids(
    here: World, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Path("more.csv")
    other.write_text("Job title\nnurse\n")
    arguments = ["drop", str(file), str(other), "--under", "2026", "--columns", "occp_text=#1"]
    assert run(arguments) == ExitStatus.DONE
    first, second = (line.split() for line in capsys.readouterr().out.splitlines())
    assert (first[1], second[1]) == (
        "s3://drops/anzsco/2026/jobs.csv",
        "s3://drops/anzsco/2026/more.csv",
    )
    stored = here.cloud.s3.get_object(Bucket="drops", Key="anzsco/2026/jobs.csv")
    assert first[0] == drop_id("drops", "anzsco/2026/jobs.csv", stored["VersionId"])
    assert stored["Metadata"] == {"columns": "occp_text=#1"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["drop", "nowhere.csv"], "nowhere.csv is not there"),
        (["drop", "jobs.csv", "sub/jobs.csv"], "same name"),
        (["drop", "jobs.csv", "--topic", "No Topic"], "no topic's name"),
        (["drop", "jobs.csv", "--patience", "9"], "without --wait"),
        (["drop", "jobs.csv", "-o", "results"], "without --wait"),
        (["watch", "--patience", "9"], "--patience needs a DROP"),
        (["list", "--since", "yesterday"], "yesterday is no moment"),
        (["show", "xyz"], "hex digits"),
        (["get", "jobs.csv"], "hex digits"),
    ],
)
def should_send_nothing_when_the_command_line_can_not_be_meant(
    here: World, file: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("sub").mkdir()
    Path("sub/jobs.csv").touch()
    assert run(arguments) == ExitStatus.USAGE
    assert said in capsys.readouterr().err
    assert here.kept() == {}


@pytest.mark.parametrize(
    ("status", "ends"),
    [
        ("complete", ExitStatus.DONE),
        ("rejected", ExitStatus.REJECTED),
        ("failed", ExitStatus.FAILED),
        ("timed_out", ExitStatus.FAILED),
    ],
)
def should_end_as_the_drop_that_is_watched(
    here: World, status: str, ends: ExitStatus, capsys: pytest.CaptureFixture[str]
) -> None:
    drop = ended(here, here.drop(), status)
    assert run(["watch", drop.drop_id[:10]]) == ends
    said = capsys.readouterr().out
    assert said.startswith(f"{status:<10} anzsco/jobs.csv")
    assert ("3 rows: 2 coded, 1 blank" in said) == (status == "complete")
    assert ("Next: Do what is right." in said) == (status != "complete")
    assert said.replace("\n", "").isprintable()


def should_end_as_the_worst_of_several(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    good = ended(here, here.drop("anzsco/1.csv"))
    bad = ended(here, here.drop("anzsco/2.csv"), "rejected")
    assert run(["watch", good.drop_id, bad.drop_id, "--json"]) == ExitStatus.REJECTED
    document = json.loads(capsys.readouterr().out)
    assert [each["status"] for each in document] == ["complete", "rejected"]


def should_tell_what_has_ended_when_patience_ends_with_another(
    here: World, capsys: pytest.CaptureFixture[str]
) -> None:
    going = here.drop("anzsco/1.csv")
    ends = [ended(here, here.drop(f"anzsco/{n}.csv"), n) for n in ("complete", "rejected")]
    watched = [going.drop_id, *(each.drop_id for each in ends), going.drop_id[:8]]
    assert run(["watch", *watched, "--patience", "-1", "--json"]) == ExitStatus.GOING
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert [each["status"] for each in document] == ["going", "complete", "rejected"]
    assert "not ended" in document[0]["error"]
    assert shown.err.count(f"dropcoder watch {going.drop_id[:8]}") == 1


def should_not_take_a_drop_that_is_not_known_for_one_that_has_ended(
    here: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = ended(here, here.drop(), "failed")
    monkeypatch.setattr("dropcoder.deployed.follow.UNKNOWN_SECONDS", -1)
    assert run(["watch", "f" * 32, failed.drop_id, "--json"]) == ExitStatus.NOT_FOUND
    document = json.loads(capsys.readouterr().out)
    assert [each["status"] for each in document] == [None, "failed"]


def should_say_how_to_go_on_when_a_watch_is_interrupted_or_given_up(
    here: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drop = here.drop()
    assert run(["watch", drop.drop_id, "--patience", "-1"]) == ExitStatus.GOING

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dropcoder.deployed.follow.follow", interrupted)
    assert run(["watch", drop.drop_id]) == ExitStatus.INTERRUPTED
    said = capsys.readouterr().err
    assert "The drop goes on." in said
    assert said.count(f"dropcoder watch {drop.drop_id[:8]}") == 2


def should_say_how_to_have_the_results_when_the_wait_for_them_is_interrupted(
    here: World, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dropcoder.deployed.follow.Clock", lambda: Clock(sleep=interrupted))
    Path("more.csv").write_text("Job title\nnurse\n")
    assert run(["drop", str(file), "more.csv", "--wait"]) == ExitStatus.INTERRUPTED
    shown = capsys.readouterr()
    ids = " ".join(line[:8] for line in shown.out.splitlines())
    assert "The drops go on." in shown.err
    assert f"dropcoder watch {ids}; its results: dropcoder get DROP" in shown.err
    assert here.cloud.s3.list_objects_v2(Bucket="drops")["KeyCount"] == 2


def should_get_the_results_of_what_it_dropped_when_it_waits(
    here: World,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    drop = ended(here, here.drop("anzsco/other.csv"))
    dropped = Dropped(file, drop.bucket, drop.key, drop.version_id, drop.drop_id)
    monkeypatch.setattr("dropcoder.deployed.put_file.put_file", lambda *_: dropped)
    assert run(["drop", str(file), "--wait", "--json"]) == ExitStatus.DONE
    (document,) = json.loads(capsys.readouterr().out)
    assert Path(document["files"]["table"]).parent == Path(f"out/other-{drop.drop_id[:8]}")
    assert Path(document["files"]["table"]).is_file()


def should_get_what_a_drop_has_and_overwrite_nothing_unasked(
    here: World, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drop = ended(here, here.drop())
    assert run(["get", drop.drop_id[:8]]) == ExitStatus.DONE
    folder = Path(f"jobs-{drop.drop_id[:8]}")
    assert {each.name for each in folder.iterdir()} == {
        *("results.csv", "manifest.json", "report.html", "report.json"),
    }
    assert capsys.readouterr().out.splitlines() == [
        f"Table:  {folder}/results.csv",
        f"Report: {folder}/report.html",
    ]
    assert run(["get", drop.drop_id]) == ExitStatus.USAGE
    assert run(["get", drop.drop_id, "--force"]) == ExitStatus.DONE
    assert run(["get", here.drop("anzsco/2.csv").drop_id]) == ExitStatus.GOING
    assert run(["get", "f" * 32]) == ExitStatus.NOT_FOUND


def should_get_all_that_merge_needs_of_a_drop(
    here: World, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drop = ended(here, here.drop())
    reviewed = a_reviewed_drop(a_csv(some_rows(100)))
    for name, content in (
        ("results.csv", reviewed.results),
        ("report.json", json.dumps(reviewed.report).encode()),
    ):
        here.cloud.s3.put_object(Bucket="results", Key=f"{drop.results_prefix}{name}", Body=content)
    assert run(["get", drop.drop_id, "--json"]) == ExitStatus.DONE
    got = json.loads(capsys.readouterr().out)
    Path("ann.csv").write_bytes(exported([a_line(reviewed.data["items"][0], "cannot be coded")]))
    assert run(["merge", got["table"], "ann.csv"]) == ExitStatus.DONE
    assert Path(got["numbers"]).name == "report.json"


def should_list_and_show_drops_without_letting_them_steer_the_terminal(
    here: World, capsys: pytest.CaptureFixture[str]
) -> None:
    drop = ended(here, here.drop("anzsco/left\u202eto right.csv"), "rejected")
    going = here.drop("anzsco/2.csv")
    here.began("some-execution", going)
    assert run(["list"]) == ExitStatus.DONE
    said = capsys.readouterr().out
    assert said.count("\n") == 3
    assert drop.drop_id[:8] in said
    assert "going" in said
    assert run(["list", "--status", "rejected", "--limit", "1", "--json"]) == ExitStatus.DONE
    (listed,) = json.loads(capsys.readouterr().out)
    assert listed["dropId"] == drop.drop_id
    assert run(["show", drop.drop_id[:8]]) == ExitStatus.DONE
    said += capsys.readouterr().out
    assert "Next: Do what is right." in said
    assert run(["show", going.drop_id]) == ExitStatus.DONE
    shown = capsys.readouterr().out
    assert "running: " in shown
    assert f"dropcoder watch {going.drop_id[:8]}" in shown
    assert (said + shown).replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("7d", "2026-11-22T12:00+00:00"),
        ("36h", "2026-11-28T00:00+00:00"),
        ("30m", "2026-11-29T11:30+00:00"),
        ("2026-11-01", "2026-11-01T00:00+00:00"),
        ("2026-11-01T09:30+11:00", "2026-10-31T22:30+00:00"),
    ],
)
def should_know_since_when(text: str, moment: str) -> None:
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    assert moment_of(text, now) == datetime.fromisoformat(moment)


def should_retry_and_say_what_it_is_known_by_now(
    here: World, capsys: pytest.CaptureFixture[str]
) -> None:
    drop = ended(here, here.drop(), "failed")
    assert run(["retry", drop.drop_id, "--json"]) == ExitStatus.DONE
    document = json.loads(capsys.readouterr().out)
    assert document["dropId"] != drop.drop_id
    assert not document["redriven"]


def should_show_each_ending_when_all_are_watched(
    here: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bodies: list[dict[str, Any]] = [
        {"status": "complete", "results": {"manifest": "m", "prefix": "p/"}},
        {
            "status": "rejected",
            "reason": ESCAPE,
            "nextStep": "Mend it.",
            "results": {"report": "r"},
        },
    ]

    class Heard:
        def receive(self, **_: object) -> list[Notification]:
            if not bodies:
                raise KeyboardInterrupt
            said = {"dropId": "1", "bucket": "drops", "key": "anzsco/a.csv", "versionId": "v"}
            return [Notification.from_sns({"Message": json.dumps(said | bodies.pop(0))})]

    @contextmanager
    def subscribed(*_: object, **__: object) -> Iterator[Heard]:
        yield Heard()

    monkeypatch.setattr("dropcoder.deployed.notifications.subscribed", subscribed)
    assert run(["watch"]) == ExitStatus.INTERRUPTED
    complete, where, rejected, report, following = capsys.readouterr().out.splitlines()
    assert complete == "complete   anzsco/a.csv"
    assert where.strip() == "s3://None/p/"
    assert rejected == "rejected   anzsco/a.csv  ?[2Jx?Fake line"
    assert report.strip() == "Report: s3://None/r"
    assert following.strip() == "Next: Mend it."


def should_say_what_is_missing_when_there_are_no_credentials(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none(_session: object) -> Clients:
        raise NoCredentialsError

    monkeypatch.setattr(Clients, "of", none)
    for arguments in (["list"], ["doctor"], ["costs"], ["watch"], ["drop", "x.csv"]):
        assert run(arguments) == ExitStatus.FAILED
        assert 'eval "$(make -s env)"' in capsys.readouterr().err


def should_document_what_each_verb_needs() -> None:
    documented = {verb.split()[0] for verb in verbs()}
    assert documented == set(dropcoder.commands) - {"code", "plan", "merge", "agree", "dictionary"}
    named = {sid for said in verbs().values() for sid in statements() if f"`{sid}`" in said}
    assert named == set(statements())


@pytest.mark.parametrize("verb", ["drop", "watch DROP", "list", "show", "get", "retry"])
def should_call_nothing_that_its_policy_does_not_grant_and_need_all_of_it(
    here: World, file: Path, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = {"cloudformation:DescribeStacks"}  # played by the tests' own

    def note(model: Any, **_: object) -> None:
        service = model.service_model.service_name
        prefix = {"stepfunctions": "states"}.get(service, service)
        called.add(ACTIONS.get(model.name, f"{prefix}:{model.name}"))

    drop = here.drop()
    here.began("an-execution", drop)
    status = "failed" if verb == "retry" else "complete"
    arguments = {"drop": ["drop", str(file)], "list": ["list"]}
    if verb == "watch DROP":

        def end(_seconds: float) -> None:
            ended(here, drop)

        ends = Clock(sleep=end)
        monkeypatch.setattr("dropcoder.deployed.follow.Clock", lambda: ends)
    else:
        ended(here, drop, status)
    clients = (here.clients.s3, here.clients.dynamodb, here.clients.stepfunctions)
    for client in clients:
        client.meta.events.register("before-call.*.*", note, unique_id="note")
    try:
        assert run(arguments.get(verb, [verb.split(maxsplit=1)[0], drop.drop_id])) in (0, 3)
    finally:
        for client in clients:
            client.meta.events.unregister("before-call.*.*", unique_id="note")
    granted = {action for action in actions_of(verb) if not action.startswith("kms:")}
    # Large files come in parts; stopped executions can go on; to copy a version is to read it.
    beside = {"s3:AbortMultipartUpload", "states:RedriveExecution", "s3:GetObjectVersion"}
    called -= {"s3:GetObject"} if verb == "retry" else set()
    called -= {"s3:PutObject"} if verb == "watch DROP" else set()  # the drop's results
    assert granted - beside == called - beside
