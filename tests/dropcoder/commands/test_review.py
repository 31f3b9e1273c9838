"""`merge` and `agree` on a command line."""

import json
from pathlib import Path

import pytest

from dropcoder.commands.app import run
from dropcoder.errors import ExitStatus
from tables.review.page.document import html_of_review
from tests.support.tables.decided import a_line, exported
from tests.support.tables.reviews import a_csv, a_reviewed_drop, some_rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A drop's results, and the files of two reviewers who agree on one of two texts."""
    drop = a_reviewed_drop(a_csv(some_rows(100)), blind_share=0)
    first, second, *_ = drop.data["items"]
    (tmp_path / "results.csv").write_bytes(drop.results)
    (tmp_path / "report.json").write_text(json.dumps(drop.report), "utf-8")
    (tmp_path / "review.html").write_text(html_of_review(drop.data), "utf-8")
    anns = [a_line(first, "code 351311"), a_line(second, "code 351311")]
    bobs = [a_line(first, "code 351311", by="Bob"), a_line(second, "code 351411", by="Bob")]
    (tmp_path / "ann.csv").write_bytes(exported(anns))
    (tmp_path / "bob.csv").write_bytes(exported(bobs))
    return tmp_path


def should_merge_and_say_what_is_left(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(folder / name) for name in ("results.csv", "ann.csv", "bob.csv")]
    assert run(["merge", *files]) == ExitStatus.DONE
    said = capsys.readouterr().out
    assert "100 rows: " in said
    assert "disagree on 1 texts" in said
    assert (folder / "reviewed" / "results.csv").is_file()
    assert (folder / "reviewed" / "report.html").is_file()
    assert run(["merge", *files, "--json"]) == ExitStatus.DONE
    assert json.loads(capsys.readouterr().out)["texts"]["disagreed"] == 1


def should_tell_agreement_and_where_to_decide(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["agree", str(folder / "ann.csv"), str(folder / "bob.csv")]) == ExitStatus.DONE
    said = capsys.readouterr().out
    assert "All texts: 50.0% of 2 agree" in said
    assert "Blind texts: none that both have decided" in said
    assert (folder / "agreement" / "decide.html").is_file()


def should_say_what_is_wrong_and_fail(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = [str(folder / "results.csv"), str(folder / "review.html")]
    assert run(["merge", *wrong]) == ExitStatus.REJECTED
    assert "does not begin as an exported file does" in capsys.readouterr().err
    gone = [str(folder / "ann.csv"), str(folder / "gone.csv")]
    assert run(["agree", *gone]) == ExitStatus.FAILED
    assert "gone.csv" in capsys.readouterr().err
