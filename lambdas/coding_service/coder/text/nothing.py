"""Which texts hold nothing to code: no word, digits, a foreign script, "n/a", "retired".

Such a text is one that has nothing else in it: "retired teacher" still says teacher.
"""

from collections.abc import Iterable, Sequence

from coding_service.coder.text.normalise import words
from coding_service.coder.text.scripts import LATIN, scripts_of


class NothingToCode:
    """Tells the texts that hold nothing to code by a topic's phrases and its script."""

    def __init__(self, phrases: Iterable[str], known: Sequence[bytes]) -> None:
        """`phrases` are answers that hold nothing; `known` are the words of the topic's examples,
        whose scripts are those that its texts are read in."""
        self._scripts = scripts_of(map(bytes.decode, known))
        self._phrases = {tuple(self._left(words(phrase))) for phrase in phrases} - {()}
        self._words = {word for phrase in self._phrases for word in phrase}
        self._longest = max(map(len, self._phrases), default=0)

    def may_hold(self, word: bytes) -> bool:
        """Whether a text that holds nothing to code may hold this word."""
        text = word.decode()
        return text in self._words or self._says_nothing(text)

    def is_all_of(self, text: str) -> bool:
        """Whether a text has nothing to code: it may be empty, or several phrases in a row."""
        left = self._left(words(text))
        if not all(word in self._words for word in left):
            return False
        # The places up to which the words are phrases from end to end.
        reached = {0}
        for end in range(1, len(left) + 1):
            starts = range(max(0, end - self._longest), end)
            if any(at in reached and tuple(left[at:end]) in self._phrases for at in starts):
                reached.add(end)
        return len(left) in reached

    def _left(self, found: Iterable[str]) -> list[str]:
        return [word for word in found if not self._says_nothing(word)]

    def _says_nothing(self, word: str) -> bool:
        if word.isalpha() and word.isascii() and LATIN in self._scripts:
            return False  # most words
        return not scripts_of([word]) & self._scripts
