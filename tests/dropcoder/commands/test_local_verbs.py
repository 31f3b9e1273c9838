"""`code` and `plan` on a command line: what they print, and what they end with."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dropcoder.commands.app import dropcoder, run
from dropcoder.errors import ExitStatus
from infra.project_files import PROJECT
from tests.support.markdown import document

SAMPLE = str(PROJECT / "samples" / "survey.csv")


def should_code_a_file_into_a_folder_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("survey.csv").write_bytes(Path(SAMPLE).read_bytes())
    assert run(["code", "survey.csv"]) == ExitStatus.DONE
    assert {each.name for each in Path("survey-coded").iterdir()} == {
        *("results.csv", "report.html", "report.json", "review.html"),
    }
    said = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"50 rows: 41 coded, .*; \d+\.\d s", said[0])
    assert said[1:] == [
        "Table:  survey-coded/results.csv",
        "Report: survey-coded/report.html",
        "Review: survey-coded/review.html",
    ]
    assert run(["code", "survey.csv"]) == ExitStatus.USAGE, "nothing is overwritten unasked"
    assert "--force" in capsys.readouterr().err
    assert run(["code", "survey.csv", "--force", "--json"]) == ExitStatus.DONE
    document = json.loads(capsys.readouterr().out)
    assert document["tables"] == ["survey-coded/results.csv"]
    assert sum(document["rows"].values()) == 50


def should_tell_how_many_texts_a_workbook_could_not_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "survey.csv"
    file.write_text(f"Job title,Remarks\nchef,{'x' * 40_000}\nnurse,short\n")
    assert run(["code", str(file), "--also", "xlsx", "--json"]) == ExitStatus.DONE
    shown = capsys.readouterr()
    assert json.loads(shown.out)["cutCells"] == {"xlsx": 1}
    assert "Cut as xlsx: 1 " in shown.err


def should_plan_a_file_and_say_the_same_to_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", SAMPLE]) == ExitStatus.DONE
    said = capsys.readouterr().out
    for line in (
        "Rows        50: 49 with text, 1 blank, 0 can't be read",
        "Read from   occp_text: Job title",
        "Distinct    49 texts",
        "In batches  1 call for 49 texts with the engine coding-service-small",
    ):
        assert line in said
    assert "of 10,000 a day and 1 a second" in said
    assert run(["plan", SAMPLE, "--json"]) == ExitStatus.DONE
    document = json.loads(capsys.readouterr().out)
    counts = {"rows": 50, "sent": 49, "repeated": 0, "blank": 1, "refused": 0, "shortened": 1}
    assert document["rows"] == counts
    assert document["distinctTexts"] == 49
    assert document["calls"]["least"] < document["calls"]["most"]
    assert document["smallBatches"] == {"texts": 49, "calls": 1, "daysOfCalls": 0.001}
    assert document["review"]["coverage"] == pytest.approx(0.76, abs=0.01)


def should_tell_what_was_assumed_of_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Umfrage.csv"
    rows = "Beruf;Tätigkeit\nKöchin;kocht\nBäcker\x1b[2J;bäckt\n" + "Koch;kocht\n" * 500
    file.write_bytes(rows.encode("cp1252"))
    assert run(["plan", str(file), "--columns", "occp_text=Beruf"]) == ExitStatus.DONE
    said = capsys.readouterr().out
    assert "separated by “;”" in said
    assert "1, for 3 records" in said  # of rows with the same texts one is sent
    assert "cp1252, assumed" in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["code", "nowhere.csv"], ExitStatus.USAGE, "nowhere.csv is not there"),
        (["plan", "."], ExitStatus.USAGE, "is a folder"),
        (["plan", SAMPLE, "--topic", "bakery"], ExitStatus.USAGE, "no topic bakery"),
        (["plan", SAMPLE, "--model", "."], ExitStatus.USAGE, "model.json"),
        (["plan", SAMPLE, "--columns", "occp_text=Trade"], ExitStatus.REJECTED, "“Trade”"),
        (["plan", str(PROJECT / "docs" / "memory.svg")], ExitStatus.REJECTED, "memory.svg: "),
        (["plan"], ExitStatus.USAGE, "FILE"),
        (["plam"], ExitStatus.USAGE, "plam"),
    ],
)
def should_end_with_a_status_and_say_what_to_do(
    arguments: list[str], status: ExitStatus, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == status
    shown = capsys.readouterr()
    assert said in shown.err
    assert not shown.out


def should_tell_programs_of_an_error_too(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["plan", SAMPLE, "--columns", "occp_text=Trade", "--json"]
    assert run(arguments) == ExitStatus.REJECTED
    document = json.loads(capsys.readouterr().out)
    assert document["exitStatus"] == ExitStatus.REJECTED
    assert "Trade" in document["error"]
    assert document["nextStep"].startswith("Say which column it is")


@pytest.mark.parametrize(
    ("arguments", "said", "step"),
    [
        (["plan", "--json"], "Missing argument 'FILE'.", "dropcoder plan --help"),
        (["plan", SAMPLE, "--json", "--colums", "a=b"], "--colums", "dropcoder plan --help"),
        (["code", "--json", SAMPLE, "--also", "ods"], "'ods'", "dropcoder code --help"),
        (["plam", "--json", "--", SAMPLE], "plam", "dropcoder --help"),
    ],
)
def should_tell_programs_too_that_a_command_line_can_not_be_meant(
    arguments: list[str], said: str, step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == ExitStatus.USAGE
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert document["exitStatus"] == ExitStatus.USAGE
    assert said in document["error"]
    assert document["nextStep"].endswith(step)
    assert said in shown.err
    assert run([each for each in arguments if each != "--json"]) == ExitStatus.USAGE
    assert not capsys.readouterr().out


def should_end_as_shells_have_it_when_interrupted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dropcoder.estimates.file_plan.plan_file", interrupted)
    assert run(["plan", SAMPLE]) == ExitStatus.INTERRUPTED
    shown = capsys.readouterr()
    assert "Interrupted" in shown.err
    assert not shown.out
    assert run(["plan", SAMPLE, "--json"]) == ExitStatus.INTERRUPTED
    assert json.loads(capsys.readouterr().out)["exitStatus"] == ExitStatus.INTERRUPTED


def should_name_the_file_that_the_machine_refuses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "survey.csv")

    monkeypatch.setattr("dropcoder.estimates.file_plan.plan_file", refused)
    assert run(["plan", SAMPLE]) == ExitStatus.FAILED
    assert "Failed: survey.csv: Permission denied." in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["plan", SAMPLE], ["plan", "--json", SAMPLE], ["code", "-", "--json"], ["--help"]]
)
def should_end_quietly_when_nobody_reads_on(arguments: list[str]) -> None:
    reads, writes = os.pipe()
    os.close(reads)  # before the first word is written
    try:
        done = subprocess.run(
            [sys.executable, "-m", "dropcoder", *arguments],
            cwd=PROJECT,
            stdout=writes,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writes)
    assert done.returncode == ExitStatus.FAILED
    assert "Traceback" not in done.stderr
    assert "Broken pipe" not in done.stderr


@pytest.mark.parametrize("name", sorted(dropcoder.commands))
def should_help_with_an_example_for_each_verb(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([name, "--help"]) == ExitStatus.DONE
    said = capsys.readouterr().out
    assert f"  Example:\n    dropcoder {name}" in said
    assert "--json" in said


def should_list_each_verb_in_a_section_of_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == ExitStatus.DONE
    said = capsys.readouterr().out
    assert "On this machine:" in said
    for name in dropcoder.commands:
        assert re.search(rf"^  {name} +\w", said, re.MULTILINE)
    assert run(["--version"]) == ExitStatus.DONE
    assert capsys.readouterr().out.startswith("dropcoder, version ")


def should_be_named_in_the_readme_verb_by_verb() -> None:
    section = document("README.md").section("On a laptop")
    missing = {each for each in dropcoder.commands if not re.search(rf"\b{each}\b", section)}
    assert not missing


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def should_complete_verbs(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_DROPCODER_COMPLETE", f"{shell}_complete")
    monkeypatch.setenv("COMP_WORDS", "dropcoder pl")
    monkeypatch.setenv("COMP_CWORD", "pl" if shell == "fish" else "1")  # fish: the word itself
    with pytest.raises(SystemExit, match="0"):
        run([])
    assert "plan" in capsys.readouterr().out
