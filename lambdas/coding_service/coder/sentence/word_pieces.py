"""Texts as numbers of word pieces, as BERT reads them (Devlin et al., 2018; Wu et al., 2016).

A word that the vocabulary lacks is cut, from its beginning, into the longest pieces that it has;
a piece that does not begin a word stands there behind `##`.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

MOST_PIECES = 128  # of one text, its two marks among them; ours: 300 characters are some 70
LONGEST_WORD = 100  # characters; a longer one is unknown (the original's limit)
BEGIN, END, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
INSIDE = "##"
NOTHING = frozenset({"Cc", "Cf", "Co", "Cs"})  # Unicode's categories of what is not written
WORDS_KEPT = 50_000  # whose pieces are remembered; ours: some 10 MB

# Ideographs are words by themselves: the blocks "CJK Unified Ideographs", their extensions and
# "CJK Compatibility Ideographs" (Unicode 6, as the original lists them).
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


@dataclass(frozen=True)
class WordPieces:
    """A vocabulary, and the cutting of texts by it."""

    numbers: dict[str, int]
    """The number of each piece: its line in `vocab.txt`."""
    lower_case: bool
    """Whether texts are read in small letters and without accents."""
    most: int = MOST_PIECES
    """Pieces of one text, the two marks among them."""
    _known: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls, vocabulary: Sequence[str], *, lower_case: bool, most: int = MOST_PIECES
    ) -> "WordPieces":
        """From the pieces in the order of their numbers.

        Raises `KeyError` if a mark is missing, `ValueError` if a piece stands there twice.
        """
        numbers = {piece: number for number, piece in enumerate(vocabulary)}
        if len(numbers) < len(vocabulary):
            raise ValueError("a piece stands twice in the vocabulary")
        for mark in (BEGIN, END, UNKNOWN):
            numbers[mark]
        return cls(numbers, lower_case, most)

    def of_text(self, text: str) -> tuple[int, ...]:
        """The numbers of a text's pieces between the two marks, `most` at most."""
        found: list[int] = [self.numbers[BEGIN]]
        for word in _words(text, lower_case=self.lower_case):
            found += self._of_word(word)
            if len(found) >= self.most:
                break
        return (*found[: self.most - 1], self.numbers[END])

    def _of_word(self, word: str) -> tuple[int, ...]:
        pieces = self._known.get(word)
        if pieces is None:
            if len(self._known) >= WORDS_KEPT:
                self._known.clear()
            pieces = self._known[word] = self._cut(word)
        return pieces

    def _cut(self, word: str) -> tuple[int, ...]:
        unknown = (self.numbers[UNKNOWN],)
        if len(word) > LONGEST_WORD:
            return unknown
        found: list[int] = []
        start = 0
        while start < len(word):
            before = INSIDE if start else ""
            for end in range(len(word), start, -1):
                number = self.numbers.get(before + word[start:end])
                if number is not None:
                    break
            else:
                return unknown
            found.append(number)
            start = end
        return tuple(found)


def _words(text: str, *, lower_case: bool) -> Iterator[str]:
    """Words and marks of punctuation, each by itself."""
    if lower_case:
        decomposed = unicodedata.normalize("NFD", text)
        text = "".join(each for each in decomposed if unicodedata.category(each) != "Mn").lower()
    spaced: list[str] = []
    for each in text:
        if each.isalnum() and each.isascii():
            spaced.append(each)
        elif each.isspace():
            spaced.append(" ")
        elif _is_nothing(each):
            continue
        elif _stands_alone(each):
            spaced.append(f" {each} ")
        else:
            spaced.append(each)
    yield from "".join(spaced).split()


def _is_nothing(character: str) -> bool:
    # U+FFFD stands for what could not be read.
    return character == "\ufffd" or unicodedata.category(character) in NOTHING


def _stands_alone(character: str) -> bool:
    point = ord(character)
    if point < 0x80:  # noqa: PLR2004 - all signs of ASCII, also those that Unicode calls symbols
        return not character.isalnum()
    if unicodedata.category(character).startswith("P"):
        return True
    return any(first <= point <= last for first, last in _IDEOGRAPHS)
