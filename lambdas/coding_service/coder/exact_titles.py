"""Titles that stand in the examples under one code alone, whatever the order of their words."""

from dataclasses import dataclass

import numpy as np

from coding_service.coder.text.features import Flags, Floats, Integers
from coding_service.coder.text.vocabulary import Hashes

EXACT_SHARE = 0.95  # of the probability; the classifiers have the rest


@dataclass(frozen=True, slots=True)
class ExactTitles:
    """The table in front of the classifiers."""

    keys: Hashes
    """Hashes of the titles' words, sorted."""
    leaf: Integers
    """The number of the leaf of each."""
    inside: Flags
    """Nodes x leaves: whether a leaf is, or lies below, a node."""

    def leaves(self, titles: Hashes) -> Integers:
        """The leaf that each title stands for, -1 for none."""
        if not len(self.keys):
            return np.full(len(titles), -1, np.int64)
        places = np.minimum(np.searchsorted(self.keys, titles), len(self.keys) - 1)
        return np.where(self.keys[places] == titles, self.leaf[places], -1)

    def mixed(self, odds: Floats, nodes: Integers, leaves: Integers) -> Floats:
        """The odds of nodes, where some records' titles stand for a leaf."""
        rows = np.flatnonzero(leaves >= 0)
        if not len(rows):
            return odds
        stands = self.inside[nodes[None, :], leaves[rows, None]]
        odds = odds.copy()
        odds[rows] = odds[rows] * np.float32(1 - EXACT_SHARE) + stands * np.float32(EXACT_SHARE)
        return odds
