"""From what people write to words that can be compared."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Mapping

# They carry no occupation. "it" is absent on purpose: in a title it is the industry.
_FUNCTION_WORDS = """
a am an and are as at be been by for from i im in into is me my of on or our that the their
them these they this to up we who with you your
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())

_DOTTED_LETTERS = re.compile(r"(?<=\b\w)\.(?=\w\b)")
_APOSTROPHES = re.compile(r"['\u2018\u2019\u02bc`]")
_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """The text in one case, without accents and compatibility forms, single-spaced.

    Any string is accepted, lone surrogates and control characters included.
    """
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(each for each in decomposed if not unicodedata.combining(each))
    return " ".join(text.casefold().split())


def words(text: str) -> list[str]:
    """The words of a text in order, folded, function words left out.

    "R.N." is one word, so is "driver's"; a hyphen and a slash divide.
    """
    joined = _DOTTED_LETTERS.sub("", _APOSTROPHES.sub("", fold(text)))
    return [word for word in _WORD.findall(joined) if word not in FUNCTION_WORDS]


def terms(record: Mapping[str, str], field_weights: Mapping[str, float]) -> dict[str, float]:
    """The words and pairs of neighbouring words of a record, each with its field's weight.

    A term that stands in several fields counts once, at the highest weight, so that repeating
    a word asserts nothing. A pair is its two words with a space between; a word has no space.
    A field that the record lacks is an empty one.
    """
    found: dict[str, float] = {}
    for field, weight in field_weights.items():
        field_words = words(record.get(field) or "")
        pairs = [f"{first} {second}" for first, second in itertools.pairwise(field_words)]
        for term in (*field_words, *pairs):
            found[term] = max(weight, found.get(term, 0.0))
    return found
