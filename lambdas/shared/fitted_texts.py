"""Texts made to fit what a service takes: in printable ASCII, and cut at words."""

import unicodedata
from collections.abc import Sequence

_ONE_SPACE = " "
# Signs and letters that Unicode does not take apart, as they are typed where they are missing.
_AS_TYPED = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u02bc\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        "\u00df": "ss",
        "\u00e6": "ae",
        "\u00c6": "AE",
        "\u0153": "oe",
        "\u0152": "OE",
        "\u00f8": "o",
        "\u00d8": "O",
        "\u0142": "l",
        "\u0141": "L",
        "\u0111": "d",
    }
)


def printable_ascii(text: str) -> str:
    """The text in printable ASCII: letters without their accents, a space for what has no letter.

    It may be longer than it was: an ellipsis becomes three dots.
    """
    if text.isascii() and text.isprintable():
        return text
    taken_apart = unicodedata.normalize("NFKD", text.translate(_AS_TYPED))
    letters = (each for each in taken_apart if not unicodedata.combining(each))
    plain = "".join(e if e.isascii() and e.isprintable() else _ONE_SPACE for e in letters)
    return _ONE_SPACE.join(plain.split())


def shortened(texts: Sequence[str], most: int) -> tuple[str, ...]:
    """The texts with at most so many characters together, cut at words, the last text first."""
    kept = list(texts)
    excess = sum(map(len, kept)) - most
    for place in reversed(range(len(kept))):
        if excess <= 0:
            break
        text = kept[place]
        kept[place] = _beginning(text, max(0, len(text) - excess))
        excess -= len(text) - len(kept[place])
    return tuple(kept)


def _beginning(text: str, most: int) -> str:
    """The first words of `text`, at most so many characters; within a word where that is long."""
    if len(text) <= most:
        return text
    end = text.rfind(_ONE_SPACE, 0, most + 1)
    return text[: end if end > most // 2 else most].rstrip(" ,;")
