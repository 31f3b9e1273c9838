"""The search finds what comes of asking every classifier, to the last digit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_service.coder.choose_code import chosen_by
from coding_service.coder.code_tree import Code, Hierarchy
from coding_service.coder.linear import code_odds as computing
from coding_service.coder.linear.classifiers import Classifiers
from coding_service.coder.linear.code_odds import CodeOdds
from coding_service.coder.linear.exact_titles import ExactTitles
from coding_service.coder.linear.score_tables import MOST, Bytes, ScoreTables, Weights
from coding_service.coder.linear.search_codes import choose
from coding_service.coder.text.encode import Encoded
from coding_service.coder.text.signs import ScopeSigns
from coding_service.coder.text.vocabulary import FIRST_WORD, Lexicon
from tests.support.coding_service.encoded_records import records_of

WORDS, RECORDS = 30, 40


def tree(dice: np.random.Generator, levels: int) -> Hierarchy:
    """A tree in which codes have from one to nine children."""
    codes, above = list[Code](), [""]
    for _ in range(levels):
        below = [f"{parent}{n}" for parent in above for n in range(dice.integers(1, 10))]
        codes += [Code(code, "", code[:-1]) for code in below]
        above = [code for code in below if dice.random() < 0.5] or below[:1]
        codes = [code for code in codes if len(code.code) < len(above[0]) or code.code in above]
    return Hierarchy.of(range(1, levels + 1), [code for code in codes if leads_on(code, above)])


def leads_on(code: Code, leaves: list[str]) -> bool:
    return any(leaf.startswith(code.code) for leaf in leaves)


def code_odds(dice: np.random.Generator, hierarchy: Hierarchy, steepness: float) -> CodeOdds:
    """Of random weights; the titles of every other record stand for a leaf."""
    classifiers = Classifiers.of(hierarchy)
    rows = dice.integers(-MOST, MOST + 1, (WORDS, classifiers.width)).astype(np.int8)
    steps = np.full(classifiers.width, steepness / MOST, np.float32)
    prior = dice.normal(size=classifiers.width).astype(np.float32)
    weights = Weights(Bytes(rows, steps), Bytes(rows[:0], steps), prior)
    temperatures = [1.0] * len(hierarchy.lengths)
    place = {code: number for number, code in enumerate(classifiers.codes)}
    lines = [[place[each] for each in hierarchy.lineage(leaf)[::-1]] for leaf in hierarchy.leaves]
    known = np.arange(0, RECORDS, 2)
    exact = ExactTitles(
        known.astype(np.uint64), dice.integers(0, len(lines), len(known)), np.asarray(lines)
    )
    words = [f"{number}".encode() for number in range(WORDS)]
    lexicon = Lexicon(words, pairs=0, weights=np.ones(WORDS, np.float32), unseen_weight=1.0, room=0)
    signs = ScopeSigns(np.zeros(WORDS, np.uint8), lexicon)
    tables = ScoreTables(classifiers, weights, temperatures, room=0)
    return CodeOdds(classifiers, tables, exact, signs, None)


def records(dice: np.random.Generator) -> Encoded:
    sizes = dice.integers(0, 8, (2, RECORDS)).tolist()
    return records_of(
        [
            [dice.integers(FIRST_WORD, FIRST_WORD + WORDS, size).tolist() for size in field]
            for field in sizes
        ],
        [1.0, 0.3],
    )


@pytest.mark.parametrize("threshold", [0.01, 0.2, 0.5, 0.51, 0.75, 0.95])
@given(st.integers(0, 1 << 32), st.integers(1, 5), st.sampled_from([0.1, 1.0, 5.0, 300.0]))
def should_choose_what_asking_every_classifier_would(
    threshold: float, seed: int, levels: int, steepness: float
) -> None:
    dice = np.random.default_rng(seed)
    odds, batch = code_odds(dice, tree(dice, levels), steepness), records(dice)

    found = choose(odds, batch, threshold)

    expected = chosen_by(odds.classifiers, odds.all_codes(batch), threshold)
    np.testing.assert_array_equal(found.node, expected.node)
    np.testing.assert_array_equal(found.confidence, expected.confidence)
    unsure = expected.node < 0
    np.testing.assert_array_equal(found.leaves[unsure], expected.leaves[unsure])
    np.testing.assert_array_equal(found.odds[unsure], expected.odds[unsure])


def should_find_nothing_when_there_is_no_record() -> None:
    dice = np.random.default_rng(1)
    odds = code_odds(dice, tree(dice, 3), 1.0)

    assert len(choose(odds, records_of([[], []], [1.0, 0.3]), 0.5).node) == 0


@pytest.mark.parametrize("threshold", [0.2, 0.75])
def should_find_the_same_when_few_records_are_looked_at_at_once(
    monkeypatch: pytest.MonkeyPatch, threshold: float
) -> None:
    dice = np.random.default_rng(2)
    odds, batch = code_odds(dice, tree(dice, 4), 0.5), records(dice)
    together, every = choose(odds, batch, threshold), odds.all_codes(batch)

    monkeypatch.setattr(computing, "MOST_ODDS", 3 * len(odds.classifiers.codes))

    apart = choose(odds, batch, threshold)
    np.testing.assert_array_equal(odds.all_codes(batch), every)
    np.testing.assert_array_equal(apart.node, together.node)
    np.testing.assert_array_equal(apart.confidence, together.confidence)
    unsure = together.node < 0
    assert unsure.any() or threshold < 0.5
    np.testing.assert_array_equal(apart.leaves[unsure], together.leaves[unsure])
    np.testing.assert_array_equal(apart.odds[unsure], together.odds[unsure])
