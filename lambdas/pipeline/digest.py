"""A digest of a sequence of recordIds that can be taken in pieces.

What comes out is compared with what went in by the sequence of recordIds, over files of tens of
millions of lines, in functions that hand over to each other. So the digest is a polynomial hash
(Karp and Rabin): with h the BLAKE2b hash of an id, appending it turns the value H into
`(H * BASE + h) mod PRIME`. Two integers are the whole state, so it resumes across invocations;
and two pieces join by `H1 * BASE**n2 + H2`, so the parts of a file give the digest of the file.
It tells mistakes (a line lost, doubled, moved), not forgeries: the base is no secret.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Self

PRIME = (1 << 127) - 1  # a Mersenne prime: two different sequences collide once in 10^38
BASE = 0x5BD1E995_9E3779B9_7F4A7C15_2545F491 % PRIME  # any fixed number of full length will do
ID_HASH_BYTES = 15  # 120 bits, below PRIME, so that no two hashes are the same residue
FORM = "poly127"  # names the construction in manifests; change it when the construction changes


@dataclass(frozen=True, slots=True)
class SequenceDigest:
    """The digest of a sequence of ids: `value` below PRIME, `count` ids long."""

    value: int = 0
    count: int = 0

    def extended(self, ids: Iterable[str]) -> Self:
        """The digest of this sequence with `ids` after it."""
        value, count = self.value, self.count
        number = int.from_bytes
        for record_id in ids:
            # JSON may hold half a surrogate pair; it is hashed as it stands.
            hashed = blake2b(
                record_id.encode("utf-8", "surrogatepass"), digest_size=ID_HASH_BYTES
            ).digest()
            value = (value * BASE + number(hashed, "big") + 1) % PRIME
            count += 1
        return type(self)(value, count)

    def joined(self, following: Self) -> Self:
        """The digest of this sequence with `following` after it."""
        shifted = self.value * pow(BASE, following.count, PRIME)
        return type(self)((shifted + following.value) % PRIME, self.count + following.count)

    def to_text(self) -> str:
        """`poly127:<count>:<32 hex digits>`; equal texts mean equal sequences."""
        return f"{FORM}:{self.count}:{self.value:032x}"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Reads `to_text`. Raises ValueError."""
        form, count, value = text.split(":")
        if form != FORM:
            raise ValueError(f"a recordId digest of the form {form!r}; this version knows {FORM!r}")
        return cls(int(value, 16), int(count))
