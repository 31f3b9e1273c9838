"""An author is told what is amiss, each kind once, with what to do."""

from pathlib import Path

import pytest

from tests.support.coding_service.topic_folders import example, topic_folder
from training.topic.files import read_topic
from training.topic.warnings import warnings_about


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return topic_folder(tmp_path / "topic")


def told(folder: Path) -> list[str]:
    return list(warnings_about(read_topic(folder), folder))


def add(folder: Path, *lines: str, name: str = "examples.jsonl") -> None:
    with (folder / name).open("a", encoding="utf-8") as file:
        file.writelines(lines)


def should_be_silent_when_nothing_is_amiss(folder: Path) -> None:
    assert told(folder) == []


def should_say_what_to_do_when_one_code_has_most_examples(folder: Path) -> None:
    add(folder, *(example(f"cook number {each}", "11") for each in range(100)))

    (said,) = told(folder)

    assert said.startswith("'11' (Cook) has 106 of the 122 examples, a code usually 6")
    assert "Keep some 60 of its examples, or write more for the others" in said


def should_notice_a_title_in_both_files_whatever_the_order_of_its_words(folder: Path) -> None:
    add(folder, example("COOK, Hospital", "11"))

    (said,) = told(folder)

    assert said.startswith("'hospital cook': in evaluation.jsonl and in examples.jsonl too")


def should_name_three_and_count_the_others_when_many_are_amiss(folder: Path) -> None:
    long = "peels " * 40
    for code in ("11", "12"):
        add(folder, *(example(f"{each} {long}", code) for each in range(50)))

    (said,) = told(folder)

    assert "and 47 more: under several codes" in said
    assert len(said) < 500


def should_say_so_when_there_is_nothing_to_evaluate_with(folder: Path) -> None:
    (folder / "evaluation.jsonl").unlink()

    (said,) = told(folder)

    assert said.startswith("there is no evaluation.jsonl")


def should_ask_for_texts_that_fit_no_code_when_a_larger_topic_has_none(folder: Path) -> None:
    codes = [f"3{each:02}" for each in range(30)]
    table = ["code,label,parent", "3,Crafts,", *(f"{each},Craft {each},3" for each in codes)]
    (folder / "codes.csv").write_text("\n".join(table), "utf-8")
    settings = (folder / "topic.yaml").read_text("utf-8").replace("[1, 2]", "[1, 3]")
    (folder / "topic.yaml").write_text(settings, "utf-8")
    taught = [example(f"{kind} craft {each}", each) for each in codes for kind in ("old", "a", "b")]
    (folder / "examples.jsonl").write_text("".join(taught), "utf-8")
    (folder / "evaluation.jsonl").write_text(example("craft", "3"), "utf-8")

    (said,) = told(folder)

    assert said.startswith("no example in examples.jsonl has the code null")
