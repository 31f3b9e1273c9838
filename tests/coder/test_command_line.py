"""The three commands, as a person types them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from coding_service.coder.command_line import main
from tests.coder.folders import topic_folder


def run(*arguments: str | Path, stdin: bytes = b"") -> tuple[int, str, str]:
    """Exit status, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    status = main(list(map(str, arguments)), stdin=io.BytesIO(stdin), stdout=out, stderr=err)
    return status, out.getvalue(), err.getvalue()


def should_train_and_evaluate_when_the_folder_is_whole(tmp_path: Path) -> None:
    folder, models = topic_folder(tmp_path / "topic"), tmp_path / "models"

    trained = run("train", folder, "--out", models)
    status, report, complaint = run("evaluate", folder, "--models", models)

    assert trained[0] == 0
    assert "4 codes" in trained[1]
    assert (status, complaint) == (0, "")
    for heading in ("Accuracy by level", "By kind of record", "expected calibration error"):
        assert heading in report
    assert [line.split()[:2] for line in report.splitlines() if "out_of_scope" in line] == [
        ["out_of_scope", "1"]
    ]


def should_say_so_when_the_folder_has_changed_since_training(tmp_path: Path) -> None:
    folder, models = topic_folder(tmp_path / "topic"), tmp_path / "models"
    run("train", folder, "--out", models)
    before = run("evaluate", folder, "--models", models)[1]
    (folder / "codes.csv").write_bytes((folder / "codes.csv").read_bytes() + b"\n")

    after = run("evaluate", folder, "--models", models)[1]

    assert after == "note: the topic folder has changed since this model was trained\n" + before


def should_tell_what_it_replaced_when_a_version_is_trained_again(tmp_path: Path) -> None:
    folder, models = topic_folder(tmp_path / "topic"), tmp_path / "models"
    run("train", folder, "--out", models)
    (folder / "codes.csv").write_bytes((folder / "codes.csv").read_bytes() + b"\n")

    _, out, _ = run("train", folder, "--out", models)

    assert "of version 3 too" in out


def should_write_a_line_for_each_record_when_it_codes_a_file(
    tmp_path: Path, trades_directory: Path
) -> None:
    lines = [{"recordId": "a", "occp_text": "cook", "tasks_text": ""}, {"occp_text": "zz"}]
    text = "\n".join(map(json.dumps, lines)).encode()
    (tmp_path / "in.jsonl").write_bytes(text)

    from_file = run("code", "--model", trades_directory, tmp_path / "in.jsonl")
    from_stdin = run("code", "--model", trades_directory, "-", stdin=text)

    assert from_file == from_stdin
    first, second = map(json.loads, from_file[1].splitlines())
    assert first["recordId"] == "a"
    assert first["result"]["codeCategory"] == "11"
    assert second["recordId"] == ""
    assert second["suggestions"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "standard input:2: not JSON"),
        (b"\xff", "standard input:2: not JSON"),
        (b"[]", "standard input:2: not a JSON object"),
        (b'{"occp_text": 3}', "standard input:2: occp_text is not a string"),
    ],
)
def should_point_at_the_line_when_it_is_not_a_record(
    trades_directory: Path, line: bytes, said: str
) -> None:
    status, _, complaint = run(
        "code", "--model", trades_directory, stdin=b'{"occp_text": "cook"}\n' + line
    )

    assert status == 1
    assert complaint.startswith(said)


def should_explain_when_a_path_is_wrong(tmp_path: Path, trades_directory: Path) -> None:
    nowhere = tmp_path / "nowhere"

    for arguments in (
        ("train", nowhere, "--out", tmp_path),
        ("evaluate", topic_folder(tmp_path / "topic"), "--models", nowhere),
        ("code", "--model", nowhere),
        ("code", "--model", trades_directory, nowhere),
    ):
        status, out, complaint = run(*arguments)
        assert (status, out) == (1, "")
        assert str(nowhere) in complaint
