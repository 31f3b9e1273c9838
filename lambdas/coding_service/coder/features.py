"""From terms to numbers: words, pairs of words, and the letters inside words.

A record is the weighted sum of its terms, and a term is a short sum of features, so a batch is
scored in two gathers: features to distinct terms, terms to records. The length of a record's
vector is measured with what the vocabulary does *not* know included. A record of unknown words
is therefore a short vector, its scores stay near the prior, and the model suggests instead of
asserting.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coding_service.coder.sparse import SparseRows
from coding_service.coder.text import terms

SHORTEST_GRAM = 3  # characters, word boundaries included
LONGEST_GRAM = 5  # characters, word boundaries included
MAX_WORD_CHARACTERS = 40  # of a longer word only the beginning is looked at
WHOLE_WORD_SHARE = 0.6  # of a word's squared length; its letters carry the rest
PAIR_WEIGHT = 0.7  # of a pair of words, beside 1.0 for a word
_WORD_START, _WORD_END = "\u0002", "\u0003"  # cannot occur inside a word


def grams(word: str) -> list[str]:
    """The runs of 3 to 5 characters of a word, those at its boundaries marked as such."""
    marked = f"{_WORD_START}{word[:MAX_WORD_CHARACTERS]}{_WORD_END}"
    return [
        marked[start : start + length]
        for length in range(SHORTEST_GRAM, LONGEST_GRAM + 1)
        for start in range(len(marked) - length + 1)
    ]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The features a model knows, and how much each tells.

    :param columns: feature (a gram, a word, or a pair of words) to its column.
    :param rarity: the inverse document frequency of each column; at least 1.
    :param unseen_rarity: the same for a feature that no example has.
    """

    columns: Mapping[str, int]
    rarity: Sequence[float]
    unseen_rarity: float

    @classmethod
    def of(cls, records: Sequence[Mapping[str, float]], *, fewest: int = 1) -> Vocabulary:
        """The vocabulary of the examples' terms, in sorted order so that it is the same each time.

        :param fewest: features in fewer examples than this are left out.
        """
        seen: Counter[str] = Counter()
        for record in records:
            features: set[str] = set()
            for term in record:
                features.add(_feature(term))
                if " " not in term:
                    features.update(grams(term))
            seen.update(features)
        kept = sorted(feature for feature, count in seen.items() if count >= fewest)
        rarity = [_rarity(len(records), seen[feature]) for feature in kept]
        return cls(
            {feature: column for column, feature in enumerate(kept)},
            rarity,
            _rarity(len(records), 0),
        )

    def weight(self, term: str) -> float:
        """How much a term counts in its record: an unknown word most, an unknown pair nothing."""
        column = self.columns.get(_feature(term))
        if " " in term:
            return 0.0 if column is None else PAIR_WEIGHT * self.rarity[column]
        return self.unseen_rarity if column is None else self.rarity[column]

    def expand(self, term: str) -> tuple[list[int], list[float]]:
        """The known features of a term with their values; 1 is the length of a wholly known one."""
        column = self.columns.get(_feature(term))
        if " " in term:
            return ([], []) if column is None else ([column], [1.0])
        known, values = list[int](), list[float]()
        if column is not None:
            known.append(column)
            values.append(math.sqrt(WHOLE_WORD_SHARE))
        squares = 0.0
        inside: dict[int, float] = {}
        for gram in grams(term):
            gram_column = self.columns.get(gram)
            gram_rarity = self.unseen_rarity if gram_column is None else self.rarity[gram_column]
            squares += gram_rarity**2
            if gram_column is not None:
                inside[gram_column] = gram_rarity
        scale = math.sqrt((1.0 - WHOLE_WORD_SHARE) / squares) if squares else 0.0
        known.extend(inside)
        values.extend(value * scale for value in inside.values())
        return known, values

    def rows(
        self, records: Sequence[Mapping[str, float]]
    ) -> tuple[list[str], SparseRows, SparseRows]:
        """A batch as (distinct terms, terms x features, records x terms)."""
        numbers: dict[str, int] = {}
        weights: list[float] = []
        by_record = []
        for record in records:
            columns, values, squares = list[int](), list[float](), 0.0
            for term, field_weight in record.items():
                number = numbers.get(term)
                if number is None:
                    number = numbers[term] = len(numbers)
                    weights.append(self.weight(term))
                value = field_weight * weights[number]
                if value:
                    squares += value * value
                    columns.append(number)
                    values.append(value)
            length = math.sqrt(squares)
            by_record.append((columns, [value / length for value in values]))
        distinct = list(numbers)
        return distinct, SparseRows.of(map(self.expand, distinct)), SparseRows.of(by_record)


def terms_of(
    records: Sequence[Mapping[str, str]], field_weights: Mapping[str, float]
) -> list[dict[str, float]]:
    """The terms of each record."""
    return [terms(record, field_weights) for record in records]


def _feature(term: str) -> str:
    """A whole word or pair as a feature; the mark keeps "<nur" the gram apart from any word."""
    return f"{_WORD_END}{term}"


def _rarity(examples: int, count: int) -> float:
    """Smoothed inverse document frequency, as if one more example had every feature."""
    return math.log((1 + examples) / (1 + count)) + 1.0
