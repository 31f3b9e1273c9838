"""This module answers questions about arrows: how long their chains are, which others imply.

Arrows are given as a mapping that has every box as a key and the boxes that it points at as the
value. Boxes that reach each other stand in a *circle*.
"""

from collections.abc import Mapping, Set
from functools import cache

Arrows = Mapping[str, Set[str]]


def reachable(arrows: Arrows) -> dict[str, set[str]]:
    """Each box reaches these by one arrow or more; itself only where it stands in a circle."""
    found: dict[str, set[str]] = {}
    for box in arrows:
        reached: set[str] = set()
        ahead = list(arrows[box])
        while ahead:
            following = ahead.pop()
            if following not in reached:
                reached.add(following)
                ahead += arrows[following]
        found[box] = reached
    return found


def levels(arrows: Arrows) -> dict[str, int]:
    """Each box begins a longest chain of so many boxes; the boxes of a circle count as one."""
    after = reachable(arrows)

    @cache
    def level(circle: frozenset[str]) -> int:
        below = {_circle(to, after) for box in circle for to in arrows[box]} - {circle}
        return 1 + max(map(level, below), default=0)

    return {box: level(_circle(box, after)) for box in arrows}


def in_circles(arrows: Arrows) -> list[str]:
    """These boxes stand in a circle, in the order of the keys."""
    return [box for box, reached in reachable(arrows).items() if box in reached]


def without_implied(arrows: Arrows) -> dict[str, list[str]]:
    """The arrows stay that no longer way implies, ordered by name. Those of a circle all stay."""
    after = reachable(arrows)

    def is_implied(box: str, to: str) -> bool:
        others = arrows[box] - _circle(box, after) - _circle(to, after)
        return to not in _circle(box, after) and any(to in after[each] for each in others)

    return {
        box: sorted(to for to in targets if not is_implied(box, to))
        for box, targets in arrows.items()
    }


def _circle(box: str, after: Mapping[str, Set[str]]) -> frozenset[str]:
    """The box and those that it stands in a circle with."""
    return frozenset({box, *(each for each in after[box] if box in after[each])})
