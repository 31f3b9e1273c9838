"""The search for a record's code in the code tree, computing only what can still matter.

From the top down each record is taken to the likeliest child of the code before. Where no code on
that path is likely enough to be the result, codes beside it are looked at, if one below could still
be worth suggesting: no code is likelier than the one above it, so what is left out could not have
changed the answer.
"""

from dataclasses import dataclass, field

import numpy as np

from coding_service.coder.choose_code import HALF, MOST_SUGGESTIONS, CodeChoices, faintest
from coding_service.coder.linear.code_odds import Children, CodeOdds
from coding_service.coder.linear.score_tables import TermColumns
from coding_service.coder.text.encode import Encoded
from coding_service.coder.text.features import Floats, Integers

NO_LEAF = np.iinfo(np.int64).max  # comes after all leaves that are as impossible


def choose(code_odds: CodeOdds, records: Encoded, threshold: float) -> CodeChoices:
    """The deepest code of each record that reaches the threshold, or else suggestions."""
    search = _Search(code_odds, records, threshold)
    search.descend()
    search.look_beside()
    return search.choices()


@dataclass(slots=True)
class _Search:
    """What has been found so far."""

    code_odds: CodeOdds
    records: Encoded
    threshold: float
    columns: TermColumns = field(init=False)
    titles: Integers = field(init=False)
    node: Integers = field(init=False)
    confidence: Floats = field(init=False)
    path: Integers = field(init=False)
    """Records x levels: the likeliest code below the one before, -1 behind the end."""
    leaves: Integers = field(init=False)
    """Records x the likeliest leaves so far, `NO_LEAF` for none."""
    chances: Floats = field(init=False)
    """The probability of each of them."""
    least: Floats = field(init=False)
    """How likely a code must be for each record to be worth a look."""
    looked: list[list[Children]] = field(default_factory=list)
    """The codes on the path and their siblings, level by level."""

    def __post_init__(self) -> None:
        count, levels = len(self.records.lengths), self.code_odds.classifiers.depths.max() + 1
        self.columns = TermColumns.of(self.records, np.arange(count))
        self.titles = self.code_odds.exact.leaves(self.records.titles)
        self.node, self.path = np.full(count, -1), np.full((count, levels), -1)
        self.confidence, self.least = np.zeros((2, count), np.float32)
        self.leaves = np.full((count, MOST_SUGGESTIONS), NO_LEAF)
        self.chances = np.zeros((count, MOST_SUGGESTIONS), np.float32)

    def descend(self) -> None:
        """From the top down, each time to the likeliest child."""
        children = [self.code_odds.top(self.records, self.columns, self.titles)]
        for depth in range(self.path.shape[1]):
            if not children:
                break
            self.looked.append(children)
            going = [self._likeliest(depth, each) for each in children]
            rows, codes, odds = map(np.concatenate, zip(*going, strict=True))
            children = self._below(depth, rows, codes, odds)

    def _likeliest(self, depth: int, children: Children) -> tuple[Integers, Integers, Floats]:
        """The records to go on with, their likeliest children and the probabilities of these."""
        every, best = np.arange(len(children.rows)), children.mixed.argmax(axis=1)
        rows, codes = children.rows, children.codes[every, best]
        reached = children.mixed[every, best]
        self.path[rows, depth] = codes
        sure = reached >= self.threshold
        self.node[rows[sure]] = codes[sure]
        self.confidence[rows[sure]] = np.minimum(reached[sure], 1.0)
        # The path's own leaf is worth suggesting, however faint.
        self.least[rows] = np.minimum(faintest(reached), reached)
        # Below a code that is not sure enough none is, and none elsewhere where half are needed.
        on = sure | (self.node[rows] < 0) | (self.threshold <= HALF)
        return rows[on], codes[on], children.odds[every, best][on]

    def _below(self, depth: int, rows: Integers, codes: Integers, odds: Floats) -> list[Children]:
        if depth + 1 == self.path.shape[1]:
            return []
        return [*self.code_odds.below(codes, rows, odds, self.columns, self.titles)]

    def look_beside(self) -> None:
        """To all codes that may be a result or a suggestion.

        What hangs beside the end of the path comes first, as the likeliest. The likelier the leaves
        that are known, the less is worth a look.
        """
        never = np.float32(np.inf if self.threshold > HALF else self.threshold)
        least = np.where(self.node < 0, np.minimum(self.least, never), never)
        open_, most = np.flatnonzero(least < np.inf), self.code_odds.most_records
        for first in range(0, len(open_), most):
            rows = open_[first : first + most]
            self.least = np.full_like(least, np.inf)
            self.least[rows] = least[rows]
            # Few among many are found faster by themselves.
            self.columns = TermColumns.of(self.records, rows)
            # What the path's last two codes have beside them, and then all others.
            end = len(self.looked)
            for start in (end - 1, end - 2, 0):
                self._look_from(max(start, 0), end)
                end = min(end, start)

    def _look_from(self, first: int, end: int) -> None:
        """To all that hangs below the levels of the path from `first` up to `end`."""
        below = list[Children]()
        for depth in range(first, self.path.shape[1]):
            children = [*(self.looked[depth] if depth < end else ()), *below]
            if not children:
                break
            found = [each.likely(self.least) for each in children]
            rows, codes, odds, mixed = map(np.concatenate, zip(*found, strict=True))
            if self.threshold <= HALF:
                self._choose(depth, rows, codes, mixed)
            if depth + 1 == self.path.shape[1]:
                self._suggest(rows, codes, mixed)
            beside = codes != self.path[rows, depth]
            below = self._below(depth, rows[beside], codes[beside], odds[beside])

    def _choose(self, depth: int, rows: Integers, codes: Integers, odds: Floats) -> None:
        """Take codes that reach the threshold and are deeper, or as deep and likelier, than those
        that are chosen."""
        order = np.lexsort((codes, -odds, rows))
        rows, codes, odds = rows[order], codes[order], odds[order]
        depths = np.append(self.code_odds.classifiers.depths, -1)[self.node[rows]]
        better = (depth > depths) | ((depth == depths) & (odds > self.confidence[rows]))
        taken = (np.diff(rows, prepend=-1) > 0) & better & (odds >= self.threshold)
        self.node[rows[taken]] = codes[taken]
        self.confidence[rows[taken]] = np.minimum(odds[taken], 1.0)

    def _suggest(self, rows: Integers, codes: Integers, odds: Floats) -> None:
        """Keep the likeliest leaves of each record: others must be as likely as the last."""
        leaves = self.code_odds.classifiers.leaf_of[codes]
        order = np.lexsort((leaves, -odds, rows))
        starts = np.flatnonzero(np.diff(rows[order], prepend=-1))
        rank = np.arange(len(rows)) - np.repeat(starts, np.diff(starts, append=len(rows)))
        for place in range(MOST_SUGGESTIONS):
            self._insert(*(each[order[rank == place]] for each in (rows, leaves, odds)))

    def _insert(self, rows: Integers, leaves: Integers, odds: Floats) -> None:
        """One leaf of each of some records among the likeliest."""
        leaves = np.hstack([self.leaves[rows], leaves[:, None]])
        chances = np.hstack([self.chances[rows], odds[:, None]])
        best = np.lexsort((leaves, -chances))[:, :MOST_SUGGESTIONS]
        self.leaves[rows] = np.take_along_axis(leaves, best, axis=1)
        self.chances[rows] = np.take_along_axis(chances, best, axis=1)
        self.least[rows] = np.maximum(self.least[rows], self.chances[rows, -1])

    def choices(self) -> CodeChoices:
        kept = self.chances >= faintest(self.chances[:, :1])
        kept[:, 0] = self.leaves[:, 0] != NO_LEAF
        leaves, chances = np.where(kept, self.leaves, -1), np.where(kept, self.chances, 0)
        return CodeChoices(self.node, self.confidence, leaves, np.minimum(chances, np.float32(1)))
