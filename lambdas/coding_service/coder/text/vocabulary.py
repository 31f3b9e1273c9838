"""The numbers of words: those that a model was taught, and for a while those it meets."""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from coding_service.coder.text.features import Flags, Floats
from coding_service.coder.text.normalise import END, FUNCTION_WORDS
from coding_service.coder.text.word_table import CutBlock, Numbers, WordTable

NOTHING, TEXT_END, FIRST_WORD = 0, 1, 2  # numbers of: a word to pass over, a text's end, words
WHOLE = 255  # of a share that is kept as a byte
Hashes = npt.NDArray[np.uint64]
Shares = npt.NDArray[np.uint8]


class LexiconFullError(Exception):
    """No number is left for another unseen word; `Lexicon.forget` makes room."""


class Lexicon(dict[bytes, int]):
    """Word to number. A word that is not in it gets the next free number when it is asked for.

    `known` are the words that have rows in the model, numbered from `FIRST_WORD` on; the `pairs`
    numbers after them belong to pairs of words. `weights` say how much each known word and then
    each pair counts in a record, `unseen_weight` the same for a word that is not known. It can
    remember `room` unseen words.
    """

    def __init__(
        self,
        known: Sequence[bytes],
        *,
        pairs: int,
        weights: Floats,
        unseen_weight: float,
        room: int,
        is_idle: Callable[[bytes], bool] | None = None,
    ) -> None:
        super().__init__({word: FIRST_WORD + place for place, word in enumerate(known)})
        self.update((word.encode(), NOTHING) for word in FUNCTION_WORDS)
        self[END] = TEXT_END
        self._table = WordTable(list(self), list(self.values()))
        self.first_pair = FIRST_WORD + len(known)
        self.first_unseen = self.first_pair + pairs
        self.unseen: list[bytes] = []
        self._room = room
        size = self.first_unseen + room
        self.squares = np.zeros(size, np.float32)
        """The squared weight of every number."""
        self.squares[FIRST_WORD : self.first_unseen] = weights**2
        self.squares[self.first_unseen :] = unseen_weight**2
        self.hashes: Hashes = np.zeros(size, np.uint64)
        """A hash of every word by number, which makes titles comparable."""
        self.hashes[FIRST_WORD : self.first_pair] = [_hash(word) for word in known]
        self._is_idle = is_idle
        self.idle: Flags = np.zeros(size, np.bool_)
        """What `is_idle` says, by number; pairs are, as they come beside their words."""
        if is_idle:
            self.idle[FIRST_WORD : self.first_pair] = list(map(is_idle, known))
        self.idle[self.first_pair : self.first_unseen] = True

    def __missing__(self, word: bytes) -> int:
        """The number of a word that was never seen before. Raises `LexiconFullError`."""
        if len(self.unseen) == self._room:
            raise LexiconFullError
        number = self[word] = self.first_unseen + len(self.unseen)
        self.hashes[number] = _hash(word)
        self.idle[number] = bool(self._is_idle and self._is_idle(word))
        self.unseen.append(word)
        return number

    def numbers(self, block: bytes) -> Numbers:
        """The numbers of all words of a block with spaces between them.

        Raises `LexiconFullError`.
        """
        cut = CutBlock.of(block)
        numbers, unknown = self._table.find(cut)
        if len(unknown):
            numbers[unknown] = list(map(self.__getitem__, cut.words(unknown)))
        return numbers

    def forget(self) -> None:
        """Forgets every unseen word."""
        for word in self.unseen:
            del self[word]
        self.unseen.clear()


def _hash(word: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(word, digest_size=8).digest(), "big")
