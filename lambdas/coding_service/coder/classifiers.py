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
from coding_service.coder.text.features import Floats, Integers

STEEPEST = 60.0  # scores are cut off here, so that no exponential leaves the range of a float32


@dataclass(frozen=True, slots=True)
class Group:
    """The children of one code, which a classifier tells apart.

    :param parent: the code above them; "" for the top.
    :param children: the codes, sorted.
    :param start: column of the first of them.
    :param level: 0 where the children are top codes.
    """

    parent: str
    children: tuple[str, ...]
    start: int
    level: int

    @property
    def columns(self) -> slice:
        """Their columns; the top's has one more, for "none of them"."""
        return slice(self.start, self.start + len(self.children) + (self.level == 0))


@dataclass(frozen=True, slots=True)
class SubtreeLevel:
    """The codes of one level in a subtree.

    :param nodes: their places in `Classifiers.codes`.
    :param parents: place of each one's parent among the nodes of the level above.
    :param columns: each one's column in the subtree; the subtree's width for an only child.
    """

    nodes: Integers
    parents: Integers
    columns: Integers


@dataclass(frozen=True, slots=True)
class Subtree:
    """All that hangs below one top code.

    :param start: its first column among all.
    :param width: how many columns it has.
    :param starts: where in it each classifier's columns begin.
    :param group_of: the number of the classifier of each column.
    :param levels: its levels, from the one below the top code down.
    """

    start: int
    width: int
    starts: Integers
    group_of: Integers
    levels: tuple[SubtreeLevel, ...]

    def probabilities(self, scores: Floats, above: Floats) -> list[Floats]:
        """Records x nodes of each level, the top code's own first.

        :param scores: records x width, divided by their temperatures.
        :param above: probability of the top code for each record.
        """
        odds = np.ones((len(scores), self.width + 1), np.float32)
        powers = np.exp(np.clip(scores, -STEEPEST, STEEPEST))
        if self.width:
            sums = np.add.reduceat(powers, self.starts, axis=1)
            np.divide(powers, sums[:, self.group_of], out=odds[:, : self.width])
        levels = [above[:, None]]
        for level in self.levels:
            levels.append(levels[-1][:, level.parents] * odds[:, level.columns])
        return levels


@dataclass(frozen=True, slots=True)
class Classifiers:
    """A code tree laid out for computing.

    :param codes: every code that has a leaf below it, or is one, sorted.
    :param tops: the top codes' places in `codes`.
    :param subtrees: one for each top code.
    :param groups: every classifier, the top's first.
    :param leaf_of: for each place in `codes` the number of the leaf, or -1.
    :param column_levels: the level of each column.
    :param lineages: each code and its ancestors, up to the top.
    """

    codes: tuple[str, ...]
    tops: Integers
    subtrees: tuple[Subtree, ...]
    groups: tuple[Group, ...]
    leaf_of: Integers
    column_levels: Integers
    lineages: Mapping[str, tuple[str, ...]]

    @property
    def width(self) -> int:
        """Of the matrix of weights."""
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
