"""The figures of an evaluation, and how they differ from one before."""

import json
from pathlib import Path
from typing import Any

import pytest

from coding_service.coder.model import CodedLabel, Coding, TrainedModel
from tests.support.coding_service.topic_folders import example, topic_folder
from tests.support.coding_service.training_command import run
from training.errors import TopicError
from training.evaluate.evaluate import AnsweredQuestion, Evaluation, evaluate
from training.evaluate.numbers import compared, numbers_of, read_numbers
from training.topic.topic import Question


def measured(model: TrainedModel, questions: list[Question]) -> dict[str, Any]:
    evaluation = evaluate(model, questions)
    return numbers_of(model.card, model.hierarchy, evaluation, records="e.jsonl", command="typed")


def question(text: str, code: str | None, kind: str = "clear") -> Question:
    return Question({"occp_text": text, "tasks_text": ""}, code, kind)


QUESTIONS = [
    question("hotel cook", "11"),
    question("bread baker", "12"),
    question("pub cook", "12"),
    question("driver", "2", "ambiguous"),
    question("astronaut", None, "out_of_scope"),
]


def should_count_what_is_asserted_and_right(trades: TrainedModel) -> None:
    numbers = measured(trades, QUESTIONS)

    assert (numbers["records"], numbers["codesAsked"]) == (5, 2)
    assert numbers["asserted"] == len(numbers["outcomes"].replace("-", ""))
    assert numbers["coverage"] == numbers["asserted"] / 5
    assert numbers["outcomes"][:3] == "rrw"
    assert numbers["wrong"] == numbers["outcomes"].count("w")
    (confusion,) = numbers["confusions"]
    assert confusion == {
        "code": "12",
        "label": "Baker, bread and cake",
        "takenFor": "11",
        "takenForLabel": "Cook",
        "records": 1,
    }
    worst, best = numbers["worstCodes"]
    assert (worst["code"], worst["records"], worst["right"], worst["takenFor"]) == (
        "12",
        2,
        1,
        "11",
    )
    assert (best["code"], best["right"], best["takenFor"]) == ("11", 1, None)
    assert numbers["faults"][0]["text"] == "pub cook"
    json.dumps(numbers, allow_nan=False)


def answered(confidence: float, *, right: bool) -> AnsweredQuestion:
    label = CodedLabel("11", "Cook", confidence)
    asked = question("text", "11" if right else "12")
    coding = Coding(record_id="", result=label, suggestions=())
    return AnsweredQuestion(asked, coding, (label,), (label,), right)


@pytest.mark.parametrize(
    ("confidences", "records", "threshold"),
    [
        ([(0.9, True)] * 9 + [(0.5, False)] + [(0.4, False)], 10, 0.5),
        ([(0.9, True)] * 8 + [(0.5, True), (0.5, False), (0.5, False)], 8, 0.9),
        ([(0.9, False), (0.5, True)], 0, None),
    ],
)
def should_say_how_much_may_be_asserted_with_nine_in_ten_right(
    trades: TrainedModel,
    confidences: list[tuple[float, bool]],
    records: int,
    threshold: float | None,
) -> None:
    answers = tuple(answered(sure, right=right) for sure, right in confidences)
    evaluation = Evaluation(0.7, (), (), (), (), 0.0, (), (), answers)

    found = numbers_of(trades.card, trades.hierarchy, evaluation, records="", command="")

    best = found["atPrecision"]
    assert (best["records"], best["threshold"]) == (records, threshold)
    assert best["share"] == records / len(confidences)


def should_say_which_records_changed_when_the_same_were_asked(trades: TrainedModel) -> None:
    now = measured(trades, QUESTIONS)
    before = now | {"outcomes": "-rrww", "coverage": now["coverage"] - 0.1}

    difference = compared(now | {"outcomes": "rrw-w"}, before)

    assert difference["sameQuestions"]
    assert (difference["newlyRight"], difference["noLongerRight"]) == (1, 1)
    assert (difference["newlyWrong"], difference["noLongerWrong"]) == (1, 1)
    coverage = next(each for each in difference["figures"] if each["name"] == "Coverage")
    assert coverage["now"] - coverage["before"] == pytest.approx(0.1)


def should_not_count_changes_when_others_were_asked(trades: TrainedModel) -> None:
    difference = compared(measured(trades, QUESTIONS), measured(trades, QUESTIONS[:3]))

    assert not difference["sameQuestions"]
    assert difference["newlyRight"] is None
    assert difference["figures"]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"evaluationVersion": 0}', b"\xff"])
def should_say_what_to_name_when_it_is_no_evaluation(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "e.json").write_bytes(content)

    with pytest.raises(TopicError, match=r"with --json|that evaluate --json wrote"):
        read_numbers(tmp_path / "e.json")


def should_compare_with_an_evaluation_and_with_a_model_when_they_are_named(tmp_path: Path) -> None:
    folder, models = topic_folder(tmp_path / "topic"), tmp_path / "models"
    run("train", folder, "--out", models)
    first = run("evaluate", folder, "--models", models, "--json", tmp_path / "then.json")
    (directory,) = (models / "trades").iterdir()
    kept = directory.rename(tmp_path / "kept")
    with (folder / "examples.jsonl").open("a", encoding="utf-8") as examples:
        examples.write(example("steam tram driver", "21") * 3)
    run("train", folder, "--out", models)

    chosen = ("evaluate", folder, "--models", models, "--page", tmp_path / "e.html", "--compare")
    with_file, with_model = (run(*chosen, each) for each in (tmp_path / "then.json", kept))
    with_nothing = run(*chosen, models)

    assert [first[0], with_file[0], with_model[0], with_nothing[0]] == [0, 0, 0, 1]
    assert f"Beside version 3, model {directory.name} on the same records" in with_file[1]
    assert with_file[1] == with_model[1]
    assert "there is no model in it. Name the directory" in with_nothing[2]
    page = (tmp_path / "e.html").read_text("utf-8")
    assert "--compare" in page
    assert "no longer do" in page


def should_name_the_code_when_a_model_to_compare_with_lacks_it(tmp_path: Path) -> None:
    folder, models = topic_folder(tmp_path / "topic"), tmp_path / "models"
    run("train", folder, "--out", models)
    (directory,) = (models / "trades").iterdir()
    kept = directory.rename(tmp_path / "kept")
    for name, lines in (
        ("codes.csv", "23,Tram driver,2\n"),
        ("examples.jsonl", example("tram driver", "23")),
        ("evaluation.jsonl", example("night tram driver", "23")),
    ):
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(lines)
    run("train", folder, "--out", models)

    status, _, complaint = run("evaluate", folder, "--models", models, "--compare", kept)

    assert status == 1
    assert f"{kept}: the model lacks the code 23, which is asked. Compare with" in complaint
