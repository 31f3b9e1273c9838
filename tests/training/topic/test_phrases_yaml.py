"""A topic's phrases are read as they are written, or refused with the file and the remedy."""

from pathlib import Path

import pytest

from tests.support.coding_service.topic_folders import example, topic_folder
from training.errors import TopicError
from training.fit.train import train
from training.topic.files import PHRASES, read_topic
from training.topic.warnings import warnings_about

YAML = "nothing:\n  - no\n  - null\n  - N/A  # a note\n  - 12\nbetween: [and, or]\n"


def should_have_no_phrases_when_there_is_no_file(tmp_path: Path) -> None:
    topic = read_topic(topic_folder(tmp_path / "topic"))

    assert topic.phrases.to_json() == {}


def should_read_every_phrase_as_it_is_written_and_hand_it_to_the_model(tmp_path: Path) -> None:
    folder = topic_folder(tmp_path / "topic")
    before = read_topic(folder).fingerprint
    (folder / PHRASES).write_text(YAML, encoding="utf-8")

    topic = read_topic(folder)

    assert topic.phrases.nothing == ("no", "null", "N/A", "12")
    assert topic.phrases.between == ("and", "or")
    assert topic.fingerprint != before
    assert train(topic).card.phrases == topic.phrases


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("nothing: retired", None, "nothing is no list of texts"),
        ("nothing: [[retired]]", None, "nothing is no list of texts"),
        ("nothink: [retired]", None, "'nothink' is unknown; known are nothing, between"),
        ("- retired", None, "not a mapping"),
        ("nothing: [a\nb: c", 2, "not YAML"),
    ],
)
def should_refuse_what_is_no_list_of_phrases(
    tmp_path: Path, text: str, line: int | None, said: str
) -> None:
    folder = topic_folder(tmp_path / "topic")
    (folder / PHRASES).write_text(text, encoding="utf-8")

    with pytest.raises(TopicError, match=said) as caught:
        read_topic(folder)

    assert caught.value.line == line


def should_warn_when_an_example_with_a_code_holds_nothing(tmp_path: Path) -> None:
    folder = topic_folder(tmp_path / "topic")
    (folder / PHRASES).write_text("nothing: [truckie, retired, pub]\n", encoding="utf-8")
    with (folder / "examples.jsonl").open("a", encoding="utf-8") as examples:
        examples.write(example("pub", "11", "frying"))

    told = [each for each in warnings_about(read_topic(folder), folder) if PHRASES in each]

    assert len(told) == 1
    assert told[0].startswith("'truckie': with a code")
