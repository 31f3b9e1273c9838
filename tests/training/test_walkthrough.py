"""The walk-through of docs/coder.md does what it says, command by command."""

import shlex
from pathlib import Path

import pytest

from infra.project_files import PROJECT
from tests.support.coding_service.training_command import run
from tests.support.markdown import Document

PYTHON = "python -m training "


@pytest.fixture
def commands() -> list[str]:
    """The lines of the walk-through."""
    path = PROJECT / "docs" / "coder.md"
    document = Document(path, path.read_text("utf-8"))
    (block,) = [each for each in document.fences if each.label == "walkthrough"]
    return block.body.splitlines()


def should_lead_from_a_spreadsheet_to_a_coded_record_when_it_is_followed(
    commands: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "build").mkdir()
    (tmp_path / "samples").symlink_to(PROJECT / "samples")
    monkeypatch.chdir(tmp_path)
    said = []
    for command in commands:
        record, _, typed = command.rpartition(" | ")
        models = sorted((tmp_path / "build" / "own-models" / "jobs").glob("*"))
        arguments = shlex.split(typed.removeprefix(PYTHON).replace("<modelId>", "MODEL"))
        arguments = [
            each.replace("MODEL", models[0].name) if models else each for each in arguments
        ]
        stdin = shlex.split(record)[1].encode() if record else b""
        status, out, complaint = run(*arguments, stdin=stdin)
        assert (status, complaint) == (0, ""), command
        said.append(out)

    imported, trained, measured, coded = said
    assert "108 examples, 12 held out" in imported
    assert "12 codes" in trained
    assert "H.10" in coded
    assert "Accuracy by level" in measured
    assert "Dropcoder evaluation" in (tmp_path / "build" / "jobs.html").read_text("utf-8")
