"""A topic folder is read whole, or refused with the file, the line and the remedy."""

from pathlib import Path

import pytest

from tests.support.coding_service.topic_folders import CODES, SETTINGS, example, topic_folder
from training.errors import TopicError
from training.topic.files import read_evaluation, read_topic


def should_read_every_part_when_the_folder_is_whole(tmp_path: Path) -> None:
    topic = read_topic(topic_folder(tmp_path / "topic"))

    assert topic.settings.name == "trades"
    assert topic.settings.released == "2026-01-31"
    assert topic.settings.fields == {"occp_text": 1.0, "tasks_text": 0.3}
    assert topic.hierarchy.leaves == ("11", "12", "21", "22")
    assert topic.hierarchy.codes["12"].label == "Baker, bread and cake"
    assert topic.hierarchy.lineage("12") == ("12", "1")
    assert {each.code for each in topic.examples} == {"11", "12", "21", "22", None}


def should_tell_the_kind_from_the_code_when_a_question_does_not_say_it(tmp_path: Path) -> None:
    folder = topic_folder(tmp_path / "topic")

    kinds = [each.kind for each in read_evaluation(folder / "evaluation.jsonl", read_topic(folder))]

    assert kinds == ["clear", "clear", "ambiguous", "out_of_scope"]


def should_change_the_fingerprint_when_what_is_trained_from_changes(tmp_path: Path) -> None:
    folder = topic_folder(tmp_path / "topic")
    before = read_topic(folder).fingerprint

    (folder / "evaluation.jsonl").write_text(example("cook of soups", "11"), encoding="utf-8")
    assert read_topic(folder).fingerprint == before

    with (folder / "examples.jsonl").open("a", encoding="utf-8") as examples:
        examples.write(example("soup cook", "11"))
    assert read_topic(folder).fingerprint != before


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("threshold: 0.7", "threshold: 1.7", 8, "threshold cannot be 1.7"),
        ("threshold: 0.7", "threshold: yes", 8, "threshold cannot be True"),
        ("version: 3", "version: 0", 5, "version cannot be 0"),
        ("name: trades", "name: Some Trades", 1, "name cannot be 'Some Trades'"),
        ("levels: [1, 2]", "levels: [2, 1]", 7, "levels cannot be"),
        ("released: 2026-01-31", "released: soon", 6, "released cannot be 'soon'"),
        ("occp_text: 1.0", "recordId: 1.0", 9, "fields cannot be"),
        ("occp_text: 1.0", "occp_text: -1.0", 9, "fields cannot be"),
        ("standard: TRADES", "standart: TRADES", 3, "'standart' is unknown"),
        ("standard: TRADES\n", "", None, "standard is missing"),
        ("fullName: A few trades", "fullName: A: few", 2, "not YAML"),
        (SETTINGS, "- a list\n", None, "not a mapping"),
        ("levels: [1, 2]", "levels: [1, 2]\nreaders: magic", 8, "readers cannot be 'magic'"),
        ("levels: [1, 2]", "levels: [1, 2]\nsentenceModel: ''", 8, "sentenceModel cannot be ''"),
    ],
)
def should_point_at_the_setting_when_it_cannot_be_used(
    tmp_path: Path, old: str, new: str, line: int | None, said: str
) -> None:
    folder = topic_folder(tmp_path / "topic", settings=SETTINGS.replace(old, new))

    with pytest.raises(TopicError, match=said) as caught:
        read_topic(folder)

    assert (caught.value.path, caught.value.line) == (folder / "topic.yaml", line)


@pytest.mark.parametrize("factors", ["1", "[1]", "[1, 0]", "[1, -2]", "[1, yes]", "[1, 2, 3]"])
def should_explain_when_temperature_factors_are_not_a_number_for_each_level(
    tmp_path: Path, factors: str
) -> None:
    text = SETTINGS + f"temperatureFactors: {factors}\n"
    folder = topic_folder(tmp_path / "topic", settings=text)

    with pytest.raises(TopicError, match="temperatureFactors cannot be") as caught:
        read_topic(folder)

    assert caught.value.line == text.count("\n")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("code,label,parent", "code;label;parent", 1, "the header is"),
        ("11,Cook,1", "11,Cook", 3, "the row is not code,label,parent"),
        ("11,Cook,1", "11,,1", 3, "the row is not code,label,parent"),
        ("22,Truck driver,2", "21,Truck driver,2", 7, "code 21 also stands in line 6"),
        ("22,Truck driver,2", "223,Truck driver,2", 7, "code 223 has 3 characters"),
        ("22,Truck driver,2", "22,Truck driver,3", 7, "the parent of 22, '3', is not"),
        ("22,Truck driver,2", "22,Truck driver,21", 7, "the parent of 22, '21', is not"),
        ("2,Roads,", "2,Roads,1", 5, "top code 2 has a parent"),
    ],
)
def should_point_at_the_row_when_a_code_cannot_be_used(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    folder = topic_folder(tmp_path / "topic", codes=CODES.replace(old, new, 1))

    with pytest.raises(TopicError, match=said) as caught:
        read_topic(folder)

    assert (caught.value.path, caught.value.line) == (folder / "codes.csv", line)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{'occp_text': 'cook'}\n", "not JSON"),
        ('["cook"]\n', "is JSON, but not an object"),
        ('{"occp_text": "cook", "code": "11"}\n', "tasks_text is not a string"),
        ('{"occp_text": "cook", "tasks_text": 7, "code": "11"}\n', "tasks_text is not a string"),
        ('{"occp_text": "cook", "tasks_text": ""}\n', "the code is missing"),
        (example("cook", "99"), "code '99' is not in codes.csv"),
        (example("cook", "1"), "code 1 is not of the deepest level"),
    ],
)
def should_point_at_the_line_when_an_example_cannot_be_used(
    tmp_path: Path, text: str, said: str
) -> None:
    folder = topic_folder(tmp_path / "topic")
    (folder / "examples.jsonl").write_text(example("cook", "11") + "\n" + text, encoding="utf-8")

    with pytest.raises(TopicError, match=said) as caught:
        read_topic(folder)

    assert caught.value.line == 3
    assert str(caught.value).startswith(f"{folder / 'examples.jsonl'}:3: ")


def should_name_the_code_when_it_has_no_example(tmp_path: Path) -> None:
    folder = topic_folder(tmp_path / "topic", codes=CODES + "23,Tram driver,2\n")

    with pytest.raises(TopicError, match=r"code 23 \(Tram driver\) has no example. Add examples"):
        read_topic(folder)


@pytest.mark.parametrize("name", ["topic.yaml", "codes.csv", "examples.jsonl"])
def should_name_the_file_when_it_is_missing(tmp_path: Path, name: str) -> None:
    folder = topic_folder(tmp_path / "topic")
    (folder / name).unlink()

    with pytest.raises(TopicError, match="A topic folder needs this file") as caught:
        read_topic(folder)

    assert caught.value.path == folder / name


def should_point_at_the_line_when_a_file_is_not_utf8(tmp_path: Path) -> None:
    folder = topic_folder(tmp_path / "topic")
    (folder / "codes.csv").write_bytes(CODES.replace("Cook", "Caf\u00e9").encode("latin-1"))

    with pytest.raises(TopicError, match="not UTF-8") as caught:
        read_topic(folder)

    assert caught.value.line == 3


def should_refuse_the_question_when_its_kind_is_unknown(tmp_path: Path) -> None:
    folder = topic_folder(tmp_path / "topic")
    line = '{"occp_text": "a", "tasks_text": "", "code": null, "kind": "odd"}\n'
    (folder / "evaluation.jsonl").write_text(line, encoding="utf-8")

    with pytest.raises(TopicError, match="kind 'odd' is unknown"):
        read_evaluation(folder / "evaluation.jsonl", read_topic(folder))


def should_refuse_when_no_example_has_a_word(tmp_path: Path) -> None:
    folder = topic_folder(tmp_path / "topic")
    lines = [example("...", code) for code in ("11", "12", "21", "22")]
    (folder / "examples.jsonl").write_text("".join(lines), encoding="utf-8")

    with pytest.raises(TopicError, match="no example has a word"):
        read_topic(folder)
