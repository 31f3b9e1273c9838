"""Finds where a CSV's header is and which separator its cells stand between.

The separator is the one that makes a row a header whose columns are known, and the rows below as
wide as it. Nothing else about a file tells: texts are full of commas.
"""

import io
import re
from collections import Counter
from dataclasses import dataclass, replace

from tables.errors import TableRefused
from tables.mapping.columns import fields_named, mapped
from tables.plan import TableOptions, TablePlan
from tables.readers.csv_rows import rows_of_lines
from tables.readers.delimited import never_closed, too_long
from tables.readers.text_windows import BATCH_BYTES, MAX_ROW_BYTES, ByteWindows, TextOfBytes
from tables.source import ByteSource

SEPARATORS = (",", ";", "\t", "|")
HEADER_ROWS = 20  # a header is looked for in as many; as in workbooks
SAMPLE_ROWS = 80  # that follow: their widths say whether the separator is right; ours
SEPARATOR_LINE = re.compile(r'"?sep=([^\w"\r\n])"?(?:\r\n|\r|\n|$)', re.IGNORECASE)
"""Excel's way to say a separator, in the first line."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What the first rows are with one separator."""

    separator: str
    rows: list[list[str]]
    lines: list[int]
    """The line at which each row begins, from 1; one more, for what follows."""
    header: int | None
    """The place of the header among the rows, the one that names most fields, as in workbooks;
    None where no row names any."""
    fields: int
    """How many of the model's fields the header has columns for."""
    open_row: list[str] | None
    """The row behind them whose quote is not closed in what was looked at."""

    @property
    def is_full(self) -> bool:
        """Whether there are as many rows as are looked at."""
        return len(self.rows) == HEADER_ROWS + SAMPLE_ROWS

    def alike(self, place: int) -> float:
        """The share of the rows below `place` that are as wide as that row."""
        widths = [len(row) for row in self.rows[place + 1 :] if row]
        return widths.count(len(self.rows[place])) / len(widths) if widths else 1

    def usual(self) -> int:
        """The place of the first row that is as wide as most are, wider than a cell if any is."""
        widths = Counter(len(row) for row in self.rows if row)
        several = {width: count for width, count in widths.items() if width > 1} or widths
        most = max(several, key=lambda width: several[width])
        return next(place for place, row in enumerate(self.rows) if len(row) == most)


def open_csv(
    source: ByteSource, options: TableOptions, plan: TablePlan, fallback: str | None
) -> TablePlan:
    """`plan`, which knows the encoding, with the header, the separator and the columns.

    Raises `TableRefused`, and `EncodingAssumed(fallback)` where the first rows are not UTF-8.
    """
    decoder = TextOfBytes(plan.encoding, fallback)
    content, is_last = b"", False
    candidates: list[_Candidate] = []
    windows = ByteWindows(source, plan.bom_bytes)
    try:
        for size in (BATCH_BYTES, MAX_ROW_BYTES):
            window = windows.look(size)
            is_last = windows.ends_with(window)
            content = window[: decoder.behind_last_line(window, is_last=is_last)]
            candidates = _candidates(decoder.text(content, 1), options)
            if is_last or all(each.is_full for each in candidates):
                break
    finally:
        windows.close()
    if not content and not is_last:
        raise too_long(1)
    found, place = _best(candidates, is_last=is_last)
    columns = tuple(found.rows[place])
    return replace(
        plan,
        columns=columns,
        mapping=mapped(columns, options),
        header_row=found.lines[place],
        header_end=plan.bom_bytes + decoder.bytes_of_lines(content, found.lines[place + 1] - 1),
        width=len(columns),
        separator=found.separator,
    )


def _candidates(text: str, options: TableOptions) -> list[_Candidate]:
    said = SEPARATOR_LINE.match(text)
    separators = (said[1],) if said else SEPARATORS
    return [_candidate(text, each, options) for each in separators]


def _best(candidates: list[_Candidate], *, is_last: bool) -> tuple[_Candidate, int]:
    """The separator under which the first rows make most sense, and the header's place."""
    recognised = [each for each in candidates if each.header is not None]
    if recognised:
        best = max(recognised, key=_rank)
        return best, best.header or 0
    with_rows = [each for each in candidates if any(each.rows)]
    for each in candidates:
        if each.open_row is not None and len(each.rows) < HEADER_ROWS:
            raise never_closed(each.lines[-1], each.open_row, is_last=is_last)
    if not with_rows:
        raise TableRefused(
            "The file has no row.", "Check that it was saved with its content, and drop it again."
        )
    best = max(with_rows, key=_rank_without_header)
    return best, best.usual()


def _rank(each: _Candidate) -> tuple[int, float, int]:
    header = each.header or 0
    return each.fields, each.alike(header), len(each.rows[header])


def _rank_without_header(each: _Candidate) -> tuple[bool, float, int]:
    place = each.usual()
    width = len(each.rows[place])
    return width > 1, each.alike(place), width


def _candidate(text: str, separator: str, options: TableOptions) -> _Candidate:
    lines = io.StringIO(text, newline="")
    passed = 1 if SEPARATOR_LINE.match(text) else 0
    for _ in range(passed):
        next(lines)
    found = rows_of_lines(lines, separator, most=HEADER_ROWS + SAMPLE_ROWS)
    named = [fields_named(row, options) for row in found.rows[:HEADER_ROWS]]
    fields = max(named, default=0)
    return _Candidate(
        separator=separator,
        rows=found.rows,
        lines=[1 + passed, *(1 + passed + end for end in found.ends)],
        header=named.index(fields) if fields else None,
        fields=fields,
        open_row=found.open_row,
    )
