"""Texts that are made of occupations' words and name none are told from those that name one."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coding_service.coder.model import TrainedModel
from coding_service.coder.model_files import ModelParts, read_model, write_model
from tests.support.coding_service.topic_folders import TITLES, example, topic_folder
from training.fit.train import train
from training.topic.files import read_topic

PLACES = ["city", "school", "hotel", "camp", "night", "road"]
THINGS = ["stop", "ticket", "shop", "book", "wash", "sale", "knife", "tray", "door", "hire"]
ONES_WORDS = ["bread", "cake", "truck", "bus", "coach", "lorry", "cook", "baker", "driver", "pub"]
WORDS = st.sampled_from([*PLACES, *THINGS, *ONES_WORDS, "zyx", "coo0ker"])
TEXTS = st.lists(WORDS, max_size=4).map(" ".join)


@pytest.fixture(scope="module")
def scoped_parts(tmp_path_factory: pytest.TempPathFactory) -> ModelParts:
    """A model that was taught a hundred texts of occupations' words that name none."""
    folder = topic_folder(tmp_path_factory.mktemp("scoped") / "topic")
    titles = {code: found for code, found in TITLES.items() if code}
    coded = [
        example(f"{place} {title}", code)
        for code, found in titles.items()
        for title in found
        for place in PLACES
    ]
    others = [
        example(f"{word} {thing}", None)
        for number, word in enumerate(ONES_WORDS)
        for thing in THINGS[: 9 + number % 3]
    ]
    more = [example(f"{place} {thing}", None) for place in PLACES for thing in THINGS[:5]]
    with (folder / "examples.jsonl").open("a", encoding="utf-8") as examples:
        examples.writelines([*coded, *others, *more])
    parts = train(read_topic(folder))
    assert parts.card.scope is not None
    return parts


@pytest.fixture(scope="module")
def scoped(scoped_parts: ModelParts) -> TrainedModel:
    """The same, ready to code."""
    return TrainedModel.of(scoped_parts)


def sure(model: TrainedModel, title: str, tasks: str = "") -> float:
    """How likely a record is to have a code."""
    [odds] = model.probabilities([{"occp_text": title, "tasks_text": tasks}])
    return float(odds.sum())


@pytest.mark.parametrize("word", ["truck", "bus", "coach"])
def should_doubt_a_text_of_which_no_word_is_what_a_person_is(
    scoped: TrainedModel, word: str
) -> None:
    assert sure(scoped, f"{word} museum") < 0.5 < sure(scoped, f"museum {word} driver")


@settings(max_examples=60)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=9))
def should_say_exactly_the_same_whoever_else_is_in_the_batch(
    scoped: TrainedModel, drawn: list[tuple[str, str]]
) -> None:
    records = [{"occp_text": title, "tasks_text": tasks} for title, tasks in drawn]

    assert scoped.code(records) == [coding for each in records for coding in scoped.code([each])]


def should_code_as_before_when_the_model_was_saved_and_loaded(
    scoped: TrainedModel, scoped_parts: ModelParts, tmp_path: Path
) -> None:
    write_model(scoped_parts, tmp_path)
    records = [{"occp_text": text} for text in ("bus museum", "bread", "city bus driver")]

    assert read_model(tmp_path).card.scope == scoped_parts.card.scope
    assert TrainedModel.load(tmp_path).code(records) == scoped.code(records)
