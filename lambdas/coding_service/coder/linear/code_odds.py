"""How likely each code of the tree is for each record, for all codes or for those below some."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from coding_service.coder.linear.classifiers import Classifiers, in_scope, softmax
from coding_service.coder.linear.exact_titles import ExactTitles
from coding_service.coder.linear.score_tables import ScoreTables, TermColumns
from coding_service.coder.model_card import ScopeWeights
from coding_service.coder.text.encode import Encoded
from coding_service.coder.text.features import Floats, Integers
from coding_service.coder.text.signs import ScopeSigns

MOST_ODDS = 1 << 23  # records x codes that are computed at once, to bound the memory; ours


@dataclass(frozen=True, slots=True)
class Children:
    """The children of one code of each of some records, as many for each."""

    rows: Integers
    """The records."""
    codes: Integers
    """Rows x children: places in `Classifiers.codes`, -1 for none."""
    odds: Floats
    """The probability of each without regard to exact titles."""
    mixed: Floats
    """The probability of each."""

    def likely(self, least: Floats) -> tuple[Integers, Integers, Floats, Floats]:
        """Those that are as likely as `least` says of each record: records, codes, odds, mixed."""
        row, column = np.nonzero(self.mixed >= least[self.rows, None])
        codes = self.codes[row, column]
        if codes.min(initial=0) < 0:  # where `least` is 0, places without a code are as likely
            row, column, codes = (each[codes >= 0] for each in (row, column, codes))
        return self.rows[row], codes, self.odds[row, column], self.mixed[row, column]


@dataclass(frozen=True, slots=True)
class CodeOdds:
    """Computes the probabilities of codes."""

    classifiers: Classifiers
    tables: ScoreTables
    exact: ExactTitles
    signs: ScopeSigns
    scope: ScopeWeights | None
    """None where the top's classifier alone says how likely a record is to have a code."""

    def top(self, records: Encoded, columns: TermColumns, titles: Integers) -> Children:
        """The top codes of all records.

        `titles` is the leaf that each record's title stands for, -1 for none. A row of odds sums to
        what "none of them" leaves of 1.
        """
        tops = self.classifiers.tops
        odds = softmax(self.tables.all_scores(0, columns)[:, 0, : len(tops) + 1])
        if self.scope is None:
            odds = odds[:, :-1]
        else:
            odds = in_scope(odds, self.signs.of(records), self.scope)
        codes = np.broadcast_to(tops, odds.shape)
        return Children(np.arange(len(odds)), codes, odds, self.exact.mix(odds, codes, titles, 0))

    def below(
        self, codes: Integers, rows: Integers, odds: Floats, columns: TermColumns, titles: Integers
    ) -> Iterator[Children]:
        """The children of one code, all of one level, of each of some records.

        `odds` is the probability of the code without regard to exact titles.
        """
        banks = self.classifiers.bank_of[codes]
        for number in np.unique(banks).tolist():
            here = np.flatnonzero(banks == number)
            row, code, found = rows[here], codes[here], odds[here, None]
            if number < 0:
                children = self.classifiers.only_child[code, None]
            else:
                classifiers = self.classifiers.row_of[code]
                children = self.classifiers.banks[number].children[classifiers]
                scores = self.tables.scores(number, columns, row, classifiers)
                found = softmax(scores) * found
            level = self.classifiers.depths[code[0]] + 1
            mixed = self.exact.mix(found, children, titles[row], level)
            yield Children(row, children, found, mixed)

    @property
    def most_records(self) -> int:
        """Of how many records all codes are computed at once."""
        return max(1, MOST_ODDS // len(self.classifiers.codes))

    def all_codes(self, records: Encoded) -> Floats:
        """Records x codes of all levels, every classifier asked."""
        every, most = np.arange(len(records.lengths)), self.most_records
        found = [
            self._all_codes(records.of(every[first : first + most]))
            for first in range(0, max(1, len(every)), most)
        ]
        return found[0] if len(found) == 1 else np.concatenate(found)

    def _all_codes(self, records: Encoded) -> Floats:
        titles = self.exact.leaves(records.titles)
        columns = TermColumns.of(records, np.arange(len(titles)))
        banks = range(1, len(self.classifiers.banks))
        shares = (softmax(self.tables.all_scores(bank, columns)) for bank in banks)
        top = self.top(records, columns, titles).odds
        odds = self.classifiers.probabilities(top, shares)
        self.exact.mix_all(odds, titles)
        return odds
