"""Known words found for a whole block at once, without an object for a word.

Words are compared as numbers of 64 bits: the first holds up to eight bytes of a word; where a word
is longer, the number that these led to and its next five bytes are the next. Nothing is told by a
hash alone, so no word is ever taken for another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coding_service.coder.text.features import Integers

NUMBER_BITS = 24  # of a word's number inside a key
ABSENT = (1 << NUMBER_BITS) - 1  # the number of what is not in a table
FIRST_BYTES = 8  # of a word, in its first key
NEXT_BYTES = 5  # of a word in each key after that, beside a number
ROOM = 2  # slots for a key, at least: few keys want the same
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: Knuth's multiplicative hashing
_MASKS = np.asarray([(1 << 8 * length) - 1 for length in range(FIRST_BYTES + 1)], np.uint64)
_BEFORE, _BEHIND = b" ", b" " * FIRST_BYTES
_SPACE = ord(" ")

Keys = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.uint32]


class NumberTable:
    """Numbers by keys of 64 bits that are not 0, many looked up at once (open addressing)."""

    def __init__(self, keys: Keys, numbers: Numbers) -> None:
        """No key comes twice."""
        bits = max(1, (ROOM * len(keys) - 1).bit_length())
        self._shift = np.uint64(64 - bits)
        self._last = (1 << bits) - 1
        self._keys: Keys = np.zeros(1 << bits, np.uint64)
        self._numbers: Numbers = np.full(1 << bits, ABSENT, np.uint32)
        slots = self._slots(keys)
        while len(keys):
            taken, first = np.unique(slots, return_index=True)
            first = first[self._keys[taken] == 0]
            self._keys[slots[first]], self._numbers[slots[first]] = keys[first], numbers[first]
            waiting = np.ones(len(keys), np.bool_)
            waiting[first] = False
            keys, numbers = keys[waiting], numbers[waiting]
            slots = (slots[waiting] + 1) & self._last

    def find(self, keys: Keys) -> Numbers:
        """The number of each key, `ABSENT` for none."""
        slots = self._slots(keys)
        numbers, there = self._numbers[slots], self._keys[slots]
        waiting = np.flatnonzero((there != keys) & (there != 0))
        while len(waiting):
            slots[waiting] = here = (slots[waiting] + 1) & self._last
            numbers[waiting], there = self._numbers[here], self._keys[here]
            waiting = waiting[(there != keys[waiting]) & (there != 0)]
        return numbers

    def _slots(self, keys: Keys) -> Integers:
        return ((keys * _SPREAD) >> self._shift).view(np.int64)


@dataclass(frozen=True, slots=True)
class CutBlock:
    """Where the words of a block are. What is between them are spaces."""

    block: bytes
    """The block, with spaces around it."""
    starts: Integers
    """Where each word begins."""
    lengths: Integers
    """How many bytes it has."""

    @classmethod
    def of(cls, block: bytes) -> "CutBlock":
        """Cut at spaces."""
        padded = _BEFORE + block + _BEHIND
        inside = np.frombuffer(padded, np.uint8) != _SPACE
        edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
        return cls(padded, edges[0::2], edges[1::2] - edges[0::2])

    def words(self, places: Integers) -> list[bytes]:
        """Some of the words."""
        starts, ends = self.starts[places], self.starts[places] + self.lengths[places]
        return [self.block[s:e] for s, e in zip(starts.tolist(), ends.tolist(), strict=True)]

    def bytes_at(self, places: Integers | slice, first: int, most: int) -> Keys:
        """Up to `most` bytes of some words from their byte `first` on, which they all have."""
        every = np.ndarray(
            (len(self.block) - FIRST_BYTES + 1,), "<u8", buffer=self.block, strides=(1,)
        )
        masks = _MASKS[: most + 1].take(self.lengths[places] - first, mode="clip")
        found: Keys = every[self.starts[places] + first] & masks
        return found


class WordTable:
    """The numbers of words that are known from the start.

    None is added later, so that no text can be written that makes looking up its words slow.
    """

    def __init__(self, words: Sequence[bytes], numbers: Sequence[int]) -> None:
        """Each word once, none empty or with a space in it.

        Raises `ValueError` where numbers, and those of beginnings after them, reach `ABSENT`.
        """
        self._end = max(numbers, default=0) + 1
        """Numbers from here on belong to beginnings of words that are no words themselves."""
        lengths = np.asarray(list(map(len, words)), np.int64)
        starts = np.cumsum(lengths) - lengths
        cut = CutBlock(b"".join(words) + _BEHIND, starts, lengths)
        self._tables: list[NumberTable] = []
        own, inner, places = np.asarray(numbers, np.uint32), self._end, np.arange(len(words))
        keys, read = cut.bytes_at(places, 0, FIRST_BYTES), FIRST_BYTES
        while len(places) or not self._tables:
            ends = cut.lengths[places] <= read
            distinct, number_of = np.unique(keys, return_inverse=True)
            found = np.full(len(distinct), ABSENT, np.uint32)
            found[number_of[ends]] = own[places[ends]]
            beginnings = np.flatnonzero(found == ABSENT)
            found[beginnings] = inner + np.arange(len(beginnings))
            inner += len(beginnings)
            if inner > ABSENT:
                raise ValueError(f"{len(words):,} words are too many for {NUMBER_BITS} bits")
            self._tables.append(NumberTable(distinct, found))
            places, above = places[~ends], found[number_of[~ends]]
            keys = _next_keys(above, cut.bytes_at(places, read, NEXT_BYTES))
            read += NEXT_BYTES

    def find(self, cut: CutBlock) -> tuple[Numbers, Integers]:
        """The number of each word of a block, and the places of those that have none."""
        first, *others = self._tables
        numbers = first.find(cut.bytes_at(slice(None), 0, FIRST_BYTES))
        places, read = np.flatnonzero(cut.lengths > FIRST_BYTES), FIRST_BYTES
        for table in others:
            if not len(places):
                break
            above = numbers[places]
            numbers[places] = table.find(_next_keys(above, cut.bytes_at(places, read, NEXT_BYTES)))
            read += NEXT_BYTES
            places = places[cut.lengths[places] > read]
        numbers[places] = ABSENT
        return numbers, np.flatnonzero(numbers >= self._end)


def _next_keys(above: Numbers, pieces: Keys) -> Keys:
    return (pieces << np.uint64(NUMBER_BITS)) | above
