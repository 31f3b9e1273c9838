"""Records that are not coded as they stand: with nothing to code, or with several occupations.

Few are, and the others pay for no more than a look at the terms of their titles, and for separators
in all of them at once.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field

import numpy as np

from coding_service.coder.linear.exact_titles import ExactTitles
from coding_service.coder.model_files import Vocabulary
from coding_service.coder.text.encode import Encoded
from coding_service.coder.text.features import Integers
from coding_service.coder.text.nothing import NothingToCode
from coding_service.coder.text.phrases import Phrases
from coding_service.coder.text.several import Separators
from coding_service.coder.text.vocabulary import WHOLE, Lexicon

ENDS_TITLES = 0.5  # of the titles with a word it must end so many, to be what a person is
"""On the shipped topic "nurse", "driver" and "owner" do in 62 to 76 %, "sales", "school" and "care"
in 15 to 23 %."""

Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Occupations:
    """What may be the occupations in one record."""

    records: list[Texts]
    """A record for each, or for the main one alone."""
    certain: bool
    """Whether it is likely by how they are divided."""


@dataclass(slots=True)
class Readings:
    """The records of a batch that are to be read otherwise, by their places."""

    nothing: list[int] = field(default_factory=list)
    """Those that hold nothing to code."""
    untitled: dict[int, Texts] = field(default_factory=dict)
    """Those of which only the title holds nothing: their texts without it."""
    several: dict[int, Occupations] = field(default_factory=dict)
    """Those that may name several occupations."""


class RecordReader:
    """Reads records with what a model knows of a topic's language."""

    def __init__(
        self,
        phrases: Phrases,
        nothing: NothingToCode,
        exact: ExactTitles,
        lexicon: Lexicon,
        title_ends: Set[str],
    ) -> None:
        """`title_ends` are the words in which a title may end, as `title_ends` finds them."""
        self._nothing = nothing
        self._exact = exact
        self._lexicon = lexicon
        self._separators = Separators(phrases, title_ends)

    def readings(self, texts: Sequence[str], encoded: Encoded) -> Readings:
        """What is to be read otherwise of a batch.

        `texts` are the fields of each record one after the other, `encoded` is the same in numbers.
        """
        found = Readings()
        fields = len(encoded.bags)
        for row, is_known in self._with_known(self._may_hold_nothing(encoded), encoded):
            title, *others = texts[row * fields : (row + 1) * fields]
            if is_known or not self._nothing.is_all_of(title):
                continue
            if all(map(self._nothing.is_all_of, others)):
                found.nothing.append(row)
            else:
                found.untitled[row] = ("", *others)
        for row, is_known in self._with_known(self._separators.rows(texts[::fields]), encoded):
            title, *others = texts[row * fields : (row + 1) * fields]
            parts = None if is_known else self._separators.occupations(title)
            if parts is not None and row not in found.untitled:
                records = [(part, *others) for part in parts.texts]
                found.several[row] = Occupations(records, certain=not parts.by_comma)
        return found

    def _with_known(self, rows: Integers, encoded: Encoded) -> Iterator[tuple[int, bool]]:
        """Each of some records, and whether its title is known to stand for one code."""
        known = self._exact.leaves(encoded.titles[rows]) >= 0
        return zip(rows.tolist(), known.tolist(), strict=True)

    def _may_hold_nothing(self, encoded: Encoded) -> Integers:
        """The records whose title, or all of whose fields, may hold nothing by their terms."""
        title, *others = encoded.bags
        idle = self._lexicon.idle
        filled = np.flatnonzero(title.lengths)
        found = title.lengths == 0
        if len(filled):
            found[filled] = np.logical_and.reduceat(idle[title.terms], title.starts[filled])
        for bag in others:
            # An empty title is one more to code from the rest, unless there is no rest.
            untitled = np.flatnonzero(found & (title.lengths == 0) & (bag.lengths > 0))
            found[untitled] = idle[bag.terms[bag.starts[untitled]]]
        return np.flatnonzero(found)


def title_ends(vocabulary: Vocabulary) -> frozenset[str]:
    """The words that end most of the examples' titles in which they stand."""
    return frozenset(
        word.decode()
        for word, share in zip(vocabulary.words, vocabulary.heads.tolist(), strict=True)
        if share >= ENDS_TITLES * WHOLE
    )
