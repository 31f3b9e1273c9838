"""What is measured of answers: Wilson's interval of a share, and Cohen's kappa."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import sqrt

Z_95 = 1.959963984540054  # the normal distribution's quantile of 97.5 %


def wilson(right: int, count: int, z: float = Z_95) -> tuple[float, float] | None:
    """The interval of a share that `right` of `count` show (Wilson, 1927); None where none are.

    It holds for few answers and for shares near 0 and 1 too.
    """
    if not count:
        return None
    share = right / count
    spread = z * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    middle, whole = share + z * z / (2 * count), 1 + z * z / count
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def agreement_of(pairs: Sequence[tuple[str, str]]) -> tuple[float, float | None] | None:
    """The share of equal answers, and Cohen's kappa (1960); None without pairs.

    Kappa is how much of the agreement that chance leaves open was reached: 1 is all, 0 is none.
    None where both say the same of everything, and chance leaves nothing open.
    """
    if not pairs:
        return None
    count = len(pairs)
    observed = sum(first == second for first, second in pairs) / count
    firsts, seconds = (Counter(each) for each in zip(*pairs, strict=True))
    by_chance = sum(firsts[each] * seconds[each] for each in firsts) / (count * count)
    return observed, None if by_chance == 1 else (observed - by_chance) / (1 - by_chance)


def at_level(code: str, level: int) -> str:
    """A code's letters and digits down to a level: `2412` of `24.12-13`; a shorter one whole."""
    return "".join(filter(str.isalnum, code))[:level]


def levels_of(codes: Iterable[str]) -> list[int]:
    """The levels that codes are of, the deepest last."""
    return sorted({sum(map(str.isalnum, code)) for code in codes if code})
