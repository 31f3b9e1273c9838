"""Joins a table's rows with what came out of the service for them, and writes the table back.

The table is read again as it was when it was prepared, and each row decided alike; the output has
a line for each row that was sent, in order. That is proved row by row by the recordIds, and at the
end by the counts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tables.coded.code_columns import CodeColumns
from tables.coded.coded_rows import CodedRows, CodedStatus
from tables.coded.output import CodedOutput
from tables.decisions import RowDecisions
from tables.dictionary.dictionary import Dictionary
from tables.errors import RowsDisagree
from tables.open_table import reopened
from tables.plan import Chunk, TableFormat, TablePlan
from tables.report.tally import Tally
from tables.review.distinct_texts import BLIND_SHARE, DistinctTexts
from tables.rows import RowBatch, TableReader
from tables.source import ByteSource
from tables.writers.files import reader_for, written_file
from tables.writers.layout import TableLayout, rows_above
from tables.writers.streams import stream_writer

CODE_DIGITS = 6  # of the deepest level of the service's documented classification


@dataclass(slots=True)
class _Progress:
    """How far the join is. As JSON it is, with the tally, the state of a chunk."""

    reader: dict[str, Any] | None = None
    """The state of the table's reader; None: it begins, or can only begin."""
    output: int = 0
    """The offset behind the last line of the output that was taken."""
    rows: int = 0
    sent: int = 0
    blank: int = 0
    refused: int = 0
    known: int = 0
    done: bool = False

    def add(self, coded: CodedRows) -> None:
        """Counts a batch of rows."""
        blank = coded.statuses.count(CodedStatus.BLANK)
        refused = coded.statuses.count(CodedStatus.REFUSED)
        self.rows += len(coded.statuses)
        self.blank += blank
        self.refused += refused
        known = coded.statuses.count(CodedStatus.DICTIONARY)
        self.known += known
        self.sent += len(coded.statuses) - blank - refused - known

    def check(self, plan: TablePlan) -> None:
        """Raises `RowsDisagree` where other rows passed than were prepared."""
        counted = plan.counts
        prepared = (counted.rows, counted.sent, counted.blank, counted.refused, counted.known)
        passed = (self.rows, self.sent, self.blank, self.refused, self.known)
        if any(prepared) and prepared != passed:
            raise RowsDisagree(
                f"{self.rows:,} rows were read again, {self.sent:,} of them with texts; "
                f"{counted.rows:,} and {counted.sent:,} were prepared"
            )


class CodedTable:
    """A table with the codes beside its rows."""

    def __init__(
        self,
        source: ByteSource,
        plan: TablePlan,
        output: ByteSource,
        *,
        topic: str,
        model: Mapping[str, Any],
        code_digits: int = CODE_DIGITS,
        drop_id: str = "",
        blind_share: float = BLIND_SHARE,
        dictionary: Dictionary | None = None,
    ) -> None:
        """`source` and `plan` are as `Preparation` left them; `output` is the service's.

        `model` is the metadata that came with the output. A code of `code_digits` letters and
        digits is one of the deepest level. Of the distinct texts, `blind_share` is drawn for a
        review without suggestions; in each drop others. `dictionary` is that by which the table
        was prepared.
        """
        self._source = source
        self.plan = plan
        self._output = output
        self._dictionary = dictionary
        name = "" if dictionary is None else dictionary.name
        self._codes = CodeColumns(topic, plan.columns, model, dictionary=name)
        self._code_digits = code_digits
        self.tally = Tally()
        """Of the rows that have passed."""
        self._drop_id, self._blind_share = drop_id, blind_share
        self.texts = self._no_texts()
        """Of the same rows: what people may have to read."""
        self.cut_cells = 0
        """How many texts of a workbook were cut, as they were longer than a cell may be."""

    def stream(
        self,
        format: TableFormat,  # noqa: A002  the word of `TablePlan`
        *,
        chunk_bytes: int,
        state: dict[str, Any] | None = None,
    ) -> Iterator[Chunk]:
        """The table in a format of text, in chunks of at least `chunk_bytes` but for the last.

        With the `state` of a chunk, what follows it. Raises `RowsDisagree`, and what the table's
        reader and the sources raise.
        """
        writer = stream_writer(format, self._layout())
        progress = _Progress() if state is None else _Progress(**state["progress"])
        self.tally = Tally() if state is None else Tally.from_state(state["tally"])
        self.texts = self._no_texts() if state is None else DistinctTexts.from_state(state["texts"])
        if progress.done:
            return
        began = state is not None
        parts = [] if began else [writer.head()]
        size = sum(map(len, parts))
        for rows, coded in self._joined(self._reader(), progress):
            parts.append(writer.rows(rows, coded, first=progress.rows == len(coded.statuses)))
            size += len(parts[-1])
            if size >= chunk_bytes:
                yield Chunk(b"".join(parts), self._state(progress))
                parts, size, began = [], 0, True
        parts.append(writer.tail(empty=not progress.rows))
        progress.done = True
        last = b"".join(parts)
        if last or not began:
            yield Chunk(last, self._state(progress))

    def write(self, format: TableFormat, path: Path) -> None:  # noqa: A002
        """The table in a format that is a file as a whole: a workbook, or Parquet.

        Raises `TableRefused` where the format can't hold the table, and as `stream` does; the file
        is then not there.
        """
        self.tally, self.texts = Tally(), self._no_texts()
        reader = reader_for(format, self._reader(), self.plan)
        with written_file(format, self._layout(), path, reader) as writer:
            for rows, coded in self._joined(reader, _Progress()):
                writer.rows(rows, coded)
            writer.close()
            self.cut_cells = writer.cut_cells

    def _joined(
        self, reader: TableReader, progress: _Progress
    ) -> Iterator[tuple[RowBatch, CodedRows]]:
        """The rows from `progress` on, with what came out for them; keeps `progress` and tally."""
        decisions = RowDecisions(self.plan, self._dictionary)
        lines = CodedOutput(self._output, progress.output, code_digits=self._code_digits)
        try:
            for rows in reader.rows(progress.reader):
                coded = lines.coded(rows, decisions.of(rows))
                progress.add(coded)
                progress.reader, progress.output = rows.state, lines.offset
                self.tally.add(coded)
                self.texts.add(coded)
                yield rows, coded
            lines.finish()
        finally:
            lines.close()
        progress.check(self.plan)

    def _reader(self) -> TableReader:
        return reopened(self._source, self.plan)

    def _layout(self) -> TableLayout:
        return TableLayout(self.plan, self._codes, rows_above(self._source, self.plan))

    def _state(self, progress: _Progress) -> dict[str, Any] | None:
        if progress.reader is None and not progress.done:
            return None
        return {
            "progress": asdict(progress),
            "tally": self.tally.to_state(),
            "texts": self.texts.to_state(),
        }

    def _no_texts(self) -> DistinctTexts:
        return DistinctTexts(self._drop_id, self._blind_share)
