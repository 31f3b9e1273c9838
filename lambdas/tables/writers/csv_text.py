"""Rows as CSV that every reader takes apart into the same cells."""

import csv
from collections.abc import Iterable, Sequence
from typing import Final

BOTH: Final = "\r\n"
"""Python's writer quotes the characters of its own line ends; any of them may end another's row."""


class CsvText:
    """Writes rows without their line ends, with quotes where a cell needs them and nowhere else."""

    def __init__(self, separator: str) -> None:
        self.separator = separator
        self._written: list[str] = []
        self._writer = csv.writer(self, delimiter=separator, lineterminator=BOTH)

    def write(self, row: str) -> None:
        """What the writer calls with each row."""
        self._written.append(row[: -len(BOTH)])

    def rows(self, rows: Sequence[Sequence[str]]) -> list[str]:
        """Each row; one that has but an empty cell, or none, is empty."""
        separator = self.separator
        lines = list(map(separator.join, rows))
        widths = list(map(len, rows))
        separators = sum(widths) - len(widths) + widths.count(0)
        joined = "\n".join(lines)
        if (
            '"' not in joined
            and "\r" not in joined
            and joined.count("\n") == max(0, len(lines) - 1)
            and joined.count(separator) == separators
        ):
            return lines
        return [
            line if self._is_plain(line, width) else self._quoted(row)
            for line, width, row in zip(lines, widths, rows, strict=True)
        ]

    def _is_plain(self, line: str, width: int) -> bool:
        return (
            '"' not in line
            and "\n" not in line
            and "\r" not in line
            and line.count(self.separator) == max(0, width - 1)
        )

    def _quoted(self, row: Iterable[str]) -> str:
        self._writer.writerow(row)
        return self._written.pop()
