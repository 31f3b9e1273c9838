"""The topic of the whole classification holds all of it, and its evaluation is apart from it."""

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from coding_service.coder.text.normalise import fold
from tests.support.coding_service.trained_models import ANZSCO
from training.topic.files import read_evaluation, read_topic
from training.topic.topic import Question, Topic

WHOLE = ANZSCO.parent / "on-request" / "anzsco2022"
PUBLISHED = ANZSCO.parents[2] / "shared" / "data" / "anzsco" / "codes.csv"
OCCUPATIONS = 1_076  # of ANZSCO 2022
LEAST_TITLES = 12


@pytest.fixture(scope="module")
def topic() -> Topic:
    """The topic."""
    return read_topic(WHOLE)


@pytest.fixture(scope="module")
def questions(topic: Topic) -> tuple[Question, ...]:
    """Its evaluation file."""
    return read_evaluation(WHOLE / "evaluation.jsonl", topic)


def should_hold_every_occupation_with_the_titles_of_at_least_twelve(topic: Topic) -> None:
    titles: dict[str | None, set[str]] = defaultdict(set)
    for each in topic.examples:
        titles[each.code].add(fold(each.texts["occp_text"]))
    assert len(topic.hierarchy.leaves) == OCCUPATIONS
    assert min(len(titles[leaf] - {""}) for leaf in topic.hierarchy.leaves) >= LEAST_TITLES


def should_have_the_codes_and_labels_that_are_published() -> None:
    if not PUBLISHED.exists():
        pytest.skip(f"needs {PUBLISHED.parent.name}/codes.csv beside the project")
    found, published = _labels(WHOLE / "codes.csv"), _labels(PUBLISHED)
    assert found.keys() == published.keys()
    # Without the New Zealand half of a label that has both.
    assert all(published[code].startswith(label) for code, label in found.items())


def should_ask_about_every_occupation_in_words_that_no_example_has(
    topic: Topic, questions: tuple[Question, ...]
) -> None:
    titles = {_words(each.texts["occp_text"]) for each in topic.examples} - {()}
    assert len(questions) >= 2_000
    assert {each.code for each in questions if each.kind == "clear"} >= {*topic.hierarchy.leaves}
    again = [each for each in questions if _words(each.texts["occp_text"]) in titles]
    assert again == []


def _words(title: str) -> tuple[str, ...]:
    """Whatever their order, case and marks."""
    return tuple(sorted("".join(c if c.isalnum() else " " for c in fold(title)).split()))


def _labels(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["label"] for row in csv.DictReader(file)}
