"""The classifiers in a code tree, and how their answers multiply down a path.

Every code with two or more children has a classifier of its own that tells these apart; so has
the top, which also knows "none of them". Their columns stand side by side in one matrix of
weights: the top's first, then, subtree by subtree, those of all classifiers below each top code.
A code that is its parent's only child needs no classifier: it is as probable as its parent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from coding_service.coder.code_tree import Hierarchy
from coding_service.coder.model_card import ScopeWeights
from coding_service.coder.text.features import Floats, Integers

TINY = np.float32(1e-6)  # less counts as this where a logarithm is taken, or is divided by


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
    def width(self) -> int:
        """How many columns it has: the top's has one more, for "none of them"."""
        return len(self.children) + (self.level == 0)

    @property
    def columns(self) -> slice:
        """The children's columns."""
        return slice(self.start, self.start + self.width)


@dataclass(frozen=True, slots=True)
class Bank:
    """Classifiers of about as many codes, padded to one width to be computed together."""

    columns: Integers
    """Classifiers x width: the column of each child; `Classifiers.width` where there is none."""
    children: Integers
    """Classifiers x width: the children's places in `Classifiers.codes`; -1 where there is none,
    and for "none of them"."""


@dataclass(frozen=True, slots=True)
class Classifiers:
    """A code tree laid out for computing."""

    codes: tuple[str, ...]
    """Every code that has a leaf below it, or is one, sorted."""
    tops: Integers
    """The top codes' places in `codes`."""
    groups: tuple[Group, ...]
    """Every classifier, the top's first."""
    banks: tuple[Bank, ...]
    """The top's classifier by itself, then all others by their widths."""
    bank_of: Integers
    """For each place in `codes` the bank of the classifier of its children, or -1."""
    row_of: Integers
    """For each place in `codes` that classifier's place in its bank."""
    only_child: Integers
    """For each place in `codes` that of its only child, or -1."""
    parents: Integers
    """For each place in `codes` that of the code above, or -1."""
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
        every = {code for leaf in hierarchy.leaves for code in hierarchy.lineage(leaf)}
        codes = tuple(sorted(every))
        lineages = {code: hierarchy.lineage(code) for code in codes}
        place = {code: number for number, code in enumerate(codes)}
        children: dict[str, list[str]] = {}
        for code in codes:
            children.setdefault(hierarchy.codes[code].parent, []).append(code)
        groups = _groups(children)
        width = groups[-1].columns.stop
        levels = np.zeros(width, np.int64)
        for group in groups:
            levels[group.columns] = group.level
        number = {leaf: place for place, leaf in enumerate(hierarchy.leaves)}
        only = [children.get(code, []) for code in codes]
        banks, bank_of, row_of = _banks(groups, place, width)
        return cls(
            codes,
            np.asarray([place[code] for code in children[""]], np.int64),
            groups,
            banks,
            bank_of,
            row_of,
            np.asarray([place[each[0]] if len(each) == 1 else -1 for each in only], np.int64),
            np.asarray([place.get(hierarchy.codes[code].parent, -1) for code in codes], np.int64),
            np.asarray([number.get(code, -1) for code in codes], np.int64),
            np.asarray([len(lineages[code]) - 1 for code in codes], np.int64),
            levels,
            lineages,
        )

    def probabilities(self, top: Floats, shares: Iterable[Floats]) -> Floats:
        """Records x codes: what the classifiers say, multiplied down every path.

        `top` are records x top codes, `shares`, for each bank but the first, records x classifiers
        x width: the share that each child has of its parent's probability.
        """
        odds = np.ones((len(top), len(self.codes)), np.float32)
        odds[:, self.tops] = top
        for bank, share in zip(self.banks[1:], shares, strict=True):
            filled = bank.children >= 0
            odds[:, bank.children[filled]] = share[:, filled]
        for depth in range(1, self.depths.max() + 1):
            nodes = np.flatnonzero(self.depths == depth)
            odds[:, nodes] *= odds[:, self.parents[nodes]]
        return odds


def _groups(children: Mapping[str, Sequence[str]]) -> tuple[Group, ...]:
    """The top's classifier, then top code by top code those below it, level by level."""
    groups = [Group("", tuple(children[""]), 0, 0)]
    for top in children[""]:
        level, above = 1, [top]
        while below := [child for parent in above for child in children.get(parent, ())]:
            for parent in above:
                if len(children[parent]) > 1:
                    start = groups[-1].columns.stop
                    groups.append(Group(parent, tuple(children[parent]), start, level))
            level, above = level + 1, below
    return tuple(groups)


def _banks(
    groups: Sequence[Group], place: Mapping[str, int], width: int
) -> tuple[tuple[Bank, ...], Integers, Integers]:
    """The banks, and for each code the bank and the place in it of the classifier below."""
    alike: dict[int, list[Group]] = {}
    for group in groups[1:]:
        alike.setdefault(1 << (len(group.children) - 1).bit_length(), []).append(group)
    bank_of, row_of = np.full((2, len(place)), -1)
    banks = list[Bank]()
    for together in (groups[:1], *(alike[each] for each in sorted(alike))):
        size = 1 << max(group.width - 1 for group in together).bit_length()
        columns = np.full((len(together), size), width)
        children = np.full((len(together), size), -1)
        for row, group in enumerate(together):
            columns[row, : group.width] = np.arange(group.start, group.start + group.width)
            children[row, : len(group.children)] = [place[code] for code in group.children]
            if group.parent:
                bank_of[place[group.parent]], row_of[place[group.parent]] = len(banks), row
        banks.append(Bank(columns, children))
    return tuple(banks), bank_of, row_of


def softmax(scores: Floats) -> Floats:
    """Scores as probabilities along the last axis, without overflow."""
    powers: Floats = np.exp(scores - scores.max(axis=-1, keepdims=True))
    powers /= powers.sum(axis=-1, keepdims=True)
    return powers


def in_scope(odds: Floats, signs: Floats, weights: ScopeWeights) -> Floats:
    """Records x top codes: their probabilities, where the signs count too.

    `odds` are records x (top codes, "none of them") by the classifier alone. Every sum is of one
    record's numbers, in one order: its answer does not depend on who is beside it.
    """
    sure: Floats = np.float32(1) / (np.float32(1) + np.exp(-_log_odds(odds, signs, weights)))
    inside = odds[:, :-1]
    scale: Floats = sure / np.maximum(inside.sum(axis=1), TINY)
    return inside * scale[:, None]


def verdict(odds: Floats) -> Floats:
    """The logarithm of the odds that each record has a code, by the top's classifier."""
    inside = np.maximum(odds[:, :-1].sum(axis=1), TINY)
    found: Floats = np.log(inside / np.maximum(odds[:, -1], TINY))
    return found


def _log_odds(odds: Floats, signs: Floats, weights: ScopeWeights) -> Floats:
    always, of_verdict, *of_signs = map(np.float32, weights)
    found = verdict(odds) * of_verdict + always
    for place, weight in enumerate(of_signs):
        found = found + signs[:, place] * weight
    return found
