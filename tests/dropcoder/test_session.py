"""What the page's session shows of the verbs that take no cloud; tests/cloud plays all of it."""

import shutil
from pathlib import Path

import pytest

from dropcoder.commands.app import run
from infra.project_files import PROJECT
from tests.support.session import alike, recorded

HERE = ("plan", "code")


@pytest.mark.parametrize("verb", HERE)
def should_print_what_the_page_shows(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(PROJECT / "samples" / "survey.csv", tmp_path)
    monkeypatch.chdir(tmp_path)
    (step,) = [each for each in recorded() if each.verb == verb]
    assert run(step.arguments) == 0
    assert alike(capsys.readouterr().out) == alike(step.output)


def should_show_the_whole_way_of_a_file() -> None:
    assert [each.verb for each in recorded()] == ["plan", "code", "drop", "watch", "get"]
