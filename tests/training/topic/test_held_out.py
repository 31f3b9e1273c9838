"""No title of an evaluation file stands among the examples, however it is written there."""

import random
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from coding_service.coder.text.normalise import words
from tests.support.coding_service.training_command import lines_of
from training.topic.held_out import held_titles, split_tasks, title_key
from training.topic.import_tables import TopicFacts, TopicTables, write_topic

CODES = [("11", "Cook"), ("12", "Baker"), ("21", "Bus driver"), ("22", "Truck driver")]
WORDS = ("Cook", "cook", "baker", "Bäcker", "BUS", "driver", "truck", "the", "of", "R.N.", "night")
TITLES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join) | st.text(
    max_size=12
).filter(str.strip)
ROWS = st.lists(st.tuples(st.sampled_from([code for code, _ in CODES]), TITLES), max_size=60)
FACTS = TopicFacts(name="mine", levels=[1, 2])


def keys(text: str) -> tuple[str, ...]:
    """The words of a text as the coder compares them, in no order."""
    return tuple(sorted(set(words(text))))


@settings(deadline=None)
@given(titles=ROWS, tasks=ROWS, seed=st.integers(0, 99))
def should_have_no_title_and_no_statement_in_both_whatever_the_tables(
    titles: list[tuple[str, str]], tasks: list[tuple[str, str]], seed: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_topic(TopicTables(CODES, titles, tasks), Path(folder), FACTS, seed=seed)
        examples = lines_of(Path(folder) / "examples.jsonl")
        taught = {keys(each["occp_text"]) for each in examples} - {()}
        for file in Path(folder).glob("evaluation*.jsonl"):
            asked = {keys(each["occp_text"]) for each in lines_of(file)}
            assert not taught & asked
            assert () not in asked
        if tasks:
            statements = {keys(each["tasks_text"]) for each in examples} - {()}
            told = lines_of(Path(folder) / "evaluation-task.jsonl")
            assert not statements & {
                keys(each["tasks_text"]) for each in told if each["tasks_text"]
            }
        assert {each["code"] for each in examples} == {code for code, _ in CODES}


def should_hold_out_a_tenth_of_the_titles_and_none_that_a_label_has() -> None:
    rows = [("11", f"cook {number}") for number in range(200)]
    taught = {title_key(f"{number} COOK") for number in range(50)}

    held = held_titles(rows, taught, random.Random(1))  # noqa: S311

    assert 10 <= len(held) <= 20
    assert not held & taught


def should_hold_a_statement_out_of_all_its_codes_when_several_have_it() -> None:
    shared = [("11", f"cooks meal {n}") for n in range(5)] + [
        ("12", f"Meal {n} cooks") for n in range(5)
    ]

    kept, held = split_tasks([*shared, ("12", "bakes"), ("12", "kneads")], random.Random(3))  # noqa: S311

    out = {title_key(each) for statements in held.values() for each in statements}
    assert held["11"]
    assert held["12"]
    assert not out & {title_key(each) for statements in kept.values() for each in statements}
