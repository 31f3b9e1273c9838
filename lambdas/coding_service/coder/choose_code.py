"""The choice of a record's code in the code tree, computing only what can still matter.

The top's classifier is asked about every record; then the likeliest subtree of each record; then
only subtrees that could hold a code worth suggesting. No code below a top code is likelier than
the top code itself, so what is left out could not have changed the answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from coding_service.coder.classifiers import Classifiers, in_scope, softmax
from coding_service.coder.model_card import ScopeWeights
from coding_service.coder.score_tables import ScoreTables
from coding_service.coder.text.encode import Encoded
from coding_service.coder.text.features import Floats, Integers
from coding_service.coder.text.signs import ScopeSigns
from coding_service.coder.text.vocabulary import Hashes

MOST_SUGGESTIONS = 3  # the batch page's AsynchronousCodeResponse: 1 to 3
FAINTEST_SUGGESTION = 0.1  # of the first suggestion's confidence; fainter ones only distract
CONFIDENCE_STEPS = 10_000  # a confidence is written with four digits
TOO_FAINT = 1 / CONFIDENCE_STEPS
EXACT_SHARE = 0.95  # of the probability; the classifiers have the rest
HALF = 0.5  # no two codes of a level are both likelier


@dataclass(frozen=True, slots=True)
class CodeChoices:
    """The code chosen for each record of a batch, or else the codes to suggest."""

    node: Integers
    """Place in `Classifiers.codes` of the result, -1 where there is none."""
    confidence: Floats
    """The confidence of the result."""
    leaves: Integers
    """Records x 3 leaf numbers, the likeliest first, -1 for none; meaningful where there is no
    result."""
    odds: Floats
    """The probability of each of them."""

    @classmethod
    def joined(cls, batches: "Sequence[CodeChoices]") -> "CodeChoices":
        """The choices of batches, one after the other."""
        return cls(
            *(np.concatenate([getattr(each, one.name) for each in batches]) for one in fields(cls))
        )

    @classmethod
    def none(cls, records: int) -> "CodeChoices":
        """Neither code nor suggestion for so many records."""
        unset = np.full((records, MOST_SUGGESTIONS), -1, np.int64)
        return cls(
            np.full(records, -1, np.int64),
            np.zeros(records, np.float32),
            unset,
            np.zeros(unset.shape, np.float32),
        )

    def put(self, records: Sequence[int], choices: "CodeChoices") -> None:
        """Other choices in the place of those of some records."""
        for each in fields(self):
            getattr(self, each.name)[records] = getattr(choices, each.name)


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


def leaves_of(classifiers: Classifiers, odds: Floats) -> Floats:
    """Records x leaves, of the probabilities of all codes."""
    places = np.flatnonzero(classifiers.leaf_of >= 0)
    found = np.zeros((len(odds), len(places)), np.float32)
    found[:, classifiers.leaf_of[places]] = odds[:, places]
    return found


def chosen_by(classifiers: Classifiers, odds: Floats, threshold: float) -> CodeChoices:
    """What `CodeChooser.choose` would, of the probabilities of all codes."""
    chosen = CodeChoices.none(len(odds))
    waiting = np.arange(len(odds))
    for depth in reversed(range(classifiers.depths.max() + 1)):
        nodes = np.flatnonzero(classifiers.depths == depth)
        here = odds[waiting[:, None], nodes]
        winners = here.argmax(axis=1)
        reached = here[np.arange(len(waiting)), winners]
        sure = reached >= threshold
        chosen.node[waiting[sure]] = nodes[winners[sure]]
        chosen.confidence[waiting[sure]] = np.minimum(reached[sure], 1.0)
        waiting = waiting[~sure]
    leaves = leaves_of(classifiers, odds[waiting])
    order = np.argsort(-leaves, axis=1, kind="stable")[:, :MOST_SUGGESTIONS]
    chances = np.take_along_axis(leaves, order, axis=1)
    faintest = np.maximum(chances[:, :1] * FAINTEST_SUGGESTION, TOO_FAINT)
    kept = (chances >= faintest) | (np.arange(order.shape[1]) == 0)
    chosen.leaves[waiting, : order.shape[1]] = np.where(kept, order, -1)
    chosen.odds[waiting, : order.shape[1]] = np.where(kept, np.minimum(chances, 1.0), 0)
    return chosen


@dataclass(frozen=True, slots=True)
class CodeChooser:
    """Computes the probabilities of codes, and chooses codes by them."""

    classifiers: Classifiers
    tables: ScoreTables
    exact: ExactTitles
    signs: ScopeSigns
    scope: ScopeWeights | None
    """None where the top's classifier alone says how likely a record is to have a code."""

    def top(self, records: Encoded) -> Floats:
        """Records x top codes, without exact titles; a row sums to what "none" leaves of 1."""
        odds = softmax(self.tables.top_scores(records))
        if self.scope is None:
            return odds[:, :-1]
        return in_scope(odds, self.signs.of(records), self.scope)

    def subtree(self, number: int, records: Encoded, titles: Integers, top: Floats) -> list[Floats]:
        """Records x nodes of each level of a subtree, the top code first.

        `titles` is the leaf that each record's title stands for, -1 for none; `top` is the
        probability of the top code without regard to these.
        """
        scores = self.tables.subtree_scores(number, records)
        levels = self.classifiers.subtrees[number].probabilities(scores, top)
        return [
            self.exact.mixed(odds, nodes, titles)
            for odds, nodes in zip(levels, self.nodes(number), strict=True)
        ]

    def leaf_numbers(self, number: int) -> Integers:
        """The leaves of a subtree, as the last of its levels has them."""
        return self.classifiers.leaf_of[self.nodes(number)[-1]]

    def nodes(self, number: int) -> list[Integers]:
        """The places in `Classifiers.codes` of each level of a subtree, the top code first."""
        levels = self.classifiers.subtrees[number].levels
        return [self.classifiers.tops[number : number + 1], *(level.nodes for level in levels)]

    def probabilities(self, records: Encoded) -> Floats:
        """Records x codes of all levels, every subtree computed."""
        titles = self.exact.leaves(records.titles)
        top = self.top(records)
        odds = np.zeros((len(top), len(self.classifiers.codes)), np.float32)
        for number in range(len(self.classifiers.subtrees)):
            levels = self.subtree(number, records, titles, top[:, number])
            for nodes, here in zip(self.nodes(number), levels, strict=True):
                odds[:, nodes] = here
        return odds

    def choose(self, records: Encoded, threshold: float) -> CodeChoices:
        """The deepest code of each record that reaches the threshold, or else suggestions."""
        titles = self.exact.leaves(records.titles)
        raw = self.top(records)
        search = _Search(self, records, titles, raw, threshold)
        top = self.exact.mixed(raw, self.classifiers.tops, titles)
        best = top.argmax(axis=1)
        for number in range(top.shape[1]):
            search.look(number, np.flatnonzero(best == number))
        worth = (top >= search.least()[:, None]) & (best[:, None] != np.arange(top.shape[1]))
        for number in np.flatnonzero(worth.any(axis=0)).tolist():
            search.look(number, np.flatnonzero(worth[:, number]))
        return search.choices()


@dataclass(slots=True)
class _Search:
    """What has been found so far."""

    chooser: CodeChooser
    records: Encoded
    titles: Integers
    top: Floats
    threshold: float
    depth: Integers = field(init=False)
    node: Integers = field(init=False)
    confidence: Floats = field(init=False)
    likeliest: Floats = field(init=False)
    found: list[tuple[Integers, Integers, Floats]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.depth, self.node = np.full((2, len(self.top)), -1, np.int64)
        self.confidence, self.likeliest = np.zeros((2, len(self.top)), np.float32)

    def look(self, number: int, rows: Integers) -> None:
        """Ask the classifiers of a subtree about some records."""
        if not len(rows):
            return
        levels = self.chooser.subtree(
            number, self.records.of(rows), self.titles[rows], self.top[rows, number]
        )
        self._choose(number, rows, levels)
        unsure = self.node[rows] < 0
        leaves = self.chooser.leaf_numbers(number)
        self.found += _likeliest(rows[unsure], leaves, levels[-1][unsure], self.likeliest)

    def _choose(self, number: int, rows: Integers, levels: list[Floats]) -> None:
        nodes = self.chooser.nodes(number)
        waiting = np.arange(len(rows))
        for depth in reversed(range(len(levels))):
            odds = levels[depth][waiting]
            winners = odds.argmax(axis=1)
            reached = odds[np.arange(len(waiting)), winners]
            sure = reached >= self.threshold
            chosen = rows[waiting[sure]]
            deeper = (depth > self.depth[chosen]) | (
                (depth == self.depth[chosen]) & (reached[sure] > self.confidence[chosen])
            )
            chosen = chosen[deeper]
            self.depth[chosen] = depth
            self.node[chosen] = nodes[depth][winners[sure][deeper]]
            self.confidence[chosen] = np.minimum(reached[sure][deeper], 1.0)
            waiting = waiting[~sure]

    def least(self) -> Floats:
        """How likely a subtree must be for each record to be worth another look."""
        faintest = np.maximum(self.likeliest * np.float32(FAINTEST_SUGGESTION), TOO_FAINT)
        never = np.float32(np.inf if self.threshold > HALF else self.threshold)
        return np.where(self.node < 0, np.minimum(faintest, never), never).astype(np.float32)

    def choices(self) -> CodeChoices:
        leaves = np.full((len(self.top), MOST_SUGGESTIONS), -1, np.int64)
        chances = np.zeros((len(self.top), MOST_SUGGESTIONS), np.float32)
        if self.found:
            rows, numbers, odds = map(np.concatenate, zip(*self.found, strict=True))
            order = np.lexsort((numbers, -odds, rows))
            rows, numbers, odds = rows[order], numbers[order], odds[order]
            first = np.flatnonzero(np.diff(rows, prepend=-1))
            sizes = np.diff(first, append=len(rows))
            rank = np.arange(len(rows)) - np.repeat(first, sizes)
            best = np.repeat(odds[first], sizes)
            faintest = np.maximum(best * FAINTEST_SUGGESTION, TOO_FAINT)
            kept = (rank < MOST_SUGGESTIONS) & ((odds >= faintest) | (rank == 0))
            leaves[rows[kept], rank[kept]] = numbers[kept]
            chances[rows[kept], rank[kept]] = np.minimum(odds[kept], 1.0)
        return CodeChoices(self.node, self.confidence, leaves, chances)


def _likeliest(
    rows: Integers, leaves: Integers, odds: Floats, likeliest: Floats
) -> Iterator[tuple[Integers, Integers, Floats]]:
    """The three likeliest leaves of some records in a subtree; raises what is `likeliest`."""
    if not len(rows):
        return
    odds = odds.copy()
    every = np.arange(len(rows))
    for _ in range(min(MOST_SUGGESTIONS, len(leaves))):
        winners = odds.argmax(axis=1)
        chances = odds[every, winners]
        likeliest[rows] = np.maximum(likeliest[rows], chances)
        yield rows, leaves[winners], chances
        odds[every, winners] = -1.0
