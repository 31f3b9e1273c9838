"""The shipped topic holds all of the classification, and what asks about it is apart from it."""

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from coding_service.coder.text.normalise import fold
from tests.support.coding_service.trained_models import ANZSCO
from training.topic.files import read_evaluation
from training.topic.held_out import title_key
from training.topic.topic import Question, Topic

PUBLISHED = ANZSCO.parents[2] / "shared" / "data" / "anzsco" / "codes.csv"
OCCUPATIONS = 1_076  # of ANZSCO 2022
LEAST_TITLES = 12


def questions(topic: Topic, name: str) -> tuple[Question, ...]:
    """One of its files of questions."""
    return read_evaluation(ANZSCO / name, topic)


def should_hold_every_occupation_with_the_titles_of_at_least_twelve(anzsco_topic: Topic) -> None:
    titles: dict[str | None, set[str]] = defaultdict(set)
    for each in anzsco_topic.examples:
        titles[each.code].add(fold(each.texts["occp_text"]))
    leaves = anzsco_topic.hierarchy.leaves
    assert len(leaves) == OCCUPATIONS
    assert min(len(titles[leaf] - {""}) for leaf in leaves) >= LEAST_TITLES


def should_have_the_codes_and_labels_that_are_published() -> None:
    if not PUBLISHED.exists():
        pytest.skip(f"needs {PUBLISHED.parent.name}/codes.csv beside the project")
    found, published = _labels(ANZSCO / "codes.csv"), _labels(PUBLISHED)
    assert found.keys() == published.keys()
    # Without the New Zealand half of a label that has both.
    assert all(published[code].startswith(label) for code, label in found.items())


def should_nest_by_digits_when_codes_have_parents(anzsco_topic: Topic) -> None:
    hierarchy = anzsco_topic.hierarchy
    parents = {code: each.parent for code, each in hierarchy.codes.items()}
    assert all(code.startswith(parent) for code, parent in parents.items())
    assert {*parents} == {each for leaf in hierarchy.leaves for each in hierarchy.lineage(leaf)}


def should_ask_in_words_that_no_example_has(anzsco_topic: Topic) -> None:
    taught = {title_key(each.texts["occp_text"]) for each in anzsco_topic.examples}
    asked, tried = (
        {title_key(each.texts["occp_text"]) for each in questions(anzsco_topic, name)}
        for name in ("evaluation.jsonl", "tuning.jsonl")
    )
    assert (asked & taught) - {title_key("")} == set()
    assert (tried & taught) - {title_key("")} == set()
    assert (tried & asked) - {title_key("")} == set()


def should_ask_enough_of_every_kind(anzsco_topic: Topic) -> None:
    asked = questions(anzsco_topic, "evaluation.jsonl")
    kinds = Counter(each.kind for each in asked)
    assert len(asked) >= 2_000
    assert min(kinds["ambiguous"], kinds["out_of_scope"]) >= 150
    assert {each.code for each in asked if each.kind == "clear"} >= {*anzsco_topic.hierarchy.leaves}
    tried = Counter(each.kind for each in questions(anzsco_topic, "tuning.jsonl"))
    assert min(tried.values()) >= 80
    assert tried["out_of_scope"] >= 300


def _labels(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["label"] for row in csv.DictReader(file)}
