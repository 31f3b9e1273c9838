"""Signs that a text names what a person is, which do not depend on the words it is made of.

"police check" and "fence posts" are made of words that occupations have, so classifiers take them
for some. What tells them apart is that no word in them is one in which titles end. What the signs
weigh is a model's to say (`ScopeWeights`); `training.fit.calibrate` finds it out.
"""

import numpy as np

from coding_service.coder.text.encode import Bag, Encoded
from coding_service.coder.text.features import Floats, Integers
from coding_service.coder.text.vocabulary import FIRST_WORD, WHOLE, Lexicon, Shares

SIGNS = 4
"""The greatest share of their titles that words of the text's title end, the share of these words
that no example has, whether there is no title, and whether there is a text beside it."""


class ScopeSigns:
    """Finds the signs of records."""

    def __init__(self, heads: Shares, lexicon: Lexicon) -> None:
        """`heads` has, for each known word, what share of its titles it ends, in 255ths."""
        self._heads = np.zeros(len(lexicon.squares), np.float32)
        self._heads[FIRST_WORD : FIRST_WORD + len(heads)] = heads / np.float32(WHOLE)
        self._is_word = np.ones(len(lexicon.squares), np.float32)
        self._is_word[lexicon.first_pair : lexicon.first_unseen] = 0
        self._is_unseen = np.zeros(len(lexicon.squares), np.float32)
        self._is_unseen[lexicon.first_unseen :] = 1

    def of(self, records: Encoded) -> Floats:
        """Records x `SIGNS`."""
        title, *others = records.bags
        found = np.zeros((len(records.lengths), SIGNS), np.float32)
        filled = np.flatnonzero(title.lengths)
        if len(filled):
            terms, starts = _terms(title)
            starts = starts[filled]
            found[filled, 0] = np.maximum.reduceat(self._heads[terms], starts)
            unseen = np.add.reduceat(self._is_unseen[terms], starts)
            found[filled, 1] = unseen / np.add.reduceat(self._is_word[terms], starts)
        found[:, 2] = title.lengths == 0
        for bag in others:
            found[bag.lengths > 0, 3] = 1
        return found


def _terms(bag: Bag) -> tuple[Integers, Integers]:
    """The terms of all records one after the other, and where each record's begin."""
    starts = np.cumsum(bag.lengths) - bag.lengths
    places = np.repeat(bag.starts - starts, bag.lengths) + np.arange(bag.lengths.sum())
    return bag.terms[places], starts
