"""Titles that stand in the examples under one code alone, whatever the order of their words."""

from dataclasses import dataclass

import numpy as np

from coding_service.coder.text.features import Floats, Integers
from coding_service.coder.text.vocabulary import Hashes

EXACT_SHARE = 0.95  # of the probability; the classifiers have the rest


@dataclass(frozen=True, slots=True)
class ExactTitles:
    """The table in front of the classifiers."""

    keys: Hashes
    """Hashes of the titles' words, sorted."""
    leaf: Integers
    """The number of the leaf of each."""
    lines: Integers
    """Leaves x levels: the places of a leaf and its ancestors among the codes, in any order; -1 for
    none."""
    codes: int
    """How many codes there are."""

    def leaves(self, titles: Hashes) -> Integers:
        """The leaf that each title stands for, -1 for none."""
        if not len(self.keys):
            return np.full(len(titles), -1, np.int64)
        places = np.minimum(np.searchsorted(self.keys, titles), len(self.keys) - 1)
        return np.where(self.keys[places] == titles, self.leaf[places], -1)

    def mixed(self, odds: Floats, nodes: Integers, leaves: Integers) -> Floats:
        """The odds of the nodes of one level, where some records' titles stand for a leaf."""
        known = leaves >= 0
        rows = np.flatnonzero(known)
        if not len(rows):
            return odds
        mixed = odds * np.where(known, np.float32(1 - EXACT_SHARE), np.float32(1))[:, None]
        columns = np.full(self.codes + 1, -1)  # the last stands for none
        columns[nodes] = np.arange(len(nodes))
        found = columns[self.lines[leaves[rows]]]
        record, level = np.nonzero(found >= 0)
        mixed[rows[record], found[record, level]] += np.float32(EXACT_SHARE)
        return mixed
