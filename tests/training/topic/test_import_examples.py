"""A table of coded records, as people have it, becomes a topic with text fields of its own."""

import random
from pathlib import Path

import pytest

from tests.support.coding_service.training_command import Cells, lines_of, run, workbook
from training.topic.files import read_topic
from training.topic.held_out import title_key

TRADES = {"A1.01": "cook", "A1.02": "baker", "B2.01": "driver", "B2.02": "loader"}
PLACES = ("hotel", "school", "night", "city", "camp", "airport", "mine", "pub", "ship", "farm")


def rows(number: int = 120) -> list[list[object]]:
    """Records of a survey: id, code, title, industry, two columns of duties."""
    dice = random.Random(5)  # noqa: S311
    found: list[list[object]] = []
    for place in range(number):
        code, trade = dice.choice(sorted(TRADES.items()))
        title = f"{dice.choice(PLACES)} {dice.choice(PLACES)} {trade}"
        found.append([place, code, title, dice.choice(PLACES), f"{trade}s things", "other duties"])
    return found


HEAD: list[object] = ["Id", "Occ Code", "Job title", "Industry", "Duty 1", "Duty 2"]
COLUMNS = "--columns=job=Job title; industry=Industry; duties=Duty 1 + Duty 2"


def as_csv(path: Path, table: Cells, separator: str = ",") -> Path:
    path.write_text("".join(separator.join(map(str, row)) + "\n" for row in table), "utf-8")
    return path


def imported(examples: Path, *more: str | Path, columns: str = COLUMNS) -> tuple[int, str, str]:
    chosen = ("--name=mine", columns, "--examples-code=occ code", f"--examples={examples}")
    return run("import", *chosen, *more)


@pytest.mark.parametrize("kind", ["csv", "tabs", "xlsx"])
def should_make_a_topic_of_coded_records_when_they_are_a_table(kind: str, tmp_path: Path) -> None:
    table = [HEAD, *rows()]
    if kind == "xlsx":
        examples = workbook(tmp_path / "coded.xlsx", {"About": [["A survey"]], "Data": table})
    else:
        examples = as_csv(tmp_path / "coded.txt", table, "\t" if kind == "tabs" else ",")

    status, said, complaint = imported(examples, "--levels=1,2,5", "--out", tmp_path / "topic")

    assert (status, complaint) == (0, "")
    topic = read_topic(tmp_path / "topic")
    assert list(topic.settings.fields.items()) == [("job", 1.0), ("industry", 0.3), ("duties", 0.3)]
    assert topic.hierarchy.lineage("A1.02") == ("A1.02", "A1", "A")
    assert {each.texts["duties"] for each in topic.examples if each.code == "A1.02"} == {
        "bakers things other duties"
    }
    held = lines_of(tmp_path / "topic" / "evaluation.jsonl")
    taught = {title_key(each.texts["job"]) for each in topic.examples}
    assert held
    assert not taught & {title_key(each["job"]) for each in held}
    assert "held out in evaluation.jsonl" in said


def should_train_evaluate_and_code_when_there_is_one_field(tmp_path: Path) -> None:
    examples = as_csv(tmp_path / "coded.csv", [HEAD, *rows()])
    out, models = tmp_path / "topic", tmp_path / "models"

    status = imported(examples, "--out", out, columns="--columns=job=Job title")[0]
    trained = run("train", out, "--out", models)
    measured = run("evaluate", out, "--models", models)
    (directory,) = (models / "mine").iterdir()
    coded = run("code", "--model", directory, stdin=b'{"job": "mine loader"}')

    assert [status, trained[0], measured[0], coded[0]] == [0, 0, 0, 0]
    assert '"codeCategory":"B2.02"' in coded[1].replace(" ", "")


def should_pass_over_what_is_not_coded_and_say_how_much(tmp_path: Path) -> None:
    table = [HEAD, *rows(), [7, "", "hotel cook", "pub", "", ""], [8, "A1.01", "", "", "-", ""]]
    examples = as_csv(tmp_path / "coded.csv", table)

    status, said, _ = imported(examples, "--out", tmp_path / "topic")

    assert status == 0
    assert "coded.csv: passed over 2 rows without a code or a text: 122, 123" in said


def should_refuse_codes_that_the_table_of_codes_lacks_or_pass_them_over(tmp_path: Path) -> None:
    codes = as_csv(
        tmp_path / "codes.csv", [["code", "label"], *([c, t] for c, t in TRADES.items())]
    )
    more = [[7, "X9.99", "cook", "", "", ""], [8, "X9.98", "baker", "", "", ""]]
    examples = as_csv(tmp_path / "coded.csv", [HEAD, *rows(), *more])
    chosen = (f"--codes={codes}", "--levels=1,2,5", "--out", tmp_path / "topic")

    refused = imported(examples, *chosen)
    taken = imported(examples, *chosen, "--skip-unknown")

    assert refused[0] == 1
    assert "coded.csv:122: the codes X9.98, X9.99 are no codes" in refused[2]
    assert "--skip-unknown" in refused[2]
    assert taken[0] == 0
    assert "passed over 2 rows of unknown codes: 122, 123" in taken[1]
    taught = {(each.code, each.texts["job"]) for each in read_topic(tmp_path / "topic").examples}
    assert ("A1.01", "cook") in taught


def should_warn_of_codes_that_no_record_has(tmp_path: Path) -> None:
    table = [
        ["code", "label"],
        *([code, trade] for code, trade in TRADES.items()),
        ["C3.01", "vet"],
    ]
    codes = as_csv(tmp_path / "codes.csv", table)
    examples = as_csv(tmp_path / "coded.csv", [HEAD, *rows()])

    _, said, _ = imported(examples, f"--codes={codes}", "--levels=5", "--out", tmp_path / "topic")

    assert "warning: 1 codes have no text but their label: C3.01. Write examples" in said


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("--columns=job=Titel", "no row has the columns “Titel”; found are “Id”, “Occ Code”"),
        ("--columns=job", "has no “field=”"),
        ("--columns=code=Job title", "fields cannot be"),
    ],
)
def should_say_what_to_write_when_columns_cannot_be_found(
    tmp_path: Path, columns: str, said: str
) -> None:
    examples = as_csv(tmp_path / "coded.csv", [HEAD, *rows()])

    status, _, complaint = imported(examples, "--out", tmp_path / "topic", columns=columns)

    assert status == 1
    assert said in complaint


def should_ask_for_levels_when_codes_are_not_as_long(tmp_path: Path) -> None:
    table = [HEAD, *rows(), [9, "A1.1", "cook", "", "", ""]]

    status, _, complaint = imported(as_csv(tmp_path / "c.csv", table), "--out", tmp_path / "topic")

    assert status == 1
    assert "the codes have 4, 5 characters. Give the characters" in complaint


@pytest.mark.parametrize("table", ["titles", "tasks"])
def should_not_pass_titles_or_tasks_over_when_they_stand_beside_examples(
    tmp_path: Path, table: str
) -> None:
    examples = as_csv(tmp_path / "coded.csv", [HEAD, *rows()])

    chosen = (f"--{table}={examples}", "--out", tmp_path / "topic")
    status, _, complaint = imported(examples, *chosen)

    assert status == 1
    assert f"--{table} cannot stand beside --examples" in complaint
    assert not (tmp_path / "topic").exists()


def should_have_name_and_levels_of_the_preset_when_none_are_given(tmp_path: Path) -> None:
    table = [["code", "job"], *(["351311", f"{place} chef"] for place in PLACES)]
    examples = as_csv(tmp_path / "coded.csv", [*table, ["411111", "ambulance officer"]])
    out = tmp_path / "topic"

    chosen = (f"--examples={examples}", "--columns=job=job", "--out", out)
    status, said, complaint = run("import", "--preset=anzsco2022", *chosen)

    assert (status, complaint) == (0, "")
    assert "Name its source" not in said
    settings = read_topic(out).settings
    assert (settings.name, settings.levels) == ("anzsco2022", (1, 2, 3, 4, 6))
    assert (settings.standard, settings.full_name) == ("ANZSCO", "ANZSCO 2022")


def should_refuse_levels_that_are_not_from_the_top_down(tmp_path: Path) -> None:
    examples = as_csv(tmp_path / "coded.csv", [HEAD, *rows()])

    status, _, complaint = imported(examples, "--levels=5,2,1", "--out", tmp_path / "topic")

    assert status == 1
    assert "levels cannot be [5, 2, 1]. Give the characters of a code from the top" in complaint
    assert not (tmp_path / "topic").exists()
