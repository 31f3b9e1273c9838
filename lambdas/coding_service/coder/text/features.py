"""What a model knows about words: each by itself, the letters inside it, and pairs of words.

A record is the weighted sum of its terms, and a term is a short sum of features: a word is
itself and the runs of 3 and 4 letters in it, so a word that no example has is still placed by
its letters. A pair is two neighbouring words of the main field, or its last word and the end of
the text: in "care manager" and "manager of care" the last word is what the person is.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SHORTEST_GRAM = 3  # characters, word boundaries included
LONGEST_GRAM = 4  # characters, word boundaries included
MAX_WORD_CHARACTERS = 40  # of a longer word only the beginning is looked at
WHOLE_WORD_SHARE = 0.4  # of a word's squared length; its letters carry the rest
PAIR_WEIGHT = 0.7  # of a pair of words, beside 1.0 for a word
RARITY_POWER = 1.0  # of the inverse document frequency
_WORD_START, _WORD_END = "\u0002", "\u0003"  # cannot occur inside a word


def grams(word: bytes) -> list[str]:
    """The runs of 3 and 4 characters of a word, those at its boundaries marked as such."""
    marked = f"{_WORD_START}{word.decode()[:MAX_WORD_CHARACTERS]}{_WORD_END}"
    return [
        marked[start : start + length]
        for length in range(SHORTEST_GRAM, LONGEST_GRAM + 1)
        for start in range(len(marked) - length + 1)
    ]


def rarity(examples: int, count: int) -> float:
    """Smoothed inverse document frequency, as if one more example had every feature; at least 1."""
    return float((math.log((1 + examples) / (1 + count)) + 1.0) ** RARITY_POWER)


@dataclass(frozen=True, slots=True)
class Letters:
    """The runs of letters that a model knows."""

    columns: Mapping[str, int]
    """Each run's number."""
    rarity: Sequence[float]
    """The rarity of each run, by its number."""
    unseen_rarity: float
    """The rarity of a run, or a word, that no example has."""

    def of(self, word: bytes) -> tuple[list[int], list[float]]:
        """The known runs in a word and their values.

        The values' squares sum to what letters carry of a word where every run is known; an
        unknown run shortens the sum, so that an unknown word is a short vector.
        """
        squares = 0.0
        inside: dict[int, float] = {}
        for gram in grams(word):
            column = self.columns.get(gram)
            value = self.unseen_rarity if column is None else self.rarity[column]
            squares += value * value
            if column is not None:
                inside[column] = value
        scale = math.sqrt((1.0 - WHOLE_WORD_SHARE) / squares) if squares else 0.0
        return list(inside), [value * scale for value in inside.values()]
