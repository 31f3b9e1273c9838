"""The classifiers in a code tree, and how their answers multiply down a path.

Every code with two or more children has a classifier of its own that tells these apart; so has
the top, which also knows "none of them". Their columns stand side by side in one matrix of
weights: the top's first, then, subtree by subtree, those of all classifiers below each top code.
A code that is its parent's only child needs no classifier: it is as probable as its parent.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from coding_service.coder.code_tree import Hierarchy
from coding_service.coder.model_card import ScopeWeights
from coding_service.coder.text.features import Floats, Integers

FAINTEST = np.float32(1e-6)  # of a probability whose logarithm is taken
STEEPEST = 60.0  # scores are cut off here, so that no exponential leaves the range of a float32


@dataclass(frozen=True, slots=True)
class Group:
    """The children of one code, which a classifier tells apart."""

    parent: str
    """The code above the children; "" for the top."""
    children: tuple[str, ...]
    """The codes, sorted."""
    start: int
    """The column of the first child."""
    level: int
    """The level of the children, 0 for top codes."""

    @property
    def columns(self) -> slice:
        """The children's columns; the top's has one more, for "none of them"."""
        return slice(self.start, self.start + len(self.children) + (self.level == 0))


@dataclass(frozen=True, slots=True)
class SubtreeLevel:
    """The codes of one level in a subtree."""

    nodes: Integers
    """The codes' places in `Classifiers.codes`."""
    parents: Integers
    """Place of each one's parent among the nodes of the level above."""
    columns: Integers
    """Each one's column in the subtree; the subtree's width for an only child."""


@dataclass(frozen=True, slots=True)
class Subtree:
    """All that hangs below one top code."""

    start: int
    """Its first column among all."""
    width: int
    """How many columns it has."""
    starts: Integers
    """Where in it each classifier's columns begin."""
    group_of: Integers
    """The number of the classifier of each column."""
    levels: tuple[SubtreeLevel, ...]
    """Its levels, from the one below the top code down."""

    def probabilities(self, scores: Floats, above: Floats) -> list[Floats]:
        """Records x nodes of each level, the top code's own first.

        `scores` are records x width, divided by their temperatures; `above` is the probability of
        the top code for each record.
        """
        odds = np.ones((len(scores), self.width + 1), np.float32)
        powers = np.clip(scores, -STEEPEST, STEEPEST)
        np.exp(powers, out=powers)
        if self.width:
            sums = np.add.reduceat(powers, self.starts, axis=1)
            np.divide(powers, sums[:, self.group_of], out=odds[:, : self.width])
        levels = [above[:, None]]
        for level in self.levels:
            above = levels[-1].take(level.parents, axis=1)
            levels.append(above * odds.take(level.columns, axis=1))
        return levels


@dataclass(frozen=True, slots=True)
class Classifiers:
    """A code tree laid out for computing."""

    codes: tuple[str, ...]
    """Every code that has a leaf below it, or is one, sorted."""
    tops: Integers
    """The top codes' places in `codes`."""
    subtrees: tuple[Subtree, ...]
    """One for each top code."""
    groups: tuple[Group, ...]
    """Every classifier, the top's first."""
    leaf_of: Integers
    """For each place in `codes` the number of the leaf, or -1."""
    depths: Integers
    """For each place in `codes` the number of codes above it."""
    column_levels: Integers
    """The level of each column."""
    lineages: Mapping[str, tuple[str, ...]]
    """Each code and its ancestors, up to the top."""

    @property
    def width(self) -> int:
        """How many columns the matrix of weights has."""
        return len(self.column_levels)

    @classmethod
    def of(cls, hierarchy: Hierarchy) -> "Classifiers":
        """The layout of a hierarchy; the same each time."""
        codes = tuple(
            sorted({each for leaf in hierarchy.leaves for each in hierarchy.lineage(leaf)})
        )
        place = {code: number for number, code in enumerate(codes)}
        children: dict[str, list[str]] = {}
        for code in codes:
            children.setdefault(hierarchy.codes[code].parent, []).append(code)
        top = Group("", tuple(children[""]), 0, 0)
        groups, subtrees = [top], []
        start = len(top.children) + 1
        for code in top.children:
            inside, below = _below(code, children, place, start)
            width = sum(len(group.children) for group in inside)
            starts = np.asarray([group.start - start for group in inside], np.int64)
            sizes = [len(group.children) for group in inside]
            group_of = np.repeat(np.arange(len(inside)), sizes)
            subtrees.append(Subtree(start, width, starts, group_of, below))
            groups += inside
            start += width
        levels = np.zeros(start, np.int64)
        for group in groups:
            levels[group.columns] = group.level
        number = {leaf: place for place, leaf in enumerate(hierarchy.leaves)}
        return cls(
            codes,
            np.asarray([place[code] for code in top.children], np.int64),
            tuple(subtrees),
            tuple(groups),
            np.asarray([number.get(code, -1) for code in codes], np.int64),
            np.asarray([len(hierarchy.lineage(code)) - 1 for code in codes], np.int64),
            levels,
            {code: hierarchy.lineage(code) for code in codes},
        )


def _below(
    top: str, children: dict[str, list[str]], place: dict[str, int], start: int
) -> tuple[list[Group], tuple[SubtreeLevel, ...]]:
    groups: list[Group] = []
    levels = []
    width, level, above = 0, 0, [top]
    columns: list[tuple[list[str], list[int], list[int]]] = []
    while any(parent in children for parent in above):
        level += 1
        nodes, parents, own = list[str](), list[int](), list[int]()
        for number, parent in enumerate(above):
            below = children[parent]
            nodes += below
            parents += [number] * len(below)
            if len(below) == 1:
                own.append(-1)
                continue
            groups.append(Group(parent, tuple(below), start + width, level))
            own += range(width, width + len(below))
            width += len(below)
        columns.append((nodes, parents, own))
        above = nodes
    for nodes, parents, own in columns:
        levels.append(
            SubtreeLevel(
                np.asarray([place[node] for node in nodes], np.int64),
                np.asarray(parents, np.int64),
                np.asarray([width if column < 0 else column for column in own], np.int64),
            )
        )
    return groups, tuple(levels)


def softmax(scores: Floats) -> Floats:
    """Scores as probabilities, row by row, without overflow."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    summed: Floats = powers / powers.sum(axis=1, keepdims=True)
    return summed


def in_scope(odds: Floats, signs: Floats, weights: ScopeWeights) -> Floats:
    """Records x top codes: their probabilities, where the signs count too.

    `odds` are records x (top codes, "none of them") by the classifier alone. Every sum is of one
    record's numbers, in one order: its answer does not depend on who is beside it.
    """
    sure: Floats = np.float32(1) / (np.float32(1) + np.exp(-_log_odds(odds, signs, weights)))
    inside = odds[:, :-1]
    scale: Floats = sure / np.maximum(inside.sum(axis=1), FAINTEST)
    return inside * scale[:, None]


def verdict(odds: Floats) -> Floats:
    """The logarithm of the odds that each record has a code, by the top's classifier."""
    inside = np.maximum(odds[:, :-1].sum(axis=1), FAINTEST)
    found: Floats = np.log(inside / np.maximum(odds[:, -1], FAINTEST))
    return found


def _log_odds(odds: Floats, signs: Floats, weights: ScopeWeights) -> Floats:
    always, of_verdict, *of_signs = map(np.float32, weights)
    found = verdict(odds) * of_verdict + always
    for place, weight in enumerate(of_signs):
        found = found + signs[:, place] * weight
    return found
