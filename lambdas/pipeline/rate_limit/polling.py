"""When to ask for an operation's status again: polling follows the work.

Soon at first, then in proportion to the time already waited, so that asking adds about the same
small share to every file's journey, and with a ceiling far below the 24 hours after which results
vanish. Jitter spreads files that were dropped together; it only shortens a wait, and never below
the first one, so that an end is always seen within the fraction (or the first wait) after it. An
operation of a day takes at most 90 checks, one of two weeks some 250: a tenth of the 25,000 events
that an execution's history may hold.

Calls are shared by all operations under way. The more there are, the less is a check worth that
only finds one of them still running: it takes a call from another whose results lie ready, or that
could begin. So while there are many the least wait is a round, in which each is asked once and half
of the calls are left for other things (`limiter.Limiter.load`). With the documented limits that
is more than the first wait from five operations on.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

JITTER = 0.05  # up to 5 % sooner, which spreads files; 10 % would take 90 checks a day; ours
SCARCE = 0.2  # of the day's calls: with fewer left, checks get rarer, so that those are enough for
# the operations under way; ours
RARER = 4  # times the usual wait, while calls are scarce: some 30 checks a day; ours


@dataclass(frozen=True, slots=True)
class CallLoad:
    """How busy the service's calls are: what the waits between checks depend on."""

    quota_left: float = 1.0
    """Share of the day's calls that is still free, 0 to 1."""
    round_seconds: float = 0.0
    """The time in which every operation under way can be asked once, by the share of the calls
    that is meant for checks."""


NO_LOAD = CallLoad()


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

    def wait(self, waited_seconds: float, load: CallLoad = NO_LOAD) -> int:
        """Seconds until the next status check, at least 1.

        `waited_seconds` is the time since the upload ended. When the day's calls get scarce,
        waits are four times longer. While many operations are under way, each is asked once a
        round.
        """
        wanted = max(self.first_seconds, waited_seconds * self.fraction)
        if load.quota_left < SCARCE:
            wanted *= RARER
        wanted = max(wanted, load.round_seconds)
        sooner = min(wanted, self.ceiling_seconds) * (1 - JITTER * self.chance())
        return max(1, math.floor(max(sooner, self.first_seconds)))

    def most_checks(self, age_seconds: float, seconds: float) -> int:
        """The most checks that an operation of this age may need in the time to come, while
        calls are scarce: so few that they can be kept for it."""
        age = max(0.0, age_seconds)
        return _most_checks(self.first_seconds, self.fraction, self.ceiling_seconds, age, seconds)


@cache
def _most_checks(first: float, fraction: float, ceiling: float, age: float, seconds: float) -> int:
    """The shortest waits give the most checks."""
    policy = Polling(
        first_seconds=first, fraction=fraction, ceiling_seconds=ceiling, chance=lambda: 1.0
    )
    checks, waited = 0, age
    while waited < age + seconds:
        waited += policy.wait(waited, CallLoad(quota_left=0.0))
        checks += 1
    return checks


STANDARD = Polling(first_seconds=10, fraction=0.1, ceiling_seconds=7_200)
"""With the settings as shipped (cdk.json)."""
