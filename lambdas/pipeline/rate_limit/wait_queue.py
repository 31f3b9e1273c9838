"""The callers of one kind that were sent away, as numbers: who comes next, and when to come back.

Each gets a turn, counted up. Nobody is called: a caller comes back when it was told to, and may
then go if its turn is among the first few. So a caller that never comes back holds nobody up: a
slot that is about to pass unused goes to whoever is there, and the turns before it are passed over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

OPEN_TURNS = 4  # ours: as many are at the front at once; they share the waiting for a free slot
EARLY = 0.9  # ours: of the time that the turns ahead take. Who fails to come leaves no gap
PATIENCE = 0.5  # ours: of that time where calls of another kind take part of the slots. They do so
# by fits and starts, and a slot is lost where all that wait were told to come later
NEAR_TURNS = 30  # ours: these come back twice as soon, should calls get faster meanwhile
SLOWER, FASTER = 32, 8  # ours: the pace is a mean of about so many of the last calls; it is noticed
# sooner that they get faster, as slots pass unused until those who wait are told
LONGEST_SLOTS = 60  # ours: a longer pause between two calls says nothing about the pace


@dataclass(frozen=True, slots=True)
class WaitQueue:
    """What the ledger's item holds of a kind's queue."""

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
        return cls(
            issued=item.get(f"{kind}_issued", 0),
            front=item.get(f"{kind}_front", 0),
            pace=item.get(f"{kind}_pace", 0.0),
            last_at=item.get(f"{kind}_last_at", 0),
        )

    def to_item(self, kind: str) -> dict[str, Any]:
        """Without `issued`, which is only ever counted up by itself."""
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
        """How many turns come first; none before a newcomer that finds nobody waiting."""
        return 0 if turn is None else self.ahead(turn)

    def delay(self, turn: int, spacing: float) -> float:
        """Milliseconds that the turns ahead will take, told a little short."""
        ahead, least = self.ahead(turn), spacing * EARLY
        near = min(ahead, NEAR_TURNS)
        soon, later = max(least, self.pace * PATIENCE / 2), max(least, self.pace * PATIENCE)
        return near * soon + (ahead - near) * later

    def after_call(self, turn: int | None, slot: int, spacing: float) -> Self:
        """After a call that is due at `slot`.

        A call out of turn took a slot for which nobody at the front had come: one of them is
        taken for dead. (A newcomer's call, while others wait, took that one's place.)"""
        before = self.pace or spacing
        pause = slot - self.last_at if self.waiting else spacing
        if pause > LONGEST_SLOTS * spacing:
            pause = before
        out_of_turn = turn is not None and not self.may_go(turn)
        front = min(self.issued, self.front + (2 if out_of_turn else 1))
        pace = before + (pause - before) / (SLOWER if pause > before else FASTER)
        return type(self)(self.issued, front, pace, slot)
