"""The linear reader and the sentence reader, whose answers become one.

The sentence reader is asked where it can change the answer: not about records to which the linear
one gives a code of the deepest level with a confidence of `runs_below` and more, nor about those
with nothing to code or several occupations. For the others the
two probabilities of each leaf are multiplied, each to a power of its own (a log-linear opinion
pool: Genest and Zidek, 1986, "Combining Probability Distributions"), and sum to 1 with that of
"none of them". A code above the leaves is as probable as its leaves together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from coding_service.coder.choose_code import CodeChoices, chosen_by
from coding_service.coder.code_tree import Hierarchy
from coding_service.coder.linear.classifiers import Classifiers, softmax
from coding_service.coder.model_card import SecondReader
from coding_service.coder.sentence.reader import SentenceReader
from coding_service.coder.text.features import Flags, Floats, Integers

FAINTEST = np.float32(1e-7)  # less counts as this, so that every probability has a logarithm


class Reader(Protocol):
    """What finds the codes of records."""

    @property
    def classifiers(self) -> Classifiers:
        """The codes, by their places."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The text fields in the order of a record's texts."""

    def choose(self, texts: Sequence[str], threshold: float) -> CodeChoices:
        """The codes of records; `texts` has each record's `fields` one after the other."""

    def probabilities(self, texts: Sequence[str], threshold: float) -> Floats:
        """Records x leaves; `choose` with this threshold would choose by them."""


class LinearReader(Reader, Protocol):
    """The reader that is asked first."""

    def odds(self, texts: Sequence[str], threshold: float) -> tuple[Floats, Flags]:
        """What `probabilities` gives, and which records no second reader is to be asked about:
        with nothing to code, or read otherwise than they stand."""


@dataclass(frozen=True, slots=True)
class _Level:
    """The codes of one level, over leaves in the order of their paths."""

    nodes: Integers
    """Their places in `Classifiers.codes`."""
    starts: Integers
    """Where the leaves of each begin."""


class BothReaders:
    """A `Reader` that asks a second one where the first is not sure."""

    def __init__(
        self,
        linear: LinearReader,
        sentences: SentenceReader,
        card: SecondReader,
        hierarchy: Hierarchy,
    ) -> None:
        self.classifiers = linear.classifiers
        self.fields = linear.fields
        self._linear = linear
        self._sentences = sentences
        self._card = card
        paths = [hierarchy.lineage(leaf)[::-1] for leaf in hierarchy.leaves]
        order = sorted(range(len(paths)), key=paths.__getitem__)
        self._order = np.asarray(order, np.int64)
        place = {code: number for number, code in enumerate(self.classifiers.codes)}
        self._levels: list[_Level] = []
        for depth in range(len(hierarchy.lengths)):
            codes = [place[paths[leaf][depth]] for leaf in order]
            starts = np.flatnonzero(np.diff(codes, prepend=-1))
            self._levels.append(_Level(np.asarray(codes, np.int64)[starts], starts))

    def choose(self, texts: Sequence[str], threshold: float) -> CodeChoices:
        """The codes of records; `texts` has each record's `fields` one after the other."""
        chosen = self._linear.choose(texts, threshold)
        leaves = self.classifiers.leaf_of[chosen.node]
        sure = (chosen.node >= 0) & (leaves >= 0) & (chosen.confidence >= self._card.runs_below)
        rows = self._open(texts, ~sure)
        if not len(rows):
            return chosen
        linear, settled = self._linear.odds(self._texts_of(texts, rows), threshold)
        rows = rows[~settled]
        if len(rows):
            odds = self._combined(self._texts_of(texts, rows), linear[~settled])
            chosen.put(rows.tolist(), self._chosen(odds, threshold))
        return chosen

    def probabilities(self, texts: Sequence[str], threshold: float) -> Floats:
        """Records x leaves; a row sums to the probability that any fits."""
        odds, settled = self._linear.odds(texts, threshold)
        # Where a threshold is above it, `choose` has no code of those between the two.
        sure_from = max(self._card.runs_below, threshold)
        rows = self._open(texts, ~settled & (odds.max(axis=1) < sure_from))
        if len(rows):
            odds[rows] = self._combined(self._texts_of(texts, rows), odds[rows])
        return odds

    def _open(self, texts: Sequence[str], unsure: Flags) -> Integers:
        """The records that the sentence reader is asked about: the unsure ones with a text."""
        width = len(self.fields)
        return np.asarray(
            [
                row
                for row in np.flatnonzero(unsure).tolist()
                if any(text.strip() for text in texts[row * width : (row + 1) * width])
            ],
            np.int64,
        )

    def _texts_of(self, texts: Sequence[str], rows: Integers) -> list[str]:
        width = len(self.fields)
        return [text for row in rows.tolist() for text in texts[row * width : (row + 1) * width]]

    def _combined(self, texts: Sequence[str], linear: Floats) -> Floats:
        """Records x leaves: both readers' probabilities as one."""
        read = self._sentences.odds(texts)
        none = np.maximum(np.float32(1) - linear.sum(axis=1, keepdims=True), FAINTEST)
        width = len(self.fields)
        alone = [
            not any(text.strip() for text in texts[first + 1 : first + width])
            for first in range(0, len(texts), width)
        ]
        powers = powers_of(self._card, np.asarray(alone, np.bool_))
        return combined(np.hstack([linear, none]), read, powers)[:, :-1]

    def _chosen(self, leaves: Floats, threshold: float) -> CodeChoices:
        """The codes of records by the probabilities of their leaves."""
        odds = np.zeros((len(leaves), len(self.classifiers.codes)), np.float32)
        ordered = np.ascontiguousarray(leaves[:, self._order])
        for level in self._levels:
            odds[:, level.nodes] = np.add.reduceat(ordered, level.starts, axis=1)
        return chosen_by(self.classifiers, odds, threshold)


def powers_of(card: SecondReader, alone: Flags) -> Floats:
    """Records x `Powers`, by whether a record has a text in the weightiest field alone."""
    powers: Floats = np.where(alone[:, None], card.alone, card.together).astype(np.float32)
    return powers


def combined(linear: Floats, read: Floats, powers: Floats) -> Floats:
    """Records x (leaves, then "none of them"), of the two readers' probabilities of these.

    `powers` are records x `Powers`.
    """
    scores = np.log(np.maximum(linear, FAINTEST)) * powers[:, :1]
    scores += np.log(np.maximum(read, FAINTEST)) * powers[:, 1:]
    return softmax(scores)
