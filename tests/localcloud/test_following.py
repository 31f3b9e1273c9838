"""What a person sees of a drop that is followed or watched: how it ends, and that it goes on."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from localcloud import commands, journey
from localcloud.__main__ import INTERRUPTED, main
from localcloud.console import Console
from localcloud.errors import DropFailed, Interrupted
from localcloud.notifications import Notification, ResultKeys
from localcloud.results import Downloaded

ESCAPE = "\x1b[2Jx\nFake line"


def told(status: str, **changes: Any) -> Notification:
    results = dict.fromkeys(("output", "metadata", "manifest", "report", "table", "page"))
    fields: dict[str, Any] = {
        "drop_id": "1" * 32,
        "status": status,
        "bucket": "drops",
        "key": f"anzsco/{ESCAPE}.csv",
        "version_id": "v",
        "reason": None,
        "next_step": "Do what is right.",
        "records": None,
        "rows": None,
        "results": ResultKeys(**{"bucket": "results", **results, **changes.pop("results", {})}),
        "subject": ESCAPE,
        "attributes": {},
        "body": {},
    }
    return Notification(**{**fields, **changes})


class Heard:
    """A subscription that has heard of some drops when somebody presses Ctrl-C."""

    def __init__(self, *endings: Notification) -> None:
        self._waiting = [list(endings)]

    def receive(self, **_: object) -> list[Notification]:
        if not self._waiting:
            raise Interrupted
        return self._waiting.pop()


def subscribed_to(heard: Heard) -> Any:
    @contextmanager
    def subscribed(*_: object, **__: object) -> Iterator[Heard]:
        yield heard

    return subscribed


class Quiet:
    """Executions of which none has begun."""

    def __init__(self, _cloud: object) -> None: ...

    def of_drop(self, _drop_id: str) -> None: ...


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    monkeypatch.setattr(commands, "kept_reach", lambda _: None)
    monkeypatch.setattr(commands, "kept_cloud", lambda _: a_cloud())
    monkeypatch.setattr(journey, "Executions", Quiet)
    return io.StringIO()


def a_cloud() -> Any:
    put = SimpleNamespace(put_object=lambda **_: {"VersionId": "v1"})
    names = SimpleNamespace(drop_bucket="drops", results_bucket="results")
    return SimpleNamespace(pipeline=names, s3=lambda: put)


def should_show_each_ending_with_its_report_and_next_step_when_watching(
    shown: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard(
        told("complete", key="anzsco/a.csv", results={"manifest": "anzsco/a.csv/1/manifest.json"}),
        told("rejected", reason="No header.", results={"report": "anzsco/b/2/rejection.json"}),
    )
    monkeypatch.setattr(commands, "subscribed", subscribed_to(heard))
    with pytest.raises(Interrupted):
        commands.watch(cast(Any, None), Console(shown))
    _, complete, where, rejected, report, following = shown.getvalue().splitlines()
    assert complete == "complete   anzsco/a.csv"
    assert where.strip() == "s3://results/anzsco/a.csv/1/"
    assert rejected == "rejected   anzsco/?[2Jx?Fake line.csv  No header."
    assert report.strip() == "Report: s3://results/anzsco/b/2/rejection.json"
    assert following.strip() == "Next: Do what is right."


def should_say_how_to_follow_a_drop_that_goes_on_when_interrupted(
    shown: io.StringIO, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(journey, "subscribed", subscribed_to(Heard()))
    file = tmp_path / "a.csv"
    file.write_text("Job\nnurse\n")
    with pytest.raises(Interrupted):
        commands.drop(cast(Any, None), commands.What(file=file), Console(shown))
    said = shown.getvalue()
    assert "The drop goes on; its id is " in said
    assert "make watch" in said
    assert "Results: s3://results/anzsco/a.csv/" in said


def should_promise_nothing_when_interrupted_before_anything_was_dropped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise Interrupted

    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(commands, "drop", interrupted)
    assert main(["drop"]) == INTERRUPTED
    assert "goes on" not in capsys.readouterr().out


def should_show_where_the_report_of_a_rejected_drop_lies_and_its_next_step(
    shown: io.StringIO, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("Job\nnurse\n")
    dropped = journey.drop(a_cloud(), file, topic="anzsco")
    ending = told(
        "rejected",
        drop_id=dropped.drop_id,
        reason=ESCAPE,
        results={"report": "anzsco/a.csv/1/rejection.json"},
    )
    report = {"faults": [{"line": 3, "fault": ESCAPE}], "nextStep": "Mend the lines."}
    results = Downloaded(tmp_path, None, None, None, None, report)
    monkeypatch.setattr(journey, "subscribed", subscribed_to(Heard(ending)))
    monkeypatch.setattr(journey, "download", lambda *_: results)
    with pytest.raises(DropFailed) as failed:
        commands.drop(cast(Any, None), commands.What(file=file), Console(shown))
    assert failed.value.next_step == "Mend the lines."
    assert failed.value.lines == (
        "line 3 ?[2Jx?Fake line",
        f"Report: {tmp_path / 'rejection.json'}",
        "and in s3://results/anzsco/a.csv/1/rejection.json",
    )
    assert "\n" not in str(failed.value)
    assert "\x1b" not in shown.getvalue()
