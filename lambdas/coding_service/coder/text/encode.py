"""A batch of records as numbers: which terms each has, in which field, and how long it is.

A term counts once in a record, in the field with the highest weight that has it, so that
repeating a word asserts nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coding_service.coder.text.features import Floats, Integers
from coding_service.coder.text.normalise import tokens
from coding_service.coder.text.vocabulary import NOTHING, NUMBER_BITS, TEXT_END, Hashes, Lexicon

SMALL_BITS = 32  # keys of so many bits are sorted faster

Keys = npt.NDArray[np.uint32] | npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Bag:
    """The terms of one field of many records."""

    terms: Integers
    """The terms of the first record, then of the second, and so on."""
    starts: Integers
    """Where in `terms` each record begins."""
    lengths: Integers
    """How many terms each record has."""
    weight: float
    """The weight of the field."""

    def of(self, records: Integers) -> "Bag":
        """The bag of some of the records."""
        return Bag(self.terms, self.starts[records], self.lengths[records], self.weight)

    def put(self, records: Integers, others: "Bag") -> "Bag":
        """The bag with others in the place of some of the records."""
        starts, lengths = self.starts.copy(), self.lengths.copy()
        starts[records], lengths[records] = others.starts + len(self.terms), others.lengths
        return Bag(np.concatenate([self.terms, others.terms]), starts, lengths, self.weight)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A batch of records."""

    bags: tuple[Bag, ...]
    """One bag for each field, that with the highest weight first."""
    lengths: Floats
    """The length of each record's vector, unknown words included; 1 for an empty record."""
    titles: Hashes
    """A hash of the words in each record's first field in any order; 0 for none."""

    def put(self, records: Integers, others: "Encoded") -> "Encoded":
        """With others in the place of some of the records."""
        lengths, titles = self.lengths.copy(), self.titles.copy()
        lengths[records], titles[records] = others.lengths, others.titles
        bags = [one.put(records, other) for one, other in zip(self.bags, others.bags, strict=True)]
        return Encoded(tuple(bags), lengths, titles)

    def of(self, records: Integers) -> "Encoded":
        """Some of the records."""
        return Encoded(
            tuple(bag.of(records) for bag in self.bags),
            self.lengths[records],
            self.titles[records],
        )


@dataclass(frozen=True, slots=True)
class Stream:
    """The words of a batch in order, without those that are passed over."""

    numbers: Integers
    """The numbers of the words, `TEXT_END` after each text."""
    text_of: Integers
    """The place of each word's text in the batch."""

    @classmethod
    def of(cls, texts: Sequence[str], lexicon: Lexicon) -> "Stream":
        """The words of texts. Raises `LexiconFullError`."""
        found = tokens(texts)
        numbers = np.fromiter(map(lexicon.__getitem__, found), np.int64, len(found))
        numbers = numbers[numbers != NOTHING]
        ends = numbers == TEXT_END
        return cls(numbers, np.cumsum(ends) - ends)

    def pairs(self, fields: int) -> tuple[Integers, Integers]:
        """The pairs in the first of each record's fields, as (record, key of the pair)."""
        first = np.flatnonzero((self.text_of % fields == 0) & (self.numbers != TEXT_END))
        keys = (self.numbers[first] << NUMBER_BITS) | self.numbers[first + 1]
        return self.text_of[first] // fields, keys


def encode(
    texts: Sequence[str], weights: Sequence[float], lexicon: Lexicon, pair_keys: Integers
) -> Encoded:
    """Records as numbers.

    `texts` are each field of the first record, then of the second, and so on; `weights` are those
    of the fields, the highest first; `pair_keys` are the keys of the known pairs, sorted. Raises
    `LexiconFullError` if there are more unseen words than the lexicon has room for.
    """
    fields = len(weights)
    stream = Stream.of(texts, lexicon)
    layout = _Layout.of(len(texts) // fields, len(lexicon.squares), fields)
    inside = stream.numbers != TEXT_END
    record, field = np.divmod(stream.text_of[inside], fields)
    keys = layout.keys(record, stream.numbers[inside], field)
    if len(pair_keys):
        paired, pairs = stream.pairs(fields)
        places = np.minimum(np.searchsorted(pair_keys, pairs), len(pair_keys) - 1)
        known = pair_keys[places] == pairs
        numbers = places[known] + lexicon.first_pair
        keys = np.concatenate([keys, layout.keys(paired[known], numbers, np.int64(0))])
    keys.sort()
    # The first of equal ones is that of the weightiest field.
    once = np.flatnonzero(np.diff(keys >> layout.field_bits, prepend=keys.dtype.type(NOTHING)))
    return _encoded(layout, keys[once], weights, lexicon)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Record, term and field in one number, small enough to sort fast."""

    records: int
    """How many records there are."""
    number_bits: int
    field_bits: int

    @classmethod
    def of(cls, records: int, numbers: int, fields: int) -> "_Layout":
        return cls(records, (numbers - 1).bit_length(), (fields - 1).bit_length())

    def keys(self, record: Integers, number: Integers, field: Integers | np.int64) -> Keys:
        keys = (((record << self.number_bits) | number) << self.field_bits) | field
        bits = (self.records - 1).bit_length() + self.number_bits + self.field_bits
        small: Keys = keys.astype(np.uint32) if bits <= SMALL_BITS else keys.astype(np.uint64)
        return small

    def parts(self, keys: Keys) -> tuple[Integers, Integers, Integers]:
        """Record, term and field of each key."""
        wide = keys.astype(np.int64)
        numbers = (wide >> self.field_bits) & ((1 << self.number_bits) - 1)
        fields = wide & ((1 << self.field_bits) - 1)
        return wide >> (self.field_bits + self.number_bits), numbers, fields


def _encoded(layout: _Layout, keys: Keys, weights: Sequence[float], lexicon: Lexicon) -> Encoded:
    records = layout.records
    squares = np.zeros(records)
    bags = []
    titles: Hashes = np.zeros(records, np.uint64)
    owner, terms, field = layout.parts(keys)
    _order_unseen(owner, terms, field, lexicon)
    for place, weight in enumerate(weights):
        here = field == place
        own, record = terms[here], owner[here]
        lengths = np.bincount(record, minlength=records)
        starts = np.cumsum(lengths) - lengths
        squares += weight**2 * np.bincount(record, lexicon.squares[own], records)
        bags.append(Bag(own, starts, lengths, weight))
        if place == 0 and len(own):
            filled = lengths > 0
            titles[filled] = np.add.reduceat(lexicon.hashes[own], starts[filled])
    norms = np.sqrt(squares).astype(np.float32)
    norms[norms == 0] = 1.0
    return Encoded(tuple(bags), norms, titles)


def _order_unseen(owner: Integers, terms: Integers, field: Integers, lexicon: Lexicon) -> None:
    """Put each record's unseen words in an order of their own, in place.

    Their numbers tell which was met first, by any record; sums of floating point numbers depend on
    the order, and a record's answer is not to depend on what was coded before it.
    """
    unseen = np.flatnonzero(terms >= lexicon.first_unseen)
    order = unseen[np.lexsort((lexicon.hashes[terms[unseen]], owner[unseen]))]
    terms[unseen], field[unseen] = terms[order], field[order]
