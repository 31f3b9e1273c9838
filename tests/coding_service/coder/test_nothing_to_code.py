"""Records that hold nothing to code get neither code nor suggestion, and all others are spared."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coding_service.coder.model import TrainedModel
from coding_service.coder.model_files import read_model
from coding_service.coder.text.normalise import words
from coding_service.coder.text.phrases import Phrases
from protocol.records import RecordForm
from tests.support.coding_service.topic_folders import TITLES
from tests.support.parts import examples

PHRASES = Phrases(
    nothing=(
        "retired",
        "home duties",
        "don't know",
        "n/a",
        "student",
        "year student",
        "not working",
    )
)
ANSWERS = [
    "Retired",
    "HOME DUTIES",
    "Don’t know",
    "n/a",
    "N / A",
    "student, retired",
    "I am retired",
]
# Symbols, punctuation, spaces, digits, emoji: no letter, and nothing that stands for letters.
NO_WORDS = st.text(
    st.one_of(
        st.characters(categories=["P", "Z", "Nd", "Sm", "Sc", "Sk"]),
        st.sampled_from("😀🚜👩‍⚕️\u200b\ufe0f\t\n"),
    ),
    max_size=60,
).filter(lambda text: not words(text))  # the sign of rupees is folded to letters
OTHER_SCRIPTS = st.text(st.sampled_from("سائقشاحنةمعلمводитель看護師คนขับ 12.-"), max_size=40)
KNOWN_TITLES = sorted({title for code, titles in TITLES.items() if code for title in titles})


@pytest.fixture(scope="module")
def answering(trades_directory: Path) -> TrainedModel:
    """The small topic's model, with phrases."""
    parts = read_model(trades_directory)
    return TrainedModel.of(replace(parts, card=replace(parts.card, phrases=PHRASES)))


def is_empty(model: TrainedModel, title: str, tasks: str = "") -> bool:
    [coding] = model.code([{"occp_text": title, "tasks_text": tasks}])
    return coding.result is None and not coding.suggestions


@settings(max_examples=examples(200))
@given(NO_WORDS, NO_WORDS)
def should_give_nothing_when_no_word_is_written(trades: TrainedModel, one: str, two: str) -> None:
    assert is_empty(trades, one, two)


@given(OTHER_SCRIPTS)
def should_give_nothing_when_the_script_is_none_of_the_topics(
    trades: TrainedModel, text: str
) -> None:
    assert is_empty(trades, text)


@pytest.mark.parametrize("text", ANSWERS)
def should_give_nothing_when_a_text_is_an_answer_of_the_list(
    answering: TrainedModel, trades: TrainedModel, text: str
) -> None:
    assert is_empty(answering, text)
    assert is_empty(answering, "", text)
    assert not is_empty(trades, text)  # without a list


@pytest.mark.parametrize(
    "text", ["retired cook", "student baker", "home", "duties home", "know", "year 12 cook"]
)
def should_code_a_text_that_holds_more_than_such_an_answer(
    answering: TrainedModel, text: str
) -> None:
    assert not is_empty(answering, text)


@settings(max_examples=60)
@given(st.sampled_from(KNOWN_TITLES), NO_WORDS, st.sampled_from(["", "n/a", "retired", "cooking"]))
def should_leave_a_text_with_a_known_title_as_it_was(
    answering: TrainedModel, trades: TrainedModel, title: str, around: str, tasks: str
) -> None:
    record = [{"occp_text": f"{around} {title} {around}", "tasks_text": tasks}]

    assert answering.code(record) == trades.code(record)
    assert not is_empty(answering, record[0]["occp_text"], tasks)


@pytest.mark.parametrize("title", ["n/a", "Retired", "-", "", "😀", "سائق"])
def should_code_from_the_other_texts_when_the_title_alone_holds_nothing(
    answering: TrainedModel, title: str
) -> None:
    tasks = "school bus driver, city bus"

    said, plain = answering.code([{"occp_text": text, "tasks_text": tasks} for text in (title, "")])

    assert said == plain
    assert said.result or said.suggestions


def should_keep_an_answer_that_is_a_title_of_the_topic(trades_directory: Path) -> None:
    parts = read_model(trades_directory)
    phrases = Phrases(nothing=("truckie", "cook"))
    model = TrainedModel.of(replace(parts, card=replace(parts.card, phrases=phrases)))

    [coding] = model.code([{"occp_text": "truckie", "tasks_text": ""}])

    assert coding.result is not None
    assert coding.result.category == "22"


def should_write_an_empty_list_and_count_it_apart(answering: TrainedModel) -> None:
    titles = ["bus driver", "n/a", "xyzzy", "", "retired"]
    lines = [json.dumps({"recordId": t, "occp_text": t, "tasks_text": ""}) for t in titles]

    done = answering.coded_lines("\n".join(lines).encode(), RecordForm(("occp_text", "tasks_text")))

    written = [json.loads(line) for line in done.output.splitlines()]
    assert [each.get("suggestions") == [] for each in written] == [False, True, False, True, True]
    assert written[1] == {"recordId": "n/a", "suggestions": []}
    assert (done.records, done.coded, done.nothing) == (5, 1, 3)
    assert written == [
        each.to_json() for each in answering.code([{"recordId": t, "occp_text": t} for t in titles])
    ]


def should_give_every_code_no_probability_when_there_is_nothing(answering: TrainedModel) -> None:
    odds = answering.probabilities([{"occp_text": t} for t in ("n/a", "cook", "", "-")])

    assert (odds.sum(axis=1) > 0).tolist() == [False, True, False, False]
