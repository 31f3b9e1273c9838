"""Which texts come most often, of any number of them, in a bounded number of slots.

The counts are those of space-saving (Metwally, Agrawal and El Abbadi, 2005), thinned out by the
batch: a text that has no slot may have come `floor` times, so one that gets a slot may have come as
often before.
"""

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Self

from tables.report.state_size import TEXTS_BUDGET, fitting
from tables.report.words import cut_together

SLOTS = 1_000  # ours: what comes in more than one row of a thousand is never lost
_MOST_SLOTS = 4 * SLOTS  # for a while: to find the thousand largest takes all of them
MAX_TEXT_CHARACTERS = 200  # of a row's texts together
_BETWEEN_FIELDS = "\0"

Texts = tuple[str, ...]


@dataclass(slots=True)
class TextCount:
    """How often a text came."""

    texts: Texts
    """By field, as they are written most often; at most `MAX_TEXT_CHARACTERS` together."""
    least: int
    most: int


@dataclass(slots=True)
class FrequentTexts:
    """Counts texts as they are written. `top` sees no difference in case and spaces."""

    floor: int = 0
    """How often a text that has no slot may have come; 0: every text has one."""
    least: Counter[Texts] = field(default_factory=Counter)
    """How often each text that has a slot came since it has it."""
    before: dict[Texts, int] = field(default_factory=dict)
    """How often it may have come earlier; without an entry, never."""

    @property
    def is_exact(self) -> bool:
        """Whether every text is here with all its rows."""
        return not self.floor

    def add(self, texts: Sequence[Texts]) -> None:
        """The texts of one row each."""
        if self.floor:
            new = {each: self.floor for each in texts if each not in self.least}
            self.before.update(new)
        self.least.update(texts)
        if len(self.least) >= _MOST_SLOTS:
            kept, self.floor = self._largest()
            self.before = {each: self.before[each] for each in kept if each in self.before}
            self.least = Counter({each: self.least[each] for each in kept})

    def top(self, number: int) -> list[TextCount]:
        """Those that surely came most often."""
        alike: dict[str, TextCount] = {}
        for texts, most in sorted(self._most().items(), key=lambda each: (-each[1], each[0])):
            shown = _cut(texts)
            slot = alike.setdefault(_key_of(shown), TextCount(shown, 0, 0))
            slot.least += self.least[texts]
            slot.most += most
        return sorted(alike.values(), key=lambda each: (-each.least, each.texts))[:number]

    def to_state(self) -> dict[str, Any]:
        """What `from_state` takes."""
        largest, floor = self._largest()
        slots = [[list(_cut(each)), self.least[each], most] for each, most in largest.items()]
        kept = fitting(slots, TEXTS_BUDGET)
        lost = list(largest.values())[len(kept) :]
        return {"floor": max([floor, *lost]), "slots": kept}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """As it was, but for slots that did not fit, and the ends of long texts."""
        back = cls(state["floor"])
        for written, least, most in state["slots"]:
            texts = tuple(written)
            back.least[texts] += least
            if most > least:
                back.before[texts] = back.before.get(texts, 0) + most - least
        return back

    def _most(self) -> dict[Texts, int]:
        """How often each text that has a slot came at most."""
        if not self.before:
            return self.least
        earlier = self.before.get
        return {texts: least + earlier(texts, 0) for texts, least in self.least.items()}

    def _largest(self) -> tuple[dict[Texts, int], int]:
        """The texts that keep their slots, by `_most`, the first of equal ones; and the floor
        without the others."""
        most = self._most()
        ordered = heapq.nlargest(SLOTS + 1, most.items(), key=itemgetter(1))
        lost = ordered[SLOTS][1] if len(ordered) > SLOTS else 0
        return dict(ordered[:SLOTS]), max(self.floor, lost)


def _cut(texts: Texts) -> Texts:
    return cut_together(texts, MAX_TEXT_CHARACTERS)


def _key_of(texts: Texts) -> str:
    return _BETWEEN_FIELDS.join(" ".join(each.casefold().split()) for each in texts)
