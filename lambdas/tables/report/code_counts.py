"""How often each code was given."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from tables.report.state_size import COUNTS_BUDGET, LABELS_BUDGET, fitting, most_first

MAX_CODES = 5_000  # more than any classification of occupations has at its deepest level; ours
MAX_CODE_CHARACTERS = 30
MAX_LABEL_CHARACTERS = 120


@dataclass(slots=True)
class CodeCounts:
    """Rows by code, of the first `MAX_CODES` codes; the rows of all others together."""

    counts: Counter[str] = field(default_factory=Counter)
    labels: dict[str, str] = field(default_factory=dict)
    """The label that came first with a code."""
    others: int = 0
    """Rows of codes that are not counted by themselves."""

    @property
    def rows(self) -> int:
        """All rows with a code."""
        return sum(self.counts.values()) + self.others

    def add(self, codes: Sequence[str], labels: Sequence[str]) -> None:
        """One of each for every row with a code."""
        if set(codes) <= self.labels.keys():  # as nearly always, but at the beginning
            self.counts.update(codes)
            return
        # The first label of each: what comes first is written last.
        label_of = dict(zip(reversed(codes), reversed(labels), strict=True))
        for written, count in Counter(codes).items():
            code = written[:MAX_CODE_CHARACTERS]
            if code not in self.counts and len(self.counts) >= MAX_CODES:
                self.others += count
                continue
            self.counts[code] += count
            self.labels.setdefault(code, label_of[written][:MAX_LABEL_CHARACTERS])

    def top(self, number: int) -> list[tuple[str, int]]:
        """The most frequent codes, with their rows."""
        return most_first(self.counts)[:number]

    def label_of(self, code: str) -> str:
        """Empty where none is known."""
        return self.labels.get(code, "")

    def to_state(self) -> dict[str, Any]:
        """What `from_state` takes; codes and labels that do not fit are given up."""
        ordered = most_first(self.counts)
        kept = fitting(ordered, COUNTS_BUDGET)
        labelled = [(code, self.labels[code]) for code, _ in kept if code in self.labels]
        return {
            "counts": [list(each) for each in kept],
            "labels": dict(fitting(labelled, LABELS_BUDGET)),
            "others": self.others + sum(count for _, count in ordered[len(kept) :]),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """As it was, but for labels and codes that did not fit."""
        return cls(Counter(dict(state["counts"])), dict(state["labels"]), state["others"])
