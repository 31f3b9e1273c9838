"""Titles that say the code by themselves: those of the examples that stand under one code alone."""

from dataclasses import dataclass

import numpy as np

from coding_service.coder.text.features import Floats, Integers
from coding_service.coder.text.vocabulary import Hashes

EXACT_SHARE = 0.95  # of the probability; the classifiers have the rest
NOWHERE = -2  # the place of what is no code, and not the -1 of what is not there


@dataclass(frozen=True, slots=True)
class ExactTitles:
    """The table in front of the classifiers.

    It has the titles that stand in the examples under one code alone, whatever the order of words.
    """

    keys: Hashes
    """Hashes of the titles' words, sorted."""
    leaf: Integers
    """The number of the leaf of each."""
    lines: Integers
    """Leaves x levels: the places in the codes of each leaf and those above, from the top down."""

    def leaves(self, titles: Hashes) -> Integers:
        """The leaf that each title stands for, -1 for none."""
        if not len(self.keys):
            return np.full(len(titles), -1, np.int64)
        places = np.minimum(np.searchsorted(self.keys, titles), len(self.keys) - 1)
        return np.where(self.keys[places] == titles, self.leaf[places], -1)

    def mix(self, odds: Floats, codes: Integers, leaves: Integers, level: int) -> Floats:
        """The odds of some codes of one level (both records x codes), where the titles of records
        stand for `leaves` (-1 for none)."""
        known = leaves >= 0
        if not known.any():
            return odds
        mixed: Floats = odds * np.where(known, np.float32(1 - EXACT_SHARE), np.float32(1))[:, None]
        own = np.where(known, self.lines[leaves, level], NOWHERE)
        mixed[codes == own[:, None]] += np.float32(EXACT_SHARE)
        return mixed

    def mix_all(self, odds: Floats, leaves: Integers) -> None:
        """The same for records x all codes, in place."""
        known = np.flatnonzero(leaves >= 0)
        odds[known] *= np.float32(1 - EXACT_SHARE)
        odds[known[:, None], self.lines[leaves[known]]] += np.float32(EXACT_SHARE)
