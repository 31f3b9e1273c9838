"""CSV: the dropped cells as they are, and the code columns, in UTF-8."""

from collections.abc import Sequence
from functools import lru_cache

from tables.coded.code_columns import SUGGESTIONS, CodeColumns, confidence_text
from tables.coded.coded_rows import CodeAnswer, CodedRows, CodedStatus
from tables.plan import TableFormat
from tables.rows import RowBatch
from tables.text.cell_text import cell_text, whole_text
from tables.writers.csv_text import CsvText
from tables.writers.layout import TableLayout

BYTE_ORDER_MARK = "\ufeff".encode()
ANSWER_CELLS = 3  # of a suggestion
RESULT_CELLS = 4  # of a result: those, and the level
KEPT = 20_000  # different codes; ours


class DelimitedWriter:
    """Writes CSV with the separator and the line ends of the dropped one."""

    def __init__(self, layout: TableLayout) -> None:
        self._layout = layout
        self._csv = CsvText(layout.plan.separator)
        self._line_end = layout.above.line_end
        self._is_text = layout.plan.format is TableFormat.CSV
        separator = layout.plan.separator
        self._padding = [separator * missing for missing in range(layout.width + 1)]
        self._no_result = separator * (RESULT_CELLS + 1)
        self._is_quick = isinstance(layout.codes, CodeColumns)
        model = layout.codes.model if isinstance(layout.codes, CodeColumns) else ""
        self._endings = [
            self._ending(model, ANSWER_CELLS * (SUGGESTIONS - count))
            for count in range(SUGGESTIONS + 1)
        ]
        known = layout.codes.dictionary if isinstance(layout.codes, CodeColumns) else ""
        self._known_ending = self._ending(known, ANSWER_CELLS * SUGGESTIONS)
        self._code = lru_cache(maxsize=KEPT)(self._code_text)

    def head(self) -> bytes:
        """What stands above the rows."""
        mark = BYTE_ORDER_MARK if self._layout.has_byte_order_mark else b""
        header = self._csv.rows([self._layout.header])[0] + self._line_end
        return mark + whole_text(self._layout.above.text + header)

    def rows(self, rows: RowBatch, coded: CodedRows, *, first: bool) -> bytes:  # noqa: ARG002
        """The rows of a batch."""
        width, padding = self._layout.width, self._padding
        own = self._csv.rows(self._texts(rows))
        widths = list(map(len, rows.cells))
        if widths and max(widths) > width:
            place = next(place for place, each in enumerate(widths) if each > width)
            self._layout.check_width(rows.cells[place], rows.numbers[place])
        added = self._codes(coded) if self._is_quick else self._added(coded)
        # An empty row is written like one with one empty cell.
        lines = [
            cells + padding[width - (count or 1)] + codes
            for cells, count, codes in zip(own, widths, added, strict=True)
        ]
        return whole_text("".join(lines))

    def tail(self, *, empty: bool) -> bytes:  # noqa: ARG002
        """What stands below the rows."""
        return b""

    def _texts(self, rows: RowBatch) -> Sequence[Sequence[str]]:
        if self._is_text:
            return rows.cells  # type: ignore[return-value]  # of CSV they are
        return [list(map(cell_text, cells)) for cells in rows.cells]

    def _added(self, coded: CodedRows) -> list[str]:
        """The new columns of each row, whatever they are."""
        cells = [list(map(cell_text, row)) for row in self._layout.codes.values(coded)]
        separator, line_end = self._csv.separator, self._line_end
        return [f"{separator}{line}{line_end}" for line in self._csv.rows(cells)]

    def _codes(self, coded: CodedRows) -> list[str]:
        """The code columns of each row, from the separator before them to the line's end."""
        separator, no_result = self._csv.separator, self._no_result
        code, suggested, ending = self._code, self._suggested, self._endings[0]
        known, known_ending = CodedStatus.DICTIONARY, self._known_ending
        return [
            (
                no_result
                if result is None
                else f"{separator}{code(result[0], result[1], level)}"
                f"{confidence_text(result[2])}{separator}"
            )
            + status
            + (
                suggested(suggestions)
                if suggestions
                else known_ending
                if status is known
                else ending
            )
            for result, level, status, suggestions in zip(
                coded.results, coded.levels, coded.statuses, coded.suggestions, strict=True
            )
        ]

    def _ending(self, model: str, empty: int) -> str:
        """The model's cell with the line's end, behind so many cells that are empty."""
        return self._csv.separator * (1 + empty) + self._csv.rows([[model]])[0] + self._line_end

    def _suggested(self, suggestions: Sequence[CodeAnswer]) -> str:
        kept = suggestions[:SUGGESTIONS]
        texts = [
            f"{self._csv.separator}{self._code(code, label)}{confidence_text(confidence)}"
            for code, label, confidence in kept
        ]
        return "".join(texts) + self._endings[len(kept)]

    def _code_text(self, code: str, label: str, level: int | None = None) -> str:
        """The cells in front of a confidence, with a separator behind each."""
        cells = [code, label] if level is None else [code, label, str(level)]
        return self._csv.rows([[*cells, ""]])[0]
