"""A classification's tree of codes, and where in it an uncertain record may be placed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from coding_service.coder.sparse import Floats


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a classification.

    :param parent: the code one level up; "" at the top.
    """

    code: str
    label: str
    parent: str


@dataclass(frozen=True)
class Hierarchy:
    """All codes of a topic, every level of them.

    :param lengths: the characters of a code at each level, from the top down, e.g. (1, 2, 3, 4, 6).
    :param codes: every code, by code; each parent is among them.
    """

    lengths: tuple[int, ...]
    codes: Mapping[str, Code]

    @classmethod
    def of(cls, lengths: Sequence[int], codes: Sequence[Code]) -> Hierarchy:
        """From codes in any order."""
        return cls(
            tuple(lengths), {each.code: each for each in sorted(codes, key=lambda each: each.code)}
        )

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """The codes of the deepest level, sorted: the classes of a model."""
        return tuple(code for code in self.codes if len(code) == self.lengths[-1])

    def lineage(self, code: str) -> tuple[str, ...]:
        """The code and its ancestors, from the code up to the top."""
        line = [code]
        while parent := self.codes[line[-1]].parent:
            line.append(parent)
        return tuple(line)

    def covers(self, code: str, other: str) -> bool:
        """Whether `code` is `other` or one of its ancestors."""
        return code in self.lineage(other)

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """The levels from the deepest up, each with the way to sum leaf probabilities into it."""
        found = []
        for length in reversed(self.lengths):
            here = [code for code in self.codes if len(code) == length]
            place = {code: index for index, code in enumerate(here)}
            gathers = np.zeros((len(self.leaves), len(here)), np.float32)
            for row, leaf in enumerate(self.leaves):
                for ancestor in self.lineage(leaf):
                    if ancestor in place:
                        gathers[row, place[ancestor]] = 1.0
            found.append(Level(tuple(self.codes[code] for code in here), gathers))
        return tuple(found)

    def place(self, probabilities: Floats, threshold: float) -> Placement:
        """The deepest code of each record that reaches the threshold.

        :param probabilities: records x leaves.
        :param threshold: the least sum of probability that is asserted, 0 to 1.
        """
        records = len(probabilities)
        depth = np.full(records, -1, np.int64)
        best = np.zeros(records, np.int64)
        confidence = np.zeros(records, np.float32)
        for number, level in enumerate(self.levels):
            open_rows = np.flatnonzero(depth < 0)
            if not len(open_rows) or not level.codes:
                continue
            sums = probabilities[open_rows] @ level.gathers
            winners = sums.argmax(axis=1)
            reached = sums[np.arange(len(open_rows)), winners]
            sure = reached >= threshold
            depth[open_rows[sure]] = number
            best[open_rows[sure]] = winners[sure]
            confidence[open_rows[sure]] = np.minimum(reached[sure], 1.0)
        return Placement(depth, best, confidence)


@dataclass(frozen=True, slots=True)
class Level:
    """The codes of one level, and the leaves x codes matrix that sums leaves into them."""

    codes: tuple[Code, ...]
    gathers: Floats


@dataclass(frozen=True, slots=True)
class Placement:
    """Where each record was placed.

    :param depth: index into `Hierarchy.levels` (0 the deepest), -1 where none was sure enough.
    :param best: index into that level's codes.
    :param confidence: the probability of that code.
    """

    depth: npt.NDArray[np.int64]
    best: npt.NDArray[np.int64]
    confidence: Floats
