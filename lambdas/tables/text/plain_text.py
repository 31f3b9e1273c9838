"""What a cell says, as the plain text that a service is asked about."""

import re
from collections.abc import Iterable
from itertools import product
from unicodedata import normalize

from tables.rows import Cell
from tables.text.cell_text import cell_text

NULL_WORDS = ("null", "none", "nan", "n/a", "#n/a", "<na>")
"""A cell of one of them, in any case, is an empty one: programs write them where nothing is, and
as words they change the code."""

_NULLS = frozenset(
    "".join(letters)
    for word in NULL_WORDS
    for letters in product(*({letter, letter.upper()} for letter in word))
)
_LEFT_OUT = re.compile("[\0\u200b\u2060\ufeff]+")  # nothing for the eye, and no joiner of letters
_CONTROL = re.compile("[\x01-\x1f\x7f-\x9f]+")
_HALF = re.compile("[\ud800-\udfff]")  # of a character beyond U+FFFF, alone
_ONE_SPACE = " "
_PRINTABLE_ASCII = bytes(range(ord(" "), ord("~") + 1))


class NotOneText(ValueError):
    """The cell holds something that is no text; says what."""


def plain_texts(cells: list[Cell]) -> list[str]:
    """Each cell's text, on one line without space around it. Raises `NotOneText`."""
    return on_one_line(exact_texts(cells))


def on_one_line(texts: list[str]) -> list[str]:
    """The texts, on one line each without space around them; the list may be the same.

    A column is looked at as a whole: of most, nothing has to be changed.
    """
    joined = _ONE_SPACE.join(filter(None, texts))
    if not _is_printable(joined):
        texts = [_ONE_SPACE.join(text.split()) for text in texts]
        texts = [text if text.isprintable() else _cleaned(text) for text in texts]
    elif joined.rfind("  ") >= 0 or joined.startswith(_ONE_SPACE) or joined.endswith(_ONE_SPACE):
        texts = _without_spaces(texts)
    if nulls := _NULLS.intersection(texts):
        texts = texts.copy()
        for null in nulls:
            for place in places_of(null, texts):
                texts[place] = ""
    return texts


def places_of(wanted: str, texts: list[str]) -> list[int]:
    """Where `wanted` stands among the texts, found without a look of Python's at each."""
    places: list[int] = []
    place = -1
    try:
        while True:
            place = texts.index(wanted, place + 1)
            places.append(place)
    except ValueError:
        return places


def exact_texts(cells: list[Cell]) -> list[str]:
    """Each cell's text as it stands there; the list may be the same. Raises `NotOneText`."""
    if set(map(type, cells)) <= {str}:
        return cells  # type: ignore[return-value]
    return [cell if type(cell) is str else _text_of(cell) for cell in cells]


def encodable(texts: list[str]) -> list[str]:
    """The texts without what makes JSON invalid or is lost in other programs: NUL, and halves of
    characters."""
    joined = "".join(texts)
    if "\0" not in joined and (joined.isascii() or not _HALF.search(joined)):
        return texts
    return [_HALF.sub("\ufffd", text.replace("\0", "")) for text in texts]


def joined_texts(columns: Iterable[list[str]]) -> list[str]:
    """The texts of several columns as one, row by row; empty ones leave no comma."""
    return [", ".join(filter(None, texts)) for texts in zip(*columns, strict=True)]


def alike(text: str) -> str:
    """What texts that count as one have in common: they differ in case, white space, or in how
    Unicode writes their letters (NFKC) alone."""
    if not text.isascii():
        # Once more: folding case may undo it (Unicode Standard, 3.13, "NFKC_Casefold").
        text = normalize("NFKC", normalize("NFKC", text).casefold())
    return _ONE_SPACE.join(text.casefold().split())


def _is_printable(text: str) -> bool:
    """As `str.isprintable`, which looks up each character: in a fifth of its time (measured)."""
    others = text.encode("utf-8", "surrogatepass").translate(None, _PRINTABLE_ASCII)
    return others.decode("utf-8", "surrogatepass").isprintable()


def _without_spaces(texts: list[str]) -> list[str]:
    """The texts, which are printable, without the spaces around and between words that are too
    many."""
    joined = "\n".join(texts)
    while "  " in joined:
        joined = joined.replace("  ", " ")
    joined = joined.replace(" \n", "\n").replace("\n ", "\n")
    return joined.strip(_ONE_SPACE).split("\n")


def _cleaned(text: str) -> str:
    text = _CONTROL.sub(_ONE_SPACE, _LEFT_OUT.sub("", text))
    return _ONE_SPACE.join(_HALF.sub("\ufffd", text).split())


def _text_of(cell: Cell) -> str:
    if isinstance(cell, list):
        raise NotOneText("a list")
    if isinstance(cell, dict):
        raise NotOneText("an object")
    return str(cell_text(cell))  # of a `str` that is more than one, the text alone
