"""Waiting for what will be true soon, without sleeping for a guess."""

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")
_FIRST_LOOK_SECONDS, _LOOK_SECONDS = 0.01, 0.2  # each pause half as long again, up to the second


def eventually(
    look: Callable[[], Seen], *, until: Callable[[Seen], object] = bool, within: float = 60.0
) -> Seen:
    """What `look` saw when `until` first said yes.

    After `within` seconds the test fails with what was seen last.
    """
    deadline = time.monotonic() + within
    pause = _FIRST_LOOK_SECONDS
    while True:
        seen = look()
        if until(seen):
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:.0f} s; seen last: {seen!r}")
        time.sleep(pause)
        pause = min(1.5 * pause, _LOOK_SECONDS)
