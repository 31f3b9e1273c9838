"""A codelist that holds a part of the occupations learns which texts are of others."""

from pathlib import Path

import pytest

from tests.support.coding_service.topic_folders import SETTINGS, TITLES, example, topic_folder
from training.errors import TopicError
from training.topic.files import read_topic
from training.topic.topic import Topic
from training.topic.warnings import warnings_about

GENERAL_CODES = """\
code,label,parent
1,Everybody,
11,Cooks,1
12,Glaziers,1
13,Divers,1
"""
GENERAL = [
    example("cook, pub", "11"),
    example("sous chef", "11", "sauces"),
    example("glazier", "12", "windows"),
    example("shop front glazier", "12"),
    example("pearl diver", "13"),
    example("casual", "12"),
    example("casual", "13"),
    example("retired", None),
]


def partial(folder: Path) -> Topic:
    """A topic that knows cooks, beside one that knows glaziers and divers too."""
    general = topic_folder(folder / "general", codes=GENERAL_CODES)
    (general / "examples.jsonl").write_text("".join(GENERAL), encoding="utf-8")
    own = topic_folder(folder / "own", settings=SETTINGS + "otherOccupations: ../general\n")
    return read_topic(own)


def should_teach_the_titles_of_occupations_that_it_lacks(tmp_path: Path) -> None:
    topic = partial(tmp_path)

    own = sum(map(len, TITLES.values()))
    drawn = topic.examples[own:]

    assert {tuple(each.texts.values()) for each in drawn} == {
        ("glazier", "windows"),
        ("shop front glazier", ""),
        ("pearl diver", ""),
    }
    assert {each.code for each in drawn} == {None}


def should_draw_the_same_each_time_and_no_more_than_half_its_own(tmp_path: Path) -> None:
    topic = partial(tmp_path)
    many = [example(f"glazier number {number}", "12") for number in range(200)]
    with (tmp_path / "general" / "examples.jsonl").open("a", encoding="utf-8") as examples:
        examples.writelines(many)

    first, second = (read_topic(tmp_path / "own") for _ in range(2))

    assert first == second
    own = sum(map(len, TITLES.values()))
    assert len(first.examples) == own + own // 2
    assert first.fingerprint != topic.fingerprint


def should_take_the_heaviest_field_for_the_heaviest_whatever_their_names(tmp_path: Path) -> None:
    partial(tmp_path)
    own, general = tmp_path / "own", tmp_path / "general"
    named = (general / "topic.yaml").read_text(encoding="utf-8").replace("occp_text", "job")
    (general / "topic.yaml").write_text(named, encoding="utf-8")
    examples = (general / "examples.jsonl").read_text(encoding="utf-8").replace("occp_text", "job")
    (general / "examples.jsonl").write_text(examples, encoding="utf-8")

    titles = {each.texts["occp_text"] for each in read_topic(own).examples}

    assert {"glazier", "pearl diver"} <= titles


def should_say_which_evaluation_records_are_drawn_and_not_that_they_are_examples(
    tmp_path: Path,
) -> None:
    topic = partial(tmp_path)
    folder = tmp_path / "own"
    with (folder / "evaluation.jsonl").open("a", encoding="utf-8") as evaluation:
        evaluation.writelines([example("diver, PEARL", None), example("bread baker", "12")])

    taught, drawn = warnings_about(topic, folder)

    assert taught.startswith("'bread baker': in evaluation.jsonl and in examples.jsonl too")
    assert drawn.startswith("'diver, pearl': in evaluation.jsonl, and taught as of no code")
    assert "examples.jsonl" not in drawn


def should_take_two_titles_for_one_where_a_word_stands_twice_in_one(tmp_path: Path) -> None:
    partial(tmp_path)
    with (tmp_path / "own" / "examples.jsonl").open("a", encoding="utf-8") as examples:
        examples.write(example("pearl diver, diver", None))

    titles = [each.texts["occp_text"] for each in read_topic(tmp_path / "own").examples]

    assert "pearl diver" not in titles
    assert "glazier" in titles


def should_name_the_other_folder_when_it_is_not_there(tmp_path: Path) -> None:
    folder = topic_folder(tmp_path / "own", settings=SETTINGS + "otherOccupations: ../nowhere\n")

    with pytest.raises(TopicError) as caught:
        read_topic(folder)

    assert caught.value.path == folder / "../nowhere" / "topic.yaml"
