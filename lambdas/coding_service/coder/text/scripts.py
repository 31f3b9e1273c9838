"""Writing systems: which one a word is in, and which of them put no spaces between words."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

HAN, LATIN = "CJK", "LATIN"  # as Unicode's names of their characters begin
LONGEST_RUN = 3  # characters that count together where no space says where a word ends

# Han with its marks, kana, bopomofo, Thai, Lao, Myanmar, Khmer: letters and marks, no digits, no
# punctuation.
_WITHOUT_SPACES = (
    "\u2e80-\u2fd5\u3005-\u3007\u3021-\u3029\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003fffd\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ecd\u0edc-\u0edf"
    "\u1000-\u103f\u1050-\u108f\u109a-\u109d\u1780-\u17d3"
)
_WORD = re.compile(r"[^\W_]+")
_RUN = re.compile(rf"[{_WITHOUT_SPACES}]+")
_RUN_OR_WORD = re.compile(rf"[{_WITHOUT_SPACES}]+|(?:(?![{_WITHOUT_SPACES}])[^\W_])+")


def words_in(text: str) -> list[str]:
    """The words of a folded text in order.

    In a run of a script without spaces, every one, two and three neighbouring characters are one.
    """
    if text.isascii() or _RUN.search(text) is None:
        return _WORD.findall(text)
    found = list[str]()
    for run in _RUN_OR_WORD.findall(text):
        if _RUN.match(run):
            found += _neighbours(run)
        else:
            found.append(run)
    return found


def _neighbours(run: str) -> Iterator[str]:
    for start in range(len(run)):
        for length in range(1, min(LONGEST_RUN, len(run) - start) + 1):
            yield run[start : start + length]


@lru_cache(maxsize=4_096)
def script_of(character: str) -> str:
    """The first word of a letter's name in Unicode, such as LATIN; "" for what is no letter.

    Japanese is written in Han and kana together: these are one.
    """
    if not character.isalpha():
        return ""
    script = unicodedata.name(character, "").partition(" ")[0]
    return HAN if "KANA" in script or script in ("IDEOGRAPHIC", "BOPOMOFO") else script


def scripts_of(words: Iterable[str]) -> frozenset[str]:
    """The scripts of all letters in some words."""
    return frozenset(map(script_of, set().union(*map(set, words)))) - {""}
