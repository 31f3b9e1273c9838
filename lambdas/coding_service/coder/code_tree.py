"""A classification's tree of codes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from coding_service.coder.text.features import Floats


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a classification."""

    code: str
    label: str
    parent: str
    """The code one level up; "" at the top."""


@dataclass(frozen=True)
class Hierarchy:
    """All codes of a topic, every level of them."""

    lengths: tuple[int, ...]
    """The characters of a code at each level, from the top down, e.g. (1, 2, 3, 4, 6)."""
    codes: Mapping[str, Code]
    """Every code, by code; each parent is among them."""

    @classmethod
    def of(cls, lengths: Sequence[int], codes: Sequence[Code]) -> "Hierarchy":
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
    def levels(self) -> "tuple[Level, ...]":
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


@dataclass(frozen=True, slots=True)
class Level:
    """The codes of one level, and the leaves x codes matrix that sums leaves into them."""

    codes: tuple[Code, ...]
    gathers: Floats
