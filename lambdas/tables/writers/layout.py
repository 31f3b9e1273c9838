"""What a table that is given back is made of, beside its rows."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from tables.coded.code_columns import AddedColumns
from tables.errors import RowsDisagree
from tables.plan import TableFormat, TablePlan
from tables.readers.text_windows import LINE_END
from tables.rows import Cell
from tables.source import ByteSource
from tables.text.cell_text import cell_text
from tables.text.encodings import UTF16, decoder_of
from tables.writers.csv_text import CsvText

SEPARATOR_SAID = "sep="
NEWLINE = "\n"


@dataclass(frozen=True, slots=True)
class RowsAbove:
    """The rows above the header."""

    rows: list[Sequence[Cell]] = field(default_factory=list)
    text: str = ""
    """The same as lines of CSV with their ends: of CSV as they are written, with the line that
    says the separator."""
    line_end: str = NEWLINE
    """Of CSV: what ends the header, and the lines of the CSV that is given back."""
    formats: list[dict[int, str]] = field(default_factory=list)
    """As `SheetRows.formats`, of a workbook."""


@dataclass(frozen=True, slots=True)
class TableLayout:
    """A table's own columns, the new columns behind them, and what stands above its header."""

    plan: TablePlan
    codes: AddedColumns
    above: RowsAbove = field(default_factory=RowsAbove)

    @property
    def width(self) -> int:
        """The number of the table's own columns."""
        return max(self.plan.width, len(self.plan.columns))

    @property
    def header(self) -> tuple[str, ...]:
        """The names of all columns; "" for those that only longer rows have."""
        missing = self.width - len(self.plan.columns)
        return (*self.plan.columns, *("",) * missing, *self.codes.names)

    @property
    def has_byte_order_mark(self) -> bool:
        """Whether the CSV begins with one: the dropped file did, or was in UTF-16."""
        return self.plan.bom_bytes > 0 or self.plan.encoding in UTF16

    def check_width(self, cells: Sequence[Cell], number: int) -> None:
        """Raises `RowsDisagree` where row `number` has more cells than any had before."""
        if len(cells) > self.width:
            raise RowsDisagree(
                f"row {number:,} has {len(cells):,} cells, and no row had more than "
                f"{self.width:,} when the table was prepared"
            )


def rows_above(source: ByteSource, plan: TablePlan) -> RowsAbove:
    """Reads what stands above the header. Raises as the table's readers do."""
    if plan.format is TableFormat.CSV and plan.header_end > plan.bom_bytes:
        content = source.read(plan.bom_bytes, plan.header_end - 1)
        return _lines_above(decoder_of(plan.encoding).decode(content, final=True), plan)
    if plan.format is TableFormat.XLSX and plan.header_row > 1:
        from tables.readers import workbook  # noqa: PLC0415  openpyxl is large

        found = workbook.reopened(source, plan).above()
        lines = CsvText(plan.separator).rows([list(map(cell_text, row.cells)) for row in found])
        return RowsAbove(
            rows=[row.cells for row in found],
            text="".join(line + NEWLINE for line in lines),
            formats=[row.formats for row in found],
        )
    return RowsAbove()


def _lines_above(text: str, plan: TablePlan) -> RowsAbove:
    """Of `text`, which ends with the header."""
    ends = list(LINE_END.finditer(text))
    count = plan.header_row - 1
    above = text[: ends[count - 1].end()] if 0 < count <= len(ends) else ""
    lines = io.StringIO(above, newline="")
    if above.lstrip('"').lower().startswith(SEPARATOR_SAID):
        next(lines)
    return RowsAbove(
        rows=list(csv.reader(lines, delimiter=plan.separator)),
        text=above,
        line_end=ends[-1][0] if ends and ends[-1].end() == len(text) else NEWLINE,
    )
