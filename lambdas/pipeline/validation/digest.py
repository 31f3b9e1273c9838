"""A digest of a sequence of recordIds that can be taken in pieces.

What comes out is compared with what went in by the sequence of recordIds, over files of tens of
millions of lines, in functions that hand over to each other. So the ids, each with a newline
after it, are read as the digits of one long number to the base 256, and the digest is that number
modulo a prime. One small number is the whole state, so it resumes across invocations; two pieces
join by `first * 256**length + second`, so the parts of a file give the digest of the file; and a
block of ids costs a few operations of Python's integers, and no loop over the ids.

The prime is a safe one ((PRIME - 1) / 2 is prime too), so the powers of 256 repeat only after
2^119 of them. A change that lies within 14 bytes is therefore seen for certain, and so are two ids
of the same length up to 14 bytes that changed places, and a line lost or doubled, by the count;
anything else goes unseen once in 10^36. It shows mistakes, not forgeries: the prime is no secret.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

PRIME = (1 << 120) - 8417  # the greatest safe prime below 2^120, which is four of CPython's digits
BASE = 256
HALVINGS = [
    (bits, pow(2, bits, PRIME), (1 << bits) - 1) for bits in (1 << n for n in range(18, 9, -1))
]
"""Lengths in bits at which a number is cut, what the cut is worth modulo PRIME, and a mask."""
FORM = "mod120"  # names the construction in manifests; change it when the construction changes


@dataclass(frozen=True, slots=True)
class SequenceDigest:
    """The digest of a sequence of ids: `value` below PRIME, `count` ids of `length` bytes."""

    value: int = 0
    count: int = 0
    length: int = 0
    """In bytes of UTF-8, a newline after each id included."""

    def extended(self, ids: Iterable[str]) -> Self:
        """The digest of this sequence with `ids` (held in memory for it) after it."""
        listed = list(ids)
        digits = _digits(listed)
        return self.joined(type(self)(_residue(digits), len(listed), len(digits)))

    def joined(self, following: Self) -> Self:
        """The digest of this sequence with `following` after it."""
        shifted = self.value * pow(BASE, following.length, PRIME)
        return type(self)(
            (shifted + following.value) % PRIME,
            self.count + following.count,
            self.length + following.length,
        )

    def to_text(self) -> str:
        """`mod120:<count>:<length>:<30 hex digits>`; equal texts mean equal sequences."""
        return f"{FORM}:{self.count}:{self.length}:{self.value:030x}"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Reads `to_text`. Raises ValueError."""
        form, _, state = text.partition(":")
        if form != FORM:
            raise ValueError(f"a recordId digest of the form {form!r}; this version knows {FORM!r}")
        count, length, value = state.split(":")
        return cls(int(value, 16), int(count), int(length))


def _residue(digits: bytes) -> int:
    """The number that `digits` are, modulo PRIME.

    It is halved first, again and again: multiplying half of it by a short number costs CPython
    much less than dividing all of it by one.
    """
    number = int.from_bytes(digits, "big")
    for bits, worth, mask in HALVINGS:
        if number.bit_length() > bits:
            number = (number >> bits) * worth + (number & mask)
    return number % PRIME


def _digits(ids: list[str]) -> bytes:
    """The ids with a newline after each: no two lists give the same bytes.

    Newlines within ids, and so backslashes too, are escaped.
    """
    text = _ended(ids)
    if "\\" in text or text.count("\n") != len(ids):
        text = _ended([each.replace("\\", "\\\\").replace("\n", "\\n") for each in ids])
    # JSON may hold half a surrogate pair; it is taken as it stands.
    return text.encode("utf-8", "surrogatepass")


def _ended(ids: list[str]) -> str:
    return "\n".join([*ids, ""])
