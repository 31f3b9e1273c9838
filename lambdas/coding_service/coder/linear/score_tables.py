"""The rows of terms: what each adds to the scores of every code, ready to be summed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coding_service.coder.linear.classifiers import Classifiers
from coding_service.coder.text.encode import Bag, Encoded
from coding_service.coder.text.features import Floats, Integers, Letters
from coding_service.coder.text.vocabulary import FIRST_WORD

MOST = 127  # of a byte with a sign
LEARNED_WORDS = 256  # whose rows are computed at once
SUMMED_ROWS = 256  # of bytes, whose sums 16 bits are sure to hold
CACHED_NUMBERS = 1 << 17  # that are summed at once; more of them leave the processor's cache


@dataclass(frozen=True, slots=True)
class Bytes:
    """A matrix of which each number is a byte times the step of its column."""

    bytes: npt.NDArray[np.int8]
    """Rows x columns."""
    steps: Floats
    """One for each column."""

    @classmethod
    def of(cls, numbers: Floats) -> "Bytes":
        """The nearest to a matrix of numbers."""
        most = np.abs(numbers).max(axis=0, initial=0.0)
        steps = np.where(most > 0, most / MOST, 1.0).astype(np.float32)
        return cls(np.rint(numbers / steps).astype(np.int8), steps)


@dataclass(frozen=True, slots=True)
class Weights:
    """What training found out, as a model's directory holds it."""

    rows: Bytes
    """(words, then pairs) x columns: the whole of each term, its letters folded in."""
    letters: Bytes
    """Runs of letters x columns, for words that have no row."""
    prior: Floats
    """The score of each column before a word is read."""


@dataclass(frozen=True, slots=True)
class BagColumns:
    """The terms of one field: the first ones of all records, then the second ones, and so on.

    The records with the most terms stand first, so that those that have so many always do.
    """

    terms: Sequence[Integers]
    """At each place, the term of each record that has so many, column by column."""
    counts: Integers
    """How many records these are."""
    column_of: npt.NDArray[np.unsignedinteger]
    """The column of each record that has one, in as few bits as will do: fewer sort faster."""
    weight: np.float32
    """The weight of the field."""

    @classmethod
    def of(cls, bag: Bag, rows: Integers) -> "BagColumns":
        """The layout of some records of a bag."""
        fewer = -bag.lengths[rows]
        few_bits = fewer.astype(np.min_scalar_type(fewer.min(initial=-1)))
        rows = rows[np.argsort(few_bits, kind="stable")]
        column_of = np.zeros(len(bag.lengths), np.min_scalar_type(len(rows)))
        column_of[rows] = np.arange(len(rows))
        starts, lengths = bag.starts[rows], bag.lengths[rows]
        counts = np.searchsorted(-lengths, -np.arange(lengths.max(initial=0)), side="left")
        terms = [bag.terms[starts[:count] + place] for place, count in enumerate(counts.tolist())]
        return cls(terms, counts, column_of, np.float32(bag.weight))


@dataclass(frozen=True, slots=True)
class TermColumns:
    """A batch of records, laid out for sums over their terms."""

    bags: tuple[BagColumns, ...]
    lengths: Floats
    """The length of each record's vector."""

    @classmethod
    def of(cls, records: Encoded, rows: Integers) -> "TermColumns":
        """The layout of some records of a batch: of these alone sums can be asked."""
        return cls(tuple(BagColumns.of(bag, rows) for bag in records.bags), records.lengths)


class ScoreTables:
    """The rows of each bank of classifiers by themselves, so that few numbers are read.

    Rows stay bytes, whose sums are whole numbers and so the same in any order; the steps come
    after, with the temperatures in them.
    """

    def __init__(
        self,
        classifiers: Classifiers,
        weights: Weights,
        temperatures: Sequence[float],
        *,
        room: int,
    ) -> None:
        """There are rows for `room` unseen words."""
        self._letters, self._steps = weights.letters, weights.rows.steps
        self._first_unseen = FIRST_WORD + len(weights.rows.bytes)
        levels = np.asarray(temperatures, np.float32)[classifiers.column_levels]
        sharpness: Floats = np.reciprocal(levels)
        # What has no column gets some other's numbers, and is impossible whatever these are.
        steps = np.append(self._steps * sharpness, np.float32(0))
        prior = np.append(weights.prior * sharpness, np.float32(-np.inf))
        self._banks: list[_Bank] = []
        for bank in classifiers.banks:
            table = np.zeros((self._first_unseen + room, *bank.columns.shape), np.int8)
            known = table[FIRST_WORD : self._first_unseen]
            weights.rows.bytes.take(bank.columns, axis=1, out=known, mode="clip")
            self._banks.append(_Bank(bank.columns, table, steps[bank.columns], prior[bank.columns]))

    def learn(self, words: Sequence[bytes], known: int, letters: Letters) -> None:
        """Compute the rows of unseen words.

        `words` are all of them in order, of which the first `known` have their rows.
        """
        for start in range(known, len(words), LEARNED_WORDS):
            some = words[start : start + LEARNED_WORDS]
            rows = np.zeros((len(some), len(self._steps)), np.float32)
            for row, word in zip(rows, some, strict=True):
                columns, values = letters.of(word)
                weighted = np.asarray(values, np.float32) * np.float32(letters.unseen_rarity)
                row[:] = weighted @ self._letters.bytes[columns] * self._letters.steps
            numbers = np.rint(np.clip(rows / self._steps, -MOST, MOST)).astype(np.int8)
            first = self._first_unseen + start
            for bank in self._banks:
                found = numbers.take(bank.columns, axis=1, mode="clip")
                bank.table[first : first + len(some)] = found

    def scores(
        self, bank: int, records: TermColumns, rows: Integers, classifiers: Integers
    ) -> Floats:
        """Rows x width: of some records, each by one classifier of a bank, by its place there."""
        found = self._banks[bank]
        count, width = found.steps.shape
        sums = _Rows(found.table.reshape(-1, width), count).sums(records, rows, classifiers)
        sums *= found.steps[classifiers]
        sums += found.prior[classifiers]
        return sums

    def all_scores(self, bank: int, records: TermColumns) -> Floats:
        """Records x classifiers x width, of a bank."""
        found = self._banks[bank]
        rows = np.arange(len(records.lengths))
        table = _Rows(found.table.reshape(len(found.table), -1), 1)
        sums = table.sums(records, rows, np.zeros_like(rows)).reshape(-1, *found.steps.shape)
        sums *= found.steps
        sums += found.prior
        return sums


@dataclass(frozen=True, slots=True)
class _Bank:
    columns: Integers
    """As `Bank` has them."""
    table: npt.NDArray[np.int8]
    """Terms x classifiers x width."""
    steps: Floats
    """Classifiers x width, divided by the temperatures."""
    prior: Floats
    """Classifiers x width, likewise."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of all terms: that of a term for one of `each` parts is term x each + part."""

    table: npt.NDArray[np.int8]
    """(Terms x parts) x numbers."""
    each: int
    """How many parts a term has a row for."""

    def sums(self, records: TermColumns, rows: Integers, parts: Integers) -> Floats:
        """Records x numbers: the weighted sums over the terms of some records, divided by the
        lengths of these.

        `parts` says for each record which part its terms' rows are of.
        """
        sums = np.zeros((len(rows), self.table.shape[1]), np.float32)
        most = max(1, CACHED_NUMBERS // self.table.shape[1])
        for first in range(0, len(rows), most):
            some = slice(first, first + most)
            for bag in records.bags:
                self._add(sums[some], bag, rows[some], parts[some])
        sums /= records.lengths[rows, None]
        return sums

    def _add(self, sums: Floats, bag: BagColumns, rows: Integers, parts: Integers) -> None:
        """Add the rows of one field's terms: the first ones of all records in one go, then the
        second ones of those that have so many, and so on.
        """
        order = np.argsort(bag.column_of[rows], kind="stable")
        columns, parts = bag.column_of[rows[order]].astype(np.int64), parts[order]
        counts = np.searchsorted(columns, bag.counts).tolist()
        added = np.zeros(sums.shape, np.float32)
        whole = np.zeros(sums.shape, np.int16)
        found, terms = np.empty(sums.shape, np.int8), np.empty_like(columns)
        for place, count in enumerate(counts):
            if not count:
                break
            here = terms[:count]
            # No number is out of bounds; "clip" is the mode that does not copy.
            bag.terms[place].take(columns[:count], out=here, mode="clip")
            if self.each > 1:
                here *= self.each
                here += parts[:count]
            self.table.take(here, axis=0, out=found[:count], mode="clip")
            whole[:count] += found[:count]
            if place % SUMMED_ROWS == SUMMED_ROWS - 1:
                added += whole
                whole[:] = 0
        added += whole
        added *= bag.weight
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        sums += added.take(back, axis=0, mode="clip")
