"""Codes for records as they are to be read: as they stand, as nothing, or as several occupations.

A record of several occupations is as likely to have a code as its occupations are on average: no
more than half where there are two, unless both lie below the code.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from coding_service.coder.choose_code import (
    HALF,
    CodeChoices,
    chosen_by,
    leaves_of,
)
from coding_service.coder.linear.code_odds import CodeOdds
from coding_service.coder.linear.search_codes import choose
from coding_service.coder.readings import Occupations, Readings, RecordReader, Texts
from coding_service.coder.text.encode import Encoded
from coding_service.coder.text.features import Flags, Floats, Integers

NONE = -1  # the place of no code


@dataclass(frozen=True, slots=True)
class RecordChooser:
    """Chooses the codes of records, and computes the probabilities of all codes."""

    reader: RecordReader
    code_odds: CodeOdds
    encode: Callable[[Sequence[str]], Encoded]
    """Records as numbers; what it gave before is of no use afterwards."""

    def choose(self, texts: Sequence[str], threshold: float) -> CodeChoices:
        """The deepest code of each record that reaches the threshold, or else suggestions.

        `texts` are the fields of each record one after the other. A record with nothing to code has
        neither.
        """
        records, readings = self._read(texts)
        chosen = choose(self.code_odds, records, threshold)
        if readings.nothing:
            chosen.put(readings.nothing, CodeChoices.none(len(readings.nothing)))
        for rows, odds in self._several(readings.several, chosen.node, threshold):
            chosen.put(rows, chosen_by(self.code_odds.classifiers, odds, threshold))
        return chosen

    def probabilities(self, texts: Sequence[str], threshold: float) -> tuple[Floats, Flags]:
        """Records x leaves, and which records are not read as they stand.

        `choose` with this threshold would choose by the probabilities.
        """
        records, readings = self._read(texts)
        odds = self.code_odds.all_codes(records)
        whole = np.full(len(odds), NONE)
        rows = list(readings.several)
        whole[rows] = chosen_by(self.code_odds.classifiers, odds[rows], threshold).node
        odds[readings.nothing] = 0
        otherwise = np.zeros(len(odds), np.bool_)
        otherwise[[*readings.nothing, *readings.untitled]] = True
        for some, means in self._several(readings.several, whole, threshold):
            odds[some], otherwise[some] = means, True
        return leaves_of(self.code_odds.classifiers, odds), otherwise

    def _read(self, texts: Sequence[str]) -> tuple[Encoded, Readings]:
        """The records without titles that hold nothing, and what else is to be read otherwise."""
        encoded = self.encode(texts)
        readings = self.reader.readings(texts, encoded)
        if readings.untitled:
            # They have no word that is new, so that the numbers of all others stay as they are.
            less = self._encoded(readings.untitled.values())
            encoded = encoded.put(np.asarray(list(readings.untitled)), less)
        return encoded, readings

    def _several(
        self, several: Mapping[int, Occupations], whole: Integers, threshold: float
    ) -> Iterator[tuple[list[int], Floats]]:
        """Records that do name several occupations, and the mean probabilities of the codes.

        `whole` are the codes that all records would have as they stand.
        """
        most, every = self.code_odds.most_records, list(several)
        for first in range(0, len(every), most):
            rows = every[first : first + most]
            if means := self._means({row: several[row] for row in rows}, whole, threshold):
                yield list(means), np.stack(list(means.values()))

    def _means(
        self, several: Mapping[int, Occupations], whole: Integers, threshold: float
    ) -> dict[int, Floats]:
        parts = self._encoded(record for each in several.values() for record in each.records)
        odds = self.code_odds.all_codes(parts)
        nodes = chosen_by(self.code_odds.classifiers, odds, threshold).node.tolist()
        means, first = dict[int, Floats](), 0
        for row, each in several.items():
            end = first + len(each.records)
            own = odds[first:end]
            apart = self._likely(own) if each.certain else self._unrelated(nodes[first:end])
            if apart and not _is_one(own, int(whole[row])):
                means[row] = own.sum(axis=0) / np.float32(len(own))
            first = end
        return means

    def _likely(self, parts: Floats) -> bool:
        """Whether each of several parts is more likely than not to be of one top code."""
        tops = self.code_odds.classifiers.tops
        return bool((parts[:, tops].max(axis=1) >= HALF).all())

    def _unrelated(self, nodes: Sequence[int]) -> bool:
        """Whether the codes of parts are known, and none is, or lies above, another."""
        codes, lineages = self.code_odds.classifiers.codes, self.code_odds.classifiers.lineages
        known = [codes[node] for node in nodes if node != NONE]
        pairs = permutations(known, 2)
        return len(known) == len(nodes) and not any(one in lineages[other] for one, other in pairs)

    def _encoded(self, records: Iterable[Texts]) -> Encoded:
        return self.encode([text for record in records for text in record])


def _is_one(parts: Floats, whole: int) -> bool:
    """Whether a text is one occupation that is called by all of its parts.

    "sales and marketing manager" is: it has a code that none of the parts leads to.
    """
    return whole != NONE and len(parts) > 1 and bool(parts[:, whole].max() < HALF)
