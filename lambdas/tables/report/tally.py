"""The counts of a table's rows as they pass: bounded, whatever passes, and quick.

Rows are counted by the batch; batches cut anywhere make the same tally.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from tables.coded.coded_rows import CodedRows, CodedStatus
from tables.report.code_counts import CodeCounts
from tables.report.confidences import Confidences
from tables.report.frequent_texts import FrequentTexts

MAX_LEVEL = 20  # a code of more letters and digits counts as one of so many; ours


@dataclass(slots=True)
class Tally:
    """What became of the rows, in numbers. As state it has less than 300 kB of JSON."""

    statuses: Counter[CodedStatus] = field(default_factory=Counter)
    levels: Counter[int] = field(default_factory=Counter)
    """Rows with a code, by the letters and digits of the code."""
    results: Confidences = field(default_factory=Confidences)
    """Of the rows with a code of the service."""
    best_suggestions: Confidences = field(default_factory=Confidences)
    """The first suggestion's, of the rows that have suggestions alone."""
    codes: CodeCounts = field(default_factory=CodeCounts)
    uncoded: FrequentTexts = field(default_factory=FrequentTexts)
    """The texts of the rows that have suggestions alone."""

    @property
    def rows(self) -> int:
        """All that passed."""
        return self.statuses.total()

    @property
    def empty(self) -> int:
        """Rows that leave nobody any work: blank, or with nothing to code in their text."""
        return self.statuses[CodedStatus.BLANK] + self.statuses[CodedStatus.NOTHING_TO_CODE]

    @property
    def known(self) -> int:
        """Rows that the dictionary has, which leave nobody any work either."""
        return self.statuses[CodedStatus.DICTIONARY]

    @property
    def coded(self) -> int:
        """Rows with a code of any level."""
        return self.codes.rows

    def add(self, rows: CodedRows) -> None:
        """The next rows of the table."""
        self.statuses.update(rows.statuses)
        for level, count in Counter(rows.levels).items():
            if level is not None:
                self.levels[min(level, MAX_LEVEL)] += count
        answers = [each for each in rows.results if each is not None]
        if answers:
            codes, labels, confidences = zip(*answers, strict=True)
            self.codes.add(codes, labels)
            if CodedStatus.DICTIONARY in rows.statuses:
                confidences = tuple(_of_the_service(rows))
            self.results.add(confidences)
        if len(answers) < len(rows.results):
            self._add_uncoded(rows)

    def _add_uncoded(self, rows: CodedRows) -> None:
        uncoded = [
            (suggestions[0][2], texts)
            for result, suggestions, texts in zip(
                rows.results, rows.suggestions, rows.texts, strict=True
            )
            if result is None and suggestions
        ]
        self.best_suggestions.add([confidence for confidence, _ in uncoded])
        self.uncoded.add([texts for _, texts in uncoded if texts])

    def to_state(self) -> dict[str, Any]:
        """What `from_state` takes; JSON can hold it."""
        return {
            "statuses": {status.value: count for status, count in self.statuses.items()},
            "levels": [[level, count] for level, count in self.levels.items()],
            "results": self.results.to_state(),
            "bestSuggestions": self.best_suggestions.to_state(),
            "codes": self.codes.to_state(),
            "uncoded": self.uncoded.to_state(),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """As it was."""
        return cls(
            Counter({CodedStatus(status): count for status, count in state["statuses"].items()}),
            Counter(dict(state["levels"])),
            Confidences.from_state(state["results"]),
            Confidences.from_state(state["bestSuggestions"]),
            CodeCounts.from_state(state["codes"]),
            FrequentTexts.from_state(state["uncoded"]),
        )


def _of_the_service(rows: CodedRows) -> Iterator[float | None]:
    """The confidences of codes that are not from the dictionary, which has none."""
    for answer, status in zip(rows.results, rows.statuses, strict=True):
        if answer is not None and status is not CodedStatus.DICTIONARY:
            yield answer.confidence
