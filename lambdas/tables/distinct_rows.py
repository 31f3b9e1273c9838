"""Which rows have the texts of an earlier row, so that they need not be sent again.

Rows are looked at in windows of so many rows that are sent, so what is remembered is bounded. Where
a window begins, and whether anything is looked for in it, depends on the rows before it alone:
whoever reads the table again by the same plan finds the same repeats, wherever it begins.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import eq
from typing import Any, NamedTuple, Self

from tables.decisions import DecidedColumns, RowDecisions
from tables.dictionary.dictionary import Dictionary
from tables.open_table import reopened
from tables.plan import TablePlan
from tables.source import ByteSource

WINDOW_ROWS = 100_000  # with texts of usual length, 30 MB are remembered (measured); ours
FEW_REPEATS = 0.05  # of a window's rows: to find them costs what they save; ours
IDLE_WINDOWS = 9  # that follow one with few repeats, and are not looked at; ours
FEW = (
    16  # times fewer places than rows: moving what is behind each takes less than a new list; ours
)


@dataclass(frozen=True, slots=True)
class Window:
    """Where a window begins. JSON-able."""

    before: dict[str, Any] | None = None
    """The state with which a reader gives the batch in which it begins; None: the first one."""
    passed: int = 0
    """So many rows of that batch are sent and stand before the window."""
    idle: int = 0
    """Of so many windows, this one included, all rows are taken to be new."""


class Piece(NamedTuple):
    """Rows of a batch that are in the same window."""

    begin: int
    end: int
    """Places in the batch."""
    numbers: range
    """The rows' own numbers in the window, from 0."""
    firsts: Sequence[int]
    """For each, the number of the first row with its texts; `numbers` itself: all are new."""


class DistinctRows:
    """Finds the rows of one table whose texts are new."""

    def __init__(self, window_rows: int, window: Window | None = None) -> None:
        """Begins with a window; without one, with the table's first."""
        self._most = window_rows
        self._first: dict[Any, int] = {}
        self.window = window or Window()
        """The one in which the last row is."""
        self.count = 0
        """Its rows so far."""

    @classmethod
    def resumed(
        cls,
        source: ByteSource,
        plan: TablePlan,
        window: Window,
        count: int,
        dictionary: Dictionary | None = None,
    ) -> Self:
        """As it is behind `count` rows of a window, which are read again; see `RowDecisions`."""
        found = cls(plan.distinct_window, window)
        if window.idle:
            found.count = count
            return found
        decisions, passed = RowDecisions(plan, dictionary), window.passed
        batches = reopened(source, plan).rows(window.before)
        while found.count < count:
            _, *texts = sent_columns(decisions.columns(next(batches)))
            behind = passed + count - found.count
            rows = len(texts[0])
            found.are_new([column[passed:behind] for column in texts], window.before)
            passed = max(0, passed - rows)
        return found

    def are_new(self, texts: Sequence[list[str]], before: dict[str, Any] | None) -> bytes:
        """For each row of a batch 1 where its texts are new in its window, 0 where they are not.

        `texts` are columns of rows that are sent; `before` is as in `Window`."""
        return b"".join(
            b"\1" * len(piece.numbers)
            if piece.firsts is piece.numbers
            else bytes(map(eq, piece.firsts, piece.numbers))
            for piece in self.pieces(texts, before)
        )

    def pieces(
        self, texts: Sequence[list[str]], before: dict[str, Any] | None, passed: int = 0
    ) -> Iterator[Piece]:
        """The rows of a batch, those of each window by themselves.

        `passed` rows of the batch that are sent stand before those in `texts`."""
        begin, count = 0, len(texts[0])
        while begin < count:
            if self.count == self._most:
                self._next_window(before, passed + begin)
            end = min(count, begin + self._most - self.count)
            columns = texts if end - begin == count else [each[begin:end] for each in texts]
            yield self._piece(columns, begin, end)
            begin = end

    def _piece(self, texts: Sequence[list[str]], begin: int, end: int) -> Piece:
        numbers = range(self.count, self.count + end - begin)
        self.count = numbers.stop
        if self.window.idle:
            return Piece(begin, end, numbers, numbers)
        known = len(self._first)
        keys = texts[0] if len(texts) == 1 else zip(*texts, strict=True)
        firsts = list(map(self._first.setdefault, keys, numbers))
        all_new = len(self._first) - known == len(numbers)
        return Piece(begin, end, numbers, numbers if all_new else firsts)

    def _next_window(self, before: dict[str, Any] | None, passed: int) -> None:
        idle = max(0, self.window.idle - 1)
        if not self.window.idle and self._most - len(self._first) < FEW_REPEATS * self._most:
            idle = IDLE_WINDOWS
        self.window = Window(before, passed, idle)
        self.count = 0
        self._first = {}


def sent_columns(decided: DecidedColumns) -> list[list[str]]:
    """The column of the ids and those of the texts, of the rows that are sent."""
    return _without(decided.unsent, [decided.record_ids, *decided.texts])


def _without(places: list[int], columns: list[list[str]]) -> list[list[str]]:
    """The columns without these rows, whose places ascend."""
    count = len(columns[0])
    if len(places) * FEW < count:
        for column in columns:
            for place in reversed(places):
                del column[place]
        return columns
    is_left = bytearray(b"\1" * count)
    for place in places:
        is_left[place] = 0
    return [list(compress(column, is_left)) for column in columns]
