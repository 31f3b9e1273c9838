"""From what people write to words that can be compared."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from coding_service.coder.text.scripts import words_in

# They carry no occupation. "it" is absent on purpose: in a title it is the industry.
_FUNCTION_WORDS = """
a am an and are as at be been by for from i im in into is me my of on or our that the their
them these they this to up we who with you your
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())

END = b"\x1e"  # the token that ends a text in a block; no word holds it
_END = END.decode()
_BETWEEN = f" {_END} "

# The dot stands first so that the search leaps from one to the next.
_DOTTED_LETTERS = re.compile(r"\.(?<=\b\w\.)(?=\w\b)")
_DOTTED_LETTERS_IN_BYTES = re.compile(_DOTTED_LETTERS.pattern.encode())
_APOSTROPHES = "'`\u2018\u2019\u02bc"
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_WORD_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789" + END + bytes(range(128, 256)))
"""Of folded words; what is not ASCII comes from `words` and holds nothing else."""
_FOLDED = bytes(byte if byte in _WORD_BYTES else ord(" ") for byte in bytes(range(256)).lower())


def fold(text: str) -> str:
    """The text in one case, without accents and compatibility forms, single-spaced.

    Any string is accepted, lone surrogates and control characters included.
    """
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        marks = filter(unicodedata.combining, set(_NOT_ASCII.findall(decomposed)))
        text = _without(decomposed, marks)
    return " ".join(text.casefold().split())


def clean(text: str) -> str:
    """The folded text without apostrophes, and without the dots between single letters."""
    return _DOTTED_LETTERS.sub("", _without(fold(text), _APOSTROPHES))


def words(text: str) -> list[str]:
    """The words of a text in order, folded, function words left out.

    "R.N." is one word, so is "driver's"; a hyphen and a slash divide. Where a script has no spaces,
    as Chinese, Japanese and Thai, every one, two and three neighbouring characters are a word.
    """
    return [word for word in words_in(clean(text)) if word not in FUNCTION_WORDS]


def folded(texts: Sequence[str]) -> bytes:
    """The words of many texts in order, function words among them, `END` after each text.

    The same words as `words` finds, in UTF-8 and with spaces between them, at a fraction of the
    cost: the texts are cleaned as one block. A lone surrogate is no part of a word.
    """
    pieces, first = list[bytes](), 0
    usual = list(texts)
    # Texts whose words are ASCII go in pieces as large as can be.
    for place in [place for place, is_ascii in enumerate(map(str.isascii, texts)) if not is_ascii]:
        cleaned = clean(texts[place])
        if not words_in("".join(_NOT_ASCII.findall(cleaned))):
            usual[place] = _NOT_ASCII.sub(" ", cleaned)
            continue
        pieces += _of_ascii(usual[first:place])
        pieces.append(" ".join(words_in(cleaned)).encode())
        first = place + 1
    pieces += _of_ascii(usual[first:])
    # Each ends in what stands between two.
    block = _BETWEEN.encode().join([*pieces, b""])
    return _DOTTED_LETTERS_IN_BYTES.sub(b"", block).translate(_FOLDED)


def _of_ascii(texts: Sequence[str]) -> list[bytes]:
    """Texts as one piece without apostrophes; none where there is no text."""
    if not texts:
        return []
    piece = _BETWEEN.join(texts)
    if piece.count(_END) >= len(texts):
        piece = _BETWEEN.join([text.replace(_END, " ") for text in texts])
    return [_without(piece, "'`").encode()]


def _without(text: str, characters: Iterable[str]) -> str:
    for each in characters:
        text = text.replace(each, "")
    return text
