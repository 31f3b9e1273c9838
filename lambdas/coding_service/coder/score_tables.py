"""The rows of terms: what each adds to the scores of every code, ready to be summed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coding_service.coder.classifiers import Classifiers
from coding_service.coder.text.encode import Bag, Encoded
from coding_service.coder.text.features import Floats, Letters
from coding_service.coder.text.vocabulary import FIRST_WORD

MOST = 127  # of a byte with a sign


@dataclass(frozen=True, slots=True)
class Bytes:
    """A matrix of which each number is a byte times the step of its column."""

    bytes: npt.NDArray[np.int8]
    """Rows x columns."""
    steps: Floats
    """One for each column."""

    @classmethod
    def of(cls, numbers: Floats) -> "Bytes":
        """The nearest to a matrix of numbers."""
        most = np.abs(numbers).max(axis=0, initial=0.0)
        steps = np.where(most > 0, most / MOST, 1.0).astype(np.float32)
        return cls(np.rint(numbers / steps).astype(np.int8), steps)


@dataclass(frozen=True, slots=True)
class Weights:
    """What training found out, as a model's directory holds it."""

    rows: Bytes
    """(words, then pairs) x columns: the whole of each term, its letters folded in."""
    letters: Bytes
    """Runs of letters x columns, for words that have no row."""
    prior: Floats
    """The score of each column before a word is read."""


class ScoreTables:
    """One table for the top's classifier and one for each subtree, so that few numbers are read.

    Scores come out divided by their temperatures; the division is done to the rows, once.
    """

    def __init__(
        self,
        classifiers: Classifiers,
        weights: Weights,
        temperatures: Sequence[float],
        *,
        room: int,
    ) -> None:
        """There are rows for `room` unseen words."""
        levels = np.asarray(temperatures, np.float32)[classifiers.column_levels]
        sharpness: Floats = np.reciprocal(levels)
        self._letters = Bytes(weights.letters.bytes, weights.letters.steps * sharpness)
        self._prior = weights.prior * sharpness
        self._first_unseen = FIRST_WORD + len(weights.rows.bytes)
        top = slice(0, len(classifiers.tops) + 1)
        self._spans = [top, *(slice(b.start, b.start + b.width) for b in classifiers.subtrees)]
        self._tables: list[Floats] = []
        for span in self._spans:
            table = np.zeros((self._first_unseen + room, span.stop - span.start), np.float32)
            np.multiply(
                weights.rows.bytes[:, span],
                weights.rows.steps[span] * sharpness[span],
                out=table[FIRST_WORD : self._first_unseen],
            )
            self._tables.append(table)

    def learn(self, words: Sequence[bytes], known: int, letters: Letters) -> None:
        """Compute the rows of unseen words.

        `words` are all of them in order, of which the first `known` have their rows.
        """
        for place, word in enumerate(words[known:], start=known):
            columns, values = letters.of(word)
            weighted = np.asarray(values, np.float32) * np.float32(letters.unseen_rarity)
            row = weighted @ self._letters.bytes[columns] * self._letters.steps
            for span, table in zip(self._spans, self._tables, strict=True):
                table[self._first_unseen + place] = row[span]

    def top_scores(self, records: Encoded) -> Floats:
        """Records x (top codes, "none of them")."""
        return self._scores(0, records)

    def subtree_scores(self, subtree: int, records: Encoded) -> Floats:
        """Records x columns of a subtree."""
        return self._scores(1 + subtree, records)

    def _scores(self, number: int, records: Encoded) -> Floats:
        table = self._tables[number]
        scores = np.zeros((len(records.lengths), table.shape[1]), np.float32)
        for bag in records.bags:
            add_rows(scores, table, bag)
        scores /= records.lengths[:, None]
        scores += self._prior[self._spans[number]]
        return scores


def add_rows(sums: Floats, table: Floats, bag: Bag) -> None:
    """Add to each record's sum the rows of its terms, weighted.

    The first terms of all records are added in one go, then the second ones of those that have
    so many, and so on: with the longest records first these are always the leading ones. Each
    record's rows are added in the order of its terms, whoever else is in the batch.
    """
    order = np.argsort(-bag.lengths, kind="stable")
    lengths = bag.lengths[order]
    order = order[: np.count_nonzero(lengths)]
    if not len(order) or not table.shape[1]:
        return
    starts = bag.starts[order]
    # How many records have more than 0, 1, 2 … terms.
    counts = np.searchsorted(-lengths, -np.arange(lengths[0]), side="left").tolist()
    ordered = table[bag.terms[starts]]
    rows = np.empty_like(ordered)
    for place, count in enumerate(counts[1:], start=1):
        here = rows[:count]
        # Every term has a row; "clip" is the mode that does not copy.
        np.take(table, bag.terms[starts[:count] + place], axis=0, out=here, mode="clip")
        ordered[:count] += here
    if bag.weight != 1.0:
        ordered *= np.float32(bag.weight)
    sums[order] += ordered
