"""What a person sees of a drop that `make run` follows, and how it ends."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dropcoder.deployed.notifications import Notification
from dropcoder.deployed.results import Downloaded
from dropcoder.errors import NotFound
from localcloud import journey
from localcloud.console import Console
from localcloud.errors import DropFailed
from pipeline.domain.identity import drop_id

ESCAPE = "\x1b[2Jx\nFake line"
KEY = "anzsco/a.csv"


def told(status: str, **results: str) -> Notification:
    body = {
        "dropId": drop_id("drops", KEY, "v1"),
        "status": status,
        "bucket": "drops",
        "key": KEY,
        "versionId": "v1",
        "reason": ESCAPE,
        "nextStep": "Do what is right.",
        "results": {"bucket": "results"} | results,
    }
    return Notification.from_sns({"Message": json.dumps(body), "Subject": ESCAPE})


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    @contextmanager
    def subscribed(*_: object, **__: object) -> Iterator[Any]:
        rejected = told("rejected", report=f"{KEY}/1/rejection.json")
        yield SimpleNamespace(receive=lambda: [rejected])

    monkeypatch.setattr(journey, "subscribed", subscribed)
    return io.StringIO()


def take(folder: Path, shown: io.StringIO) -> None:
    file = folder / "a.csv"
    file.write_text("Job\nnurse\n")
    put = SimpleNamespace(put_object=lambda **_: {"VersionId": "v1"})
    cloud = SimpleNamespace(
        clients=SimpleNamespace(s3=put),
        pipeline=SimpleNamespace(drop_bucket="drops", results_bucket="results"),
    )
    journey.take(
        cast(Any, cloud),
        file,
        topic="anzsco",
        out=folder / "out",
        console=Console(shown),
        patience=1,
    )


def should_show_where_the_report_of_a_rejected_drop_lies_and_its_next_step(
    shown: io.StringIO, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    report = {"faults": [{"line": 3, "fault": ESCAPE}], "nextStep": "Mend the lines."}

    def download(_pipeline: object, _results: object, folder: Path) -> Downloaded:
        (folder / "rejection.json").write_text(json.dumps(report))
        return Downloaded(folder, report=folder / "rejection.json")

    monkeypatch.setattr(journey, "follow", lambda *_, **__: None)
    monkeypatch.setattr(journey, "download", download)
    with pytest.raises(DropFailed) as failed:
        take(tmp_path, shown)
    assert failed.value.next_step == "Mend the lines."
    line, here, there = failed.value.lines
    assert line == "line 3 ?[2Jx?Fake line"
    assert here.startswith(f"Report: {tmp_path / 'out'}")
    assert there == "and in s3://results/anzsco/a.csv/1/rejection.json"
    assert "\n" not in str(failed.value)
    assert "\x1b" not in shown.getvalue()
    assert "Told after" in shown.getvalue()


def should_show_what_the_functions_logged_when_a_drop_goes_astray(
    shown: io.StringIO, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def unnoticed(*_: object, **__: object) -> None:
        raise NotFound("After 61 s the drop has not been noticed.")

    monkeypatch.setattr(journey, "follow", unnoticed)
    monkeypatch.setattr(journey, "last_lines", lambda *_, **__: ("a line",))
    with pytest.raises(DropFailed, match="not been noticed") as failed:
        take(tmp_path, shown)
    assert failed.value.lines == ("a line",)
