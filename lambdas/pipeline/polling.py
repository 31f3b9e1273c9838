"""When to ask for an operation's status again: polling follows the work.

Soon at first, then in proportion to the time already waited, so that asking adds about the same
small share to every file's journey, with jitter so that files dropped together spread out, and
with a ceiling far below the 24 hours after which results vanish. An operation of two weeks takes
about 300 checks, some 3,000 of the 25,000 events that an execution's history may hold.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

JITTER = 0.1  # ours: up to 10 % sooner or later
SCARCE = 0.2  # of the day's budget: what only status checks may use (see limiter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Polling:
    """The policy's settings; times in seconds."""

    first_seconds: float
    """The least wait."""
    fraction: float
    """Of the time already waited."""
    ceiling_seconds: float
    chance: Callable[[], float] = random.random
    """Uniform in [0, 1)."""

    def wait(self, waited_seconds: float, *, budget_left: float = 1.0) -> int:
        """Seconds until the next status check, at least 1.

        `waited_seconds` is the time since the upload ended; `budget_left` the share of the
        day's calls that is still free: when it gets scarce, waits get longer in proportion.
        """
        proportional = max(0.0, waited_seconds) * self.fraction
        wanted = max(self.first_seconds, proportional)
        if budget_left < SCARCE:
            wanted *= SCARCE / max(budget_left, SCARCE / 100)
        jitter = 1 + JITTER * (2 * self.chance() - 1)
        return max(1, round(min(wanted, self.ceiling_seconds) * jitter))
