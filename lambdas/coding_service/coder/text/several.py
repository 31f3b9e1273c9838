"""Texts that may name several occupations, cut where one ends and the next begins.

"nurse and truck driver" does, "wood and metal machinist" and "store manager, Kmart" do not. What
tells them apart without knowing any language: an occupation ends in a word in which titles of the
topic's examples end, as "machinist" and "nurse" are and "wood" and "Kmart" are not.
"""

import re
import unicodedata
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

from coding_service.coder.text.features import Integers
from coding_service.coder.text.normalise import FUNCTION_WORDS, clean, fold
from coding_service.coder.text.phrases import Phrases, pattern_of
from coding_service.coder.text.scripts import words_in

COMMAS = ",\u3001\uff0c"  # Chinese and Japanese have some of their own
MARKS = "/|;&+\u30fb\uff1b\uff0f\uff06\uff0b"
MOST_PARTS = 4  # a longer list is of tasks or places
REMEMBERED_TEXTS = 16_384  # with a separator, and what was made of each


@dataclass(frozen=True, slots=True)
class TextParts:
    """The parts of a text that may be an occupation each."""

    texts: tuple[str, ...]
    """In order, without words that say how much each is; where one is the main one, it alone."""
    by_comma: bool
    """Whether nothing but commas divides them: behind these mostly stands where somebody works."""


class Separators:
    """Finds texts in which several occupations may stand, and cuts them."""

    def __init__(self, phrases: Phrases, title_ends: Set[str]) -> None:
        """`title_ends` are the words in which a title may end."""
        self._title_ends = title_ends
        self._cut, self._cut_by_comma = (
            pattern_of(phrases.between, or_any_of=MARKS),
            re.compile(f"[{COMMAS}]"),
        )
        self._mainly, self._besides = pattern_of(phrases.mainly), pattern_of(phrases.besides)
        self._either = pattern_of([*phrases.mainly, *phrases.besides])
        self._remembered: dict[str, TextParts | None] = {}
        self._wanted = [*COMMAS, *MARKS]
        self._wanted += [
            f" {each}" for each in sorted(set().union(*map(_spellings, phrases.between)))
        ]

    def rows(self, texts: Sequence[str]) -> Integers:
        """The places of the texts that may have a separator, found in all of them at once."""
        block = "\0".join(texts)
        lowered = block.lower()
        if len(lowered) != len(block):  # as there is a letter with two for its lower case
            texts = [text.lower() for text in texts]
            lowered = "\0".join(texts)
        lowered = lowered.replace("\t", " ").replace("\n", " ")
        found = list[int]()
        for wanted in self._wanted:
            at = lowered.find(wanted)
            while at >= 0:
                found.append(at)
                at = lowered.find(wanted, at + 1)
        ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)
        return np.unique(np.searchsorted(ends, np.asarray(found, np.int64), side="right"))

    def occupations(self, text: str) -> TextParts | None:
        """What of a text may be an occupation each; None where it does not name several."""
        if text not in self._remembered:
            if len(self._remembered) == REMEMBERED_TEXTS:
                self._remembered.clear()
            self._remembered[text] = self._occupations(text)
        return self._remembered[text]

    def _occupations(self, text: str) -> TextParts | None:
        cleaned = clean(text)
        for cut, by_comma in ((self._cut, False), (self._cut_by_comma, True)):
            pieces = cut.split(cleaned)
            parts = self._parts(pieces) if len(pieces) > 1 else []
            if 1 < len(parts) <= MOST_PARTS:
                main = self._main_of(parts)
                texts = [self._either.sub(" ", part) for part in main or parts]
                return TextParts(tuple(texts), by_comma and not main)
        return None

    def _parts(self, pieces: Sequence[str]) -> list[str]:
        parts = list[str]()
        begun = ""
        for piece in pieces:
            begun = f"{begun} {piece}".strip()
            found = words_in(self._either.sub(" ", piece))
            last = next((word for word in reversed(found) if word not in FUNCTION_WORDS), None)
            if last is None:
                continue
            if last in self._title_ends:
                parts.append(begun)
            elif parts:
                # What ends in no such word says more of the occupation before it.
                parts[-1] = f"{parts[-1]} {begun}"
            else:
                continue
            begun = ""
        return parts

    def _main_of(self, parts: list[str]) -> list[str]:
        main = [part for part in parts if self._mainly.search(part)]
        if len(main) == 1:
            return main
        first, *others = parts
        aside = self._besides.search(first) is None and all(map(self._besides.search, others))
        return [first] if aside else []


def _spellings(phrase: str) -> set[str]:
    """How a phrase may stand in a text that is in small letters, and no further folded."""
    small = " ".join(phrase.lower().split())
    return {fold(phrase), *(unicodedata.normalize(form, small) for form in ("NFC", "NFD"))}
