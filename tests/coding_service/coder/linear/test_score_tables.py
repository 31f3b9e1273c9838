"""Sums of rows of bytes, whichever records and classifiers are asked for."""

import numpy as np
import pytest

from coding_service.coder.code_tree import Code, Hierarchy
from coding_service.coder.linear.classifiers import Classifiers
from coding_service.coder.linear.score_tables import (
    MOST,
    SUMMED_ROWS,
    Bytes,
    ScoreTables,
    TermColumns,
    Weights,
)
from coding_service.coder.text.features import Floats, Integers, Letters, grams
from coding_service.coder.text.vocabulary import FIRST_WORD
from tests.support.coding_service.encoded_records import LENGTH, records_of

TREE = Hierarchy.of(
    (1, 2),
    [Code(f"{top}", "", "") for top in range(4)]
    + [Code(f"{top}{leaf}", "", f"{top}") for top in range(4) for leaf in range(2 * top + 1)],
)
CLASSIFIERS = Classifiers.of(TREE)
WORDS = 40
TEMPERATURES = (2.0, 0.5)


def weights(dice: np.random.Generator) -> Weights:
    width = CLASSIFIERS.width
    rows = dice.integers(-MOST, MOST + 1, (WORDS, width)).astype(np.int8)
    letters = dice.integers(-MOST, MOST + 1, (9, width)).astype(np.int8)
    steps: Floats = dice.uniform(0.1, 1, width).astype(np.float32)
    prior = dice.normal(size=width).astype(np.float32)
    return Weights(Bytes(rows, steps), Bytes(letters, steps * np.float32(0.3)), prior)


def expected_scores(weights: Weights, bags: list[list[list[int]]], columns: Integers) -> Floats:
    """By the definition: weighted sums of rows, over the length and the temperature."""
    real = weights.rows.bytes.astype(np.float64) * weights.rows.steps
    sums = [
        sum(
            share * real[[term - FIRST_WORD for term in bag[record]]].sum(axis=0)
            for share, bag in zip((1.0, 0.3), bags, strict=True)
        )
        for record in range(len(bags[0]))
    ]
    levels = np.asarray(TEMPERATURES)[CLASSIFIERS.column_levels]
    scores = (np.stack(sums) / LENGTH + weights.prior) / levels
    padded = np.pad(scores, ((0, 0), (0, 1)), constant_values=-np.inf)
    found: Floats = padded[:, columns]
    return found


def drawn_bags(dice: np.random.Generator, records: int, most: int) -> list[list[list[int]]]:
    sizes = dice.integers(0, most, (2, records)).tolist()
    return [
        [dice.integers(FIRST_WORD, FIRST_WORD + WORDS, size).tolist() for size in field]
        for field in sizes
    ]


@pytest.mark.parametrize("most", [1, 9, 2 * SUMMED_ROWS + 9])
def should_sum_the_rows_of_all_terms_when_records_are_of_any_length(most: int) -> None:
    dice = np.random.default_rng(5)
    known = weights(dice)
    tables = ScoreTables(CLASSIFIERS, known, TEMPERATURES, room=3)
    bags = drawn_bags(dice, 11, most)
    records = records_of(bags, [1.0, 0.3])
    columns = TermColumns.of(records, np.arange(11))

    for number, bank in enumerate(CLASSIFIERS.banks):
        expected = expected_scores(known, bags, bank.columns)
        everything = tables.all_scores(number, columns)
        np.testing.assert_allclose(everything, expected, rtol=1e-4, atol=1e-3)
        rows = dice.integers(0, 11, 7)
        asked = dice.integers(0, len(bank.columns), 7)
        some = tables.scores(number, columns, rows, asked)
        # The same to the last digit, whoever else is asked about.
        np.testing.assert_array_equal(some, everything[rows, asked])


def should_sum_the_largest_bytes_when_a_text_has_very_many_terms() -> None:
    steps = np.ones(CLASSIFIERS.width, np.float32)
    rows = np.full((1, CLASSIFIERS.width), MOST, np.int8)
    known = Weights(Bytes(rows, steps), Bytes(rows, steps), np.zeros_like(steps))
    tables = ScoreTables(CLASSIFIERS, known, (1.0, 1.0), room=0)
    terms = 3 * SUMMED_ROWS + 1
    records = records_of([[[FIRST_WORD] * terms]], [1.0])

    scores = tables.all_scores(0, TermColumns.of(records, np.arange(1)))

    assert scores[0, 0, : len(CLASSIFIERS.tops)].tolist() == [MOST * terms / LENGTH] * 4


def should_give_a_part_of_a_batch_the_scores_that_it_has_in_the_whole() -> None:
    dice = np.random.default_rng(6)
    tables = ScoreTables(CLASSIFIERS, weights(dice), TEMPERATURES, room=0)
    records = records_of(drawn_bags(dice, 300, 20), [1.0, 0.3])
    part = np.asarray([280, 3, 17])
    none = np.zeros(3, np.int64)

    alone = tables.scores(1, TermColumns.of(records, part), part, none)

    together = tables.scores(1, TermColumns.of(records, np.arange(300)), part, none)
    np.testing.assert_array_equal(alone, together)


def should_know_an_unseen_word_by_its_letters() -> None:
    dice = np.random.default_rng(7)
    known = weights(dice)
    tables = ScoreTables(CLASSIFIERS, known, TEMPERATURES, room=2)
    runs = grams(b"cooky")
    letters = Letters({run: place for place, run in enumerate(runs)}, [1.0] * len(runs), 2.0)

    tables.learn([b"zzz", b"cooky"], 0, letters)

    records = records_of([[[FIRST_WORD + WORDS + 1]]], [1.0])
    scores = tables.all_scores(0, TermColumns.of(records, np.arange(1)))[0, 0, :5]
    columns, values = letters.of(b"cooky")
    row = 2.0 * np.asarray(values) @ (known.letters.bytes[columns] * known.letters.steps)
    expected = ((row / LENGTH + known.prior) / 2.0)[:5]
    np.testing.assert_allclose(scores, expected, atol=float(known.rows.steps.max()) / 4)


def should_weigh_no_unseen_word_above_the_weightiest_known_one() -> None:
    steps = np.ones(CLASSIFIERS.width, np.float32)
    letters = np.full((1, CLASSIFIERS.width), MOST, np.int8)
    known = Weights(Bytes(letters[:0], steps), Bytes(letters, steps * 10), np.zeros_like(steps))
    tables = ScoreTables(CLASSIFIERS, known, (1.0, 1.0), room=1)

    tables.learn([b"oo"], 0, Letters({grams(b"oo")[0]: 0}, [1.0], 1.0))

    records = records_of([[[FIRST_WORD]]], [1.0])
    scores = tables.all_scores(0, TermColumns.of(records, np.arange(1)))
    assert scores[0, 0, : len(CLASSIFIERS.tops)].tolist() == [MOST / LENGTH] * 4
