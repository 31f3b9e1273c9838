"""The three commands, as a person types them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from coding_service.coder.text.normalise import words
from infra.project_files import LAMBDAS
from tests.support.coding_service.topic_folders import example, topic_folder
from tests.support.coding_service.training_command import run
from training.topic.files import read_topic


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
    lines = [
        {"recordId": "a", "occp_text": "cook", "tasks_text": ""},
        {"recordId": "", "occp_text": "zz", "tasks_text": ""},
    ]
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
        (b"{", "standard input:2: is not JSON"),
        (b"\xff", "standard input:2: is not"),
        (b'{"title": "cook"}', "standard input:2: lacks the field occp_text, tasks_text"),
        (b"[]", "standard input:2: is JSON, but not an object"),
        (b'{"occp_text": 3, "tasks_text": ""}', "standard input:2: has occp_text that is not text"),
        (b"x" * 100_000_000, "standard input:2: is"),
    ],
)
def should_point_at_the_line_when_it_is_not_a_record(
    trades_directory: Path, line: bytes, said: str
) -> None:
    status, _, complaint = run(
        "code",
        "--model",
        trades_directory,
        stdin=b'{"occp_text": "cook", "tasks_text": ""}\n' + line,
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


def should_draw_what_it_measured_when_asked(tmp_path: Path) -> None:
    folder, models = topic_folder(tmp_path / "topic"), tmp_path / "models"
    run("train", folder, "--out", models)

    status, report, _ = run("evaluate", folder, "--models", models, "--plot", tmp_path / "it.svg")

    assert status == 0
    assert "By threshold" in report
    assert "Taken for another" in report
    assert "Of 4 records a share may be 50 points off by chance alone" in report
    drawn = (tmp_path / "it.svg").read_text(encoding="utf-8")
    assert drawn.startswith("<svg ")
    assert 'aria-label="trades version 3, 4 records"' in drawn


def should_ask_for_a_file_of_records_when_the_one_named_is_not_there(tmp_path: Path) -> None:
    folder, models = topic_folder(tmp_path / "topic"), tmp_path / "models"
    run("train", folder, "--out", models)

    status, _, complaint = run("evaluate", folder, "--models", models, "--records", tmp_path / "no")

    assert status == 1
    assert f"{tmp_path / 'no'}: No such file or directory. Name a file of records" in complaint


def should_evaluate_its_own_topic_whatever_old_models_lie_beside(tmp_path: Path) -> None:
    folder, models = topic_folder(tmp_path / "topic"), tmp_path / "models"
    run("train", folder, "--out", models)
    alone = run("evaluate", folder, "--models", models)
    (models / "jobs" / "a").mkdir(parents=True)
    (models / "jobs" / "a" / "model.json").write_text('{"format": 1}')
    assert alone[0] == 0
    assert run("evaluate", folder, "--models", models) == alone


@pytest.mark.parametrize("card", ["{", '{"format": 1}'])
def should_measure_no_older_model_when_one_of_the_topic_cannot_be_read(
    tmp_path: Path, card: str
) -> None:
    folder, models = topic_folder(tmp_path / "topic"), tmp_path / "models"
    run("train", folder, "--out", models)
    (models / "trades" / "newer").mkdir()
    (models / "trades" / "newer" / "model.json").write_text(card)

    status, measured, complaint = run("evaluate", folder, "--models", models)

    assert (status, measured) == (1, "")
    assert str(models / "trades" / "newer" / "model.json") in complaint


def should_warn_of_what_is_amiss_when_it_trains(tmp_path: Path) -> None:
    folder = topic_folder(tmp_path / "topic")
    with (folder / "codes.csv").open("a", encoding="utf-8") as codes:
        codes.write("23,Tram driver,2\n")
    with (folder / "examples.jsonl").open("a", encoding="utf-8") as examples:
        examples.write(example("tram driver", "23") + example("Pub COOK", "12"))
        examples.write(example("bus operator", None) + example("hospital cook", "11"))

    _, out, _ = run("train", folder, "--out", tmp_path / "models")

    few, both, shared, taught = [line for line in out.splitlines() if line.startswith("warning: ")]
    assert "'23': fewer than 3 examples" in few
    assert "'bus operator': both with a code and with null" in both
    assert "'pub cook': under several codes" in shared
    assert "'hospital cook': in evaluation.jsonl and in examples.jsonl too" in taught


def should_make_a_topic_that_trains_when_it_imports_tables(tmp_path: Path) -> None:
    (tmp_path / "codes.csv").write_text("code,label\n11,Cook\n12,Baker\n21,Driver\n", "utf-8")
    titles = [
        f"{code},{name} {n}" for code, name in (("11", "cook"), ("21", "bus")) for n in "abcd"
    ]
    titles += ["12,baker", "12,night baker", "21,cook b", "11,Bus-bar cook", "12,pastry baker"]
    (tmp_path / "titles.csv").write_text("\n".join(["code,title", *titles]), "utf-8")
    tasks = ["11,makes soup", "11,fries", "12,kneads dough", "21,drives", "21,sells tickets"]
    (tmp_path / "tasks.csv").write_text("\n".join(["code,task", *tasks]), "utf-8")
    tables = [f"--{name}={tmp_path / name}.csv" for name in ("codes", "titles", "tasks")]
    out = tmp_path / "topic"

    imported = run("import", *tables, "--name", "mine", "--levels", "1,2", "--out", out)
    trained = run("train", out, "--out", tmp_path / "models")
    for records in sorted(out.glob("evaluation*.jsonl")):
        measured = run("evaluate", out, "--models", tmp_path / "models", "--records", records)
        assert measured[0] == 0, measured[2]

    assert (imported[0], trained[0]) == (0, 0)
    examples = [json.loads(line) for line in (out / "examples.jsonl").read_text().splitlines()]
    held = [json.loads(line) for line in (out / "evaluation.jsonl").read_text().splitlines()]
    known = {" ".join(sorted(words(each["occp_text"]))) for each in examples}
    assert held
    assert not known & {" ".join(sorted(words(each["occp_text"]))) for each in held}
    told = [json.loads(line) for line in (out / "evaluation-tasks.jsonl").read_text().splitlines()]
    taught_tasks = {each["tasks_text"] for each in examples} - {""}
    assert not taught_tasks & {each["tasks_text"] for each in told}
    assert {each["code"] for each in examples} == {"11", "12", "21"}


def imported(tmp_path: Path, *arguments: str, titles: str, codes: str) -> tuple[int, str, str]:
    """What `import` says of two tables, whose second and later lines these are."""
    (tmp_path / "codes.csv").write_text(f"code,label\n{codes}", "utf-8")
    (tmp_path / "titles.csv").write_text(f"code,text\n{titles}", "utf-8")
    tables = [f"--{name}={tmp_path / name}.csv" for name in ("codes", "titles")]
    chosen = arguments or ("--name=mine", "--levels=1,2")
    return run("import", *tables, *chosen, "--out", tmp_path / "topic")


@pytest.mark.parametrize(
    ("codes", "titles", "said"),
    [
        ("11,Cook\n11,Baker\n", "11,cook\n", "codes.csv:3: code 11 also stands in line 2"),
        ("11,\n", "11,cook\n", "codes.csv:2: the row has no text"),
        ("11,Cook\n", "11,cook\n\n12,baker\n", "titles.csv:4: code 12 is not in the table"),
        ("11,Cook\n", '11,"cook\n11,chef\n', "titles.csv: The quote that opens in line 2"),
        ("11,Cook\n", "1,kitchen\n", "titles.csv:2: code 1 is not in the table"),
        ("11,Cook\n", "011,kitchen\n,cook\n", "titles.csv:3: the row has no code"),
        ("11,Cook\n", "11,cook,chef\n", "titles.csv:2: the row has more cells than the header"),
    ],
)
def should_point_at_the_row_when_a_table_cannot_be_imported(
    tmp_path: Path, codes: str, titles: str, said: str
) -> None:
    status, _, complaint = imported(tmp_path, codes=codes, titles=titles)

    assert status == 1
    assert complaint.startswith(f"{tmp_path}/{said}")


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (("--name=Mine", "--levels=1,2"), "name cannot be 'Mine'"),
        (("--name=mine", "--levels=2,1"), "levels cannot be [2, 1]"),
        (("--name=mine", "--levels=1,2", "--threshold=5"), "threshold cannot be 5.0"),
    ],
)
def should_refuse_to_import_when_a_setting_cannot_be_used(
    tmp_path: Path, chosen: tuple[str, ...], said: str
) -> None:
    status, _, complaint = imported(tmp_path, *chosen, codes="11,Cook\n", titles="11,cook\n")

    assert status == 1
    assert said in complaint


def should_keep_what_the_author_said_of_a_topic_when_its_tables_are_imported_again(
    tmp_path: Path,
) -> None:
    tables = {"codes": "11,Cook\n12,Baker\n", "titles": "11,cook\n12,baker\n"}
    chosen = ("--name=mine", "--levels=1,2")
    imported(tmp_path, *chosen, **tables)
    settings = tmp_path / "topic" / "topic.yaml"
    said = settings.read_text("utf-8").replace("version: 1", "version: 2")
    said = said.replace("fullName: mine", "fullName: My own") + "readers: linear+sentence\n"
    settings.write_text(said, "utf-8")

    imported(tmp_path, *chosen, "--threshold=0.5", **tables)

    again = settings.read_text("utf-8")
    assert "version: 2" in again
    assert "fullName: My own" in again
    assert "threshold: 0.5" in again
    assert "readers: linear+sentence" in again


def with_factors(tmp_path: Path) -> None:
    """Make a topic whose author wrote a factor for each of two levels."""
    imported(tmp_path, codes="11,Cook\n12,Baker\n", titles="11,cook\n12,baker\n")
    settings = tmp_path / "topic" / "topic.yaml"
    with settings.open("a", encoding="utf-8") as file:
        file.write("temperatureFactors: [0.9, 1.2]\n")


def should_leave_factors_out_and_say_so_when_other_levels_are_imported(tmp_path: Path) -> None:
    with_factors(tmp_path)
    chosen = ("--name=mine", "--levels=2")

    status, said, _ = imported(tmp_path, *chosen, codes="11,Cook\n12,Baker\n", titles="11,cook\n")

    assert status == 0
    assert "topic.yaml: left out temperatureFactors, which are of other levels" in said
    assert read_topic(tmp_path / "topic").settings.temperature_factors == (1,)


def should_keep_factors_when_the_same_levels_are_imported(tmp_path: Path) -> None:
    with_factors(tmp_path)

    _, said, _ = imported(tmp_path, codes="11,Cook\n12,Baker\n", titles="11,cook\n")

    assert "temperatureFactors" not in said
    assert read_topic(tmp_path / "topic").settings.temperature_factors == (0.9, 1.2)


@pytest.mark.parametrize(
    "chosen",
    [
        ("--name=mine", "--levels=1,2", "--threshold=5"),
        ("--name=Mine", "--levels=1,2"),
        ("--name=mine", "--levels=1,3"),
    ],
)
def should_leave_a_sound_topic_as_it_is_when_an_import_is_refused(
    tmp_path: Path, chosen: tuple[str, ...]
) -> None:
    with_factors(tmp_path)
    topic = tmp_path / "topic"
    before = {each.name: each.read_bytes() for each in topic.iterdir()}

    status, _, complaint = imported(
        tmp_path, *chosen, codes="11,Cook\n12,Chef\n", titles="11,cook\n"
    )

    assert status == 1, complaint
    assert {each.name: each.read_bytes() for each in topic.iterdir()} == before


def should_train_when_too_few_titles_were_imported_to_hold_one_out(tmp_path: Path) -> None:
    titles = '11,cook\n11,"pub\ncook"\n12,baker\n'
    imported(tmp_path, codes="11,Cook\n12,Baker\n", titles=titles)

    status, out, _ = run("train", tmp_path / "topic", "--out", tmp_path / "models")

    assert status == 0
    assert "evaluation.jsonl is empty" in out
    assert '"pub cook"' in (tmp_path / "topic" / "examples.jsonl").read_text("utf-8")


def should_name_the_place_when_a_picture_cannot_be_written(tmp_path: Path) -> None:
    folder, models, picture = topic_folder(tmp_path / "topic"), tmp_path / "models", tmp_path / "no"
    run("train", folder, "--out", models)

    status, _, complaint = run("evaluate", folder, "--models", models, "--plot", picture / "x.svg")

    assert status == 1
    assert complaint.startswith(f"{picture}/x.svg: No such file")


def should_end_without_a_traceback_when_its_reader_has_enough(trades_directory: Path) -> None:
    coder = [sys.executable, "-m", "training", "code", "--model", str(trades_directory)]
    pipe, lambdas = subprocess.PIPE, str(LAMBDAS)
    with subprocess.Popen(
        coder, stdin=pipe, stdout=pipe, stderr=pipe, env={**os.environ, "PYTHONPATH": lambdas}
    ) as process:
        assert process.stdout
        process.stdout.close()
        _, complaint = process.communicate(b'{"occp_text": "cook", "tasks_text": ""}\n' * 3)

    assert (process.returncode, complaint) == (-signal.SIGPIPE, b"")
