"""Rows of features, and how much of a text the vocabulary knows."""

from __future__ import annotations

import numpy as np
import pytest

from coding_service.coder.features import Vocabulary
from coding_service.coder.sparse import SparseRows


@pytest.mark.parametrize("most", [1, 3, 7, 1_000])
def should_equal_the_dense_product_when_rows_are_gathered_in_pieces(
    most: int,
) -> None:
    dice = np.random.default_rng(5)
    dense = dice.normal(size=(6, 4)).astype(np.float32)
    rows = [([], []), ([0, 5], [1.0, -2.0]), ([], []), ([3], [0.5]), (list(range(6)), [1.0] * 6)]
    rows += [([], [])]
    full = np.zeros((len(rows), 6), np.float32)
    for number, (columns, values) in enumerate(rows):
        full[number, columns] = values

    product = SparseRows.of(rows).times(dense, gather=most * 4)

    np.testing.assert_allclose(product, full @ dense, rtol=1e-5, atol=1e-6)


def should_be_a_vector_of_length_one_when_every_term_is_known() -> None:
    vocabulary = Vocabulary.of([{"bus": 1.0}, {"driver": 1.0}])

    _, values = vocabulary.expand("bus")

    assert sum(value**2 for value in values) == pytest.approx(1.0)


def should_be_the_shorter_the_less_of_a_word_is_known() -> None:
    vocabulary = Vocabulary.of([{"driver": 1.0}, {"cook": 1.0}])

    lengths = [
        sum(value**2 for value in vocabulary.expand(word)[1])
        for word in ("driver", "drivers", "drier", "zzzz")
    ]

    assert lengths == sorted(lengths, reverse=True)
    assert lengths[-1] == 0.0


def should_weigh_an_unknown_word_most_and_an_unknown_pair_nothing() -> None:
    vocabulary = Vocabulary.of([{"bus": 1.0, "driver": 1.0, "bus driver": 1.0}, {"driver": 1.0}])

    assert vocabulary.weight("astronaut") > vocabulary.weight("bus") > vocabulary.weight("driver")
    assert vocabulary.weight("driver bus") == 0.0
    assert vocabulary.weight("bus driver") > 0.0
