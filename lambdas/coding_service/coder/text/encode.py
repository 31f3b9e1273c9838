"""A batch of records as numbers: which terms each has, in which field, and how long it is.

A term counts once in a record, in the field with the highest weight that has it, so that
repeating a word asserts nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coding_service.coder.text.features import Floats, Integers
from coding_service.coder.text.normalise import folded
from coding_service.coder.text.vocabulary import FIRST_WORD, NOTHING, TEXT_END, Hashes, Lexicon
from coding_service.coder.text.word_table import NUMBER_BITS, Numbers

KEY_BITS = 32  # keys of so many are sorted the fastest
PIECE_RECORDS = 2_048  # encoded at once; what they need stays near the processor

Keys = npt.NDArray[np.uint32]


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

    @classmethod
    def joined(cls, bags: "Sequence[Bag]") -> "Bag":
        """The bag of the records of all bags, one after the other."""
        lengths = np.concatenate([bag.lengths for bag in bags])
        terms = np.concatenate([bag.terms for bag in bags])
        return cls(terms, np.cumsum(lengths) - lengths, lengths, bags[0].weight)

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

    @classmethod
    def joined(cls, pieces: "Sequence[Encoded]") -> "Encoded":
        """The records of all pieces, one after the other."""
        if len(pieces) == 1:
            return pieces[0]
        return cls(
            tuple(map(Bag.joined, zip(*(piece.bags for piece in pieces), strict=True))),
            np.concatenate([piece.lengths for piece in pieces]),
            np.concatenate([piece.titles for piece in pieces]),
        )

    def put(self, records: Integers, others: "Encoded") -> "Encoded":
        """With others in the place of some of the records."""
        lengths, titles = self.lengths.copy(), self.titles.copy()
        lengths[records], titles[records] = others.lengths, others.titles
        bags = [one.put(records, other) for one, other in zip(self.bags, others.bags, strict=True)]
        return Encoded(tuple(bags), lengths, titles)

    def of(self, records: Integers) -> "Encoded":
        """Some of the records."""
        bags = tuple(bag.of(records) for bag in self.bags)
        return Encoded(bags, self.lengths[records], self.titles[records])


@dataclass(frozen=True, slots=True)
class Stream:
    """The words of a batch in order."""

    numbers: Numbers
    """The numbers of the words, `NOTHING` among them, `TEXT_END` after each text."""
    lengths: Integers
    """How many numbers each text has, its end among them."""

    @classmethod
    def of(cls, texts: Sequence[str], lexicon: Lexicon) -> "Stream":
        """The words of texts. Raises `LexiconFullError`."""
        numbers = lexicon.numbers(folded(texts))
        return cls(numbers, np.diff(np.flatnonzero(numbers == TEXT_END), prepend=-1))

    def pairs(self, fields: int) -> tuple[Integers, Integers]:
        """The pairs in the first of each record's fields, as (record, key of the pair)."""
        is_first = np.arange(len(self.lengths)) % fields == 0
        first = self.numbers[np.repeat(is_first, self.lengths)]
        first = first[first != NOTHING].astype(np.int64)
        ends = first == TEXT_END
        left = np.flatnonzero(~ends)
        return np.cumsum(ends)[left], (first[left] << NUMBER_BITS) | first[left + 1]


def encode(
    texts: Sequence[str], weights: Sequence[float], lexicon: Lexicon, pair_keys: Integers
) -> Encoded:
    """Records as numbers.

    `texts` are each field of the first record, then of the second, and so on; `weights` are those
    of the fields, the highest first; `pair_keys` are the keys of the known pairs, sorted. Raises
    `LexiconFullError` if there are more unseen words than the lexicon has room for.
    """
    layout = _Layout.of(len(lexicon.squares), len(weights))
    step = layout.most_records * layout.fields
    pieces = []
    for first in range(0, max(1, len(texts)), step):
        stream = Stream.of(texts[first : first + step], lexicon)
        keys = layout.word_keys(stream)
        if len(pair_keys):
            record, pairs = stream.pairs(layout.fields)
            places = np.minimum(np.searchsorted(pair_keys, pairs), len(pair_keys) - 1)
            known = pair_keys[places] == pairs
            numbers = places[known] + lexicon.first_pair
            keys = np.concatenate([keys, layout.title_keys(record[known], numbers)])
        keys.sort()
        firsts = layout.firsts(len(stream.lengths) // layout.fields)
        pieces.append(_encoded(layout, layout.once(keys), firsts, weights, lexicon))
    return Encoded.joined(pieces)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Record, term and field in one number, small enough to sort fast."""

    fields: int
    """How many fields a record has, no more than 256."""
    field_bits: np.uint32
    term_bits: np.uint32
    """Those of a term's number and of the field."""

    @classmethod
    def of(cls, numbers: int, fields: int) -> "_Layout":
        field_bits = (fields - 1).bit_length()
        return cls(
            fields, np.uint32(field_bits), np.uint32(field_bits + (numbers - 1).bit_length())
        )

    @property
    def most_records(self) -> int:
        """How many records there may be at once."""
        return min(PIECE_RECORDS, 1 << (KEY_BITS - int(self.term_bits)))

    def firsts(self, records: int) -> Keys:
        """What the keys of each record begin with."""
        return np.arange(records, dtype=np.uint32) << self.term_bits

    def word_keys(self, stream: Stream) -> Keys:
        """Those of all words, of passed over ones and ends too."""
        records = self.firsts(len(stream.lengths) // self.fields)
        texts: Keys = np.add.outer(records, np.arange(self.fields, dtype=np.uint32)).ravel()
        return np.repeat(texts, stream.lengths) | (stream.numbers << self.field_bits)

    def title_keys(self, record: Integers, number: Integers) -> Keys:
        """Those of terms in the first field."""
        found = record.astype(np.uint32) << self.term_bits
        return found | (number.astype(np.uint32) << self.field_bits)

    def once(self, keys: Keys) -> Keys:
        """The keys of terms, each once in a record, of sorted ones.

        The first of equal ones is that of the weightiest field.
        """
        terms = keys >> self.field_bits
        is_new = np.diff(terms, prepend=np.uint32(NOTHING)) != 0
        once: Keys = keys[is_new & (self.terms(keys) >= FIRST_WORD)]
        return once

    def terms(self, keys: Keys) -> Numbers:
        """The term of each key."""
        return (keys & np.uint32((1 << int(self.term_bits)) - 1)) >> self.field_bits

    def in_field(self, keys: Keys, field: int) -> Keys:
        """Those of a field."""
        found: Keys = keys[keys & np.uint32((1 << int(self.field_bits)) - 1) == field]
        return found


def _encoded(
    layout: _Layout, keys: Keys, firsts: Keys, weights: Sequence[float], lexicon: Lexicon
) -> Encoded:
    squares = np.zeros(len(firsts))
    bags = []
    titles: Hashes = np.zeros(len(firsts), np.uint64)
    for place, weight in enumerate(weights):
        own = layout.in_field(keys, place)
        starts = np.searchsorted(own, firsts)
        lengths = np.diff(starts, append=len(own))
        terms = layout.terms(own).astype(np.int64)
        filled = np.flatnonzero(lengths)
        if len(filled):
            heads = starts[filled]
            # Exact, as these are few numbers of 24 bits: no order of adding changes a record.
            sums = np.add.reduceat(lexicon.squares[terms], heads, dtype=np.float64)
            squares[filled] += weight**2 * sums
            if place == 0:
                titles[filled] = np.add.reduceat(lexicon.hashes[terms], heads)
        bags.append(Bag(terms, starts, lengths, weight))
    norms = np.sqrt(squares).astype(np.float32)
    norms[norms == 0] = 1.0
    return Encoded(tuple(bags), norms, titles)
