"""The queue of one kind's callers, as numbers: whose turn is next, and when to come back.

Each caller that was sent away gets a turn, counted up. Nothing wakes it: it comes back after the
seconds that it was given, and may go if its turn is among the first few. So a caller that never
comes back holds nobody up: a slot that is about to pass unused goes to whoever is there, and the
turns before it are passed over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from msgspec import convert

OPEN_TURNS = 4  # so many turns may take the next slot: where one is missing, another is there; ours
EARLY_SHARE = 0.9  # of the time that the turns ahead take if all slots are theirs: who fails to
# come leaves no gap; ours
PACE_SHARE = 0.5  # of the time that the turns ahead take at the queue's own pace: calls of other
# kinds come in bursts, and between them a slot is lost if everybody comes back later; ours
NEAR_TURNS = 30  # these come back twice as soon, should calls get faster meanwhile; ours
SLOWER, FASTER = 32, 8  # the pace is a mean of about so many of the last calls; faster ones count
# sooner, as slots pass unused until callers come back earlier; ours
LONGEST_SLOTS = 60  # a longer pause between two calls says nothing about the pace; ours


@dataclass(frozen=True, slots=True)
class WaitQueue:
    """The queue of a kind's callers, as the ledger's item holds it."""

    issued: int = 0
    """Turns given to callers that were sent away."""
    front: int = 0
    """Turns up to this one have made their calls, or were passed over."""
    pace: float = 0.0
    """Milliseconds between the last calls of the kind while callers waited."""
    last_at: int = 0
    """When the last call of the kind was due; milliseconds since 1970."""

    @classmethod
    def of(cls, item: Mapping[str, Any], kind: str) -> Self:
        return convert({name.removeprefix(f"{kind}_"): item[name] for name in item}, cls)

    def to_item(self, kind: str) -> dict[str, Any]:
        """The attributes that a call changes: all but `issued`, which is counted up by itself."""
        return {
            f"{kind}_front": self.front,
            f"{kind}_pace": round(self.pace, 1),
            f"{kind}_last_at": self.last_at,
        }

    @property
    def waiting(self) -> int:
        """How many callers are to come back yet; those that never will are among them."""
        return max(0, self.issued - self.front)

    def may_go(self, turn: int | None) -> bool:
        """Whether a caller may go: its turn has come, or nobody waits before it."""
        return self.waiting == 0 if turn is None else turn <= self.front + OPEN_TURNS

    def ahead(self, turn: int) -> int:
        """How many turns come before this one."""
        return max(0, turn - self.front - 1)

    def before(self, turn: int | None) -> int:
        """How many turns come before this one; 0 for a newcomer."""
        return 0 if turn is None else self.ahead(turn)

    def delay(self, turn: int, spacing: float) -> float:
        """Milliseconds that the turns ahead will take, a little less than likely."""
        ahead, least = self.ahead(turn), spacing * EARLY_SHARE
        near = min(ahead, NEAR_TURNS)
        soon, later = max(least, self.pace * PACE_SHARE / 2), max(least, self.pace * PACE_SHARE)
        return near * soon + (ahead - near) * later

    def after_call(self, turn: int | None, slot: int, spacing: float) -> Self:
        """After a call that is due at `slot`.

        A call out of turn took a slot for which nobody at the front had come: the first of them is
        passed over. So it is by a newcomer's call while others wait."""
        before = self.pace or spacing
        pause = slot - self.last_at if self.waiting else spacing
        if pause > LONGEST_SLOTS * spacing:
            pause = before
        out_of_turn = turn is not None and not self.may_go(turn)
        front = min(self.issued, self.front + (2 if out_of_turn else 1))
        pace = before + (pause - before) / (SLOWER if pause > before else FASTER)
        return type(self)(self.issued, front, pace, slot)
