"""The service's output with a line for each row that was sent, where texts were sent once.

A row whose texts an earlier row has gets that row's line with its own recordId, every other byte as
it is: what would have come out for it. The table is read again by its plan, and each row decided
alike (`distinct_rows`).
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from operator import eq
from typing import Any

import msgspec

from protocol.records import RECORD_ID, RecordFault, decode_output_line, record_id_of
from shared.lines import NEWLINE
from tables.coded.output_lines import OutputLines
from tables.decisions import RowDecisions
from tables.dictionary.dictionary import Dictionary
from tables.distinct_rows import DistinctRows, Piece, Window, sent_columns
from tables.errors import RowsDisagree
from tables.mapping.names import shown
from tables.open_table import reopened
from tables.plan import Chunk, TablePlan
from tables.source import ByteSource

# With the slips of the documented samples, as `protocol.records.record_id_of` takes them.
_RECORD_ID = re.compile(rb'"\s*(?:%b|id)\s*"\s*:\s*("(?:[^"\\]|\\.)*")' % RECORD_ID.encode())
_NO_ID = b'"\\u0000"'  # is tried in the place of one

_utf8 = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(str).decode


class ExpandedOutput:
    """The output of one table."""

    def __init__(
        self,
        source: ByteSource,
        plan: TablePlan,
        output: ByteSource,
        dictionary: Dictionary | None = None,
    ) -> None:
        """`source`, `plan` and `dictionary` are as `Preparation` had them; `output` is the
        service's."""
        self._source, self._plan, self._output = source, plan, output
        self._dictionary = dictionary

    def chunks(self, chunk_bytes: int, state: dict[str, Any] | None = None) -> Iterator[Chunk]:
        """Whole lines, in chunks of at least `chunk_bytes` but for the last.

        With the `state` of a chunk, what follows it. Raises `RowsDisagree` where lines are missing
        or left over, or a line that rows share is another record's, and what the table's reader
        and the sources raise.
        """
        decisions = RowDecisions(self._plan, self._dictionary)
        expansion = _Expansion(self._source, self._plan, decisions, self._output, state)
        made: list[bytes] = []
        size, behind = 0, state
        with closing(expansion.output):
            for lines in expansion.batches():
                if size >= chunk_bytes:  # not sooner: the last line of all may lack its end
                    yield Chunk(b"".join(made), behind)
                    made, size = [], 0
                made += lines
                size += sum(map(len, lines))
                behind = expansion.state()
            if expansion.output.take(1):
                raise RowsDisagree("more lines came out than records were sent")
        content = b"".join(made)
        last = self._output.size - 1
        if last >= 0 and self._output.read(last, last) != NEWLINE:
            content = content.removesuffix(NEWLINE)
        if content:
            yield Chunk(content, behind)


class _Expansion:
    """One run, from the beginning of a window on."""

    def __init__(
        self,
        source: ByteSource,
        plan: TablePlan,
        decisions: RowDecisions,
        output: ByteSource,
        state: dict[str, Any] | None,
    ) -> None:
        state = state or {"window": {}, "rows": 0, "output": 0}
        self._source, self._plan, self._decisions = source, plan, decisions
        self._distinct = DistinctRows(plan.distinct_window, Window(**state["window"]))
        self._there: int = state["rows"]
        """Rows of the window whose lines an earlier run has given."""
        self._window_output: int = state["output"]
        """The offset in the output at which the window's lines begin."""
        self.output = OutputLines(output, self._window_output)
        self._said: dict[int, tuple[bytes, str]] = {}
        """A row's number in the window → the line of its record, and its recordId."""
        self._shared: dict[int, _Answer] = {}
        """Of those whose line other rows have, too."""

    def batches(self) -> Iterator[list[bytes]]:
        """The lines of each batch of rows, with their ends, without those that are there."""
        passed = self._distinct.window.passed
        before = self._distinct.window.before
        for rows in reopened(self._source, self._plan).rows(before):
            ids, *texts = sent_columns(self._decisions.columns(rows))
            skipped = min(passed, len(ids))
            passed -= skipped
            ids, texts = ids[skipped:], [column[skipped:] for column in texts]
            made: list[bytes] = []
            for piece in self._distinct.pieces(texts, before, skipped):
                lines = self._lines(ids[piece.begin : piece.end], piece)
                made += lines[self._there :]
                self._there = max(0, self._there - len(lines))
            before = rows.state
            if made:
                yield made

    def state(self) -> dict[str, Any]:
        """Behind the last batch."""
        return {
            "window": asdict(self._distinct.window),
            "rows": self._distinct.count,
            "output": self._window_output,
        }

    def _lines(self, ids: list[str], piece: Piece) -> list[bytes]:
        numbers, firsts = piece.numbers, piece.firsts
        if not numbers.start:
            self._said, self._shared, self._window_output = {}, {}, self.output.offset
        new = len(numbers) if firsts is numbers else sum(map(eq, firsts, numbers))
        taken = self.output.take(new)
        if len(taken) < new:
            raise RowsDisagree("fewer lines came out than records were sent")
        if self._distinct.window.idle:
            return [line + NEWLINE for line in taken]
        made, coming = [], iter(taken)
        for record_id, number, first in zip(ids, numbers, firsts, strict=True):
            if first == number:
                line = next(coming)
                self._said[number] = line, record_id
                made.append(line + NEWLINE)
            else:
                made.append(self._answer(first).line(record_id))
        return made

    def _answer(self, number: int) -> "_Answer":
        found = self._shared.get(number)
        if found is None:
            found = self._shared[number] = _answer_of(*self._said[number])
        return found


@dataclass(frozen=True, slots=True)
class _Answer:
    """A line of output, around its recordId."""

    before: bytes
    behind: bytes
    encode: Callable[[str], bytes]
    """A recordId as the service writes it."""

    def line(self, record_id: str) -> bytes:
        """The line as another record's."""
        return b"".join((self.before, self.encode(record_id), self.behind, NEWLINE))


def _answer_of(line: bytes, record_id: str) -> _Answer:
    """Raises `RowsDisagree` where the line is another record's."""
    for found in _RECORD_ID.finditer(line):
        before, behind = line[: found.start(1)], line[found.end(1) :]
        try:
            is_its_own = record_id_of(decode_output_line(before + _NO_ID + behind)) == "\0"
            if is_its_own and _decode(found[1]) == record_id:
                return _Answer(before, behind, _ascii if found[1] != _utf8(record_id) else _utf8)
        except (RecordFault, msgspec.DecodeError):
            break
    raise RowsDisagree(f"there is a line that is not of the recordId “{shown(record_id)}”")


def _ascii(record_id: str) -> bytes:
    return json.dumps(record_id).encode()
