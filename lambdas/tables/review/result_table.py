"""A table that was given back with codes, read again: its rows, and what the service said of them.

How the dropped table was read stands in the report beside it; where its columns of codes are, in
their names.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tables.coded.code_columns import SUGGESTIONS, CodeColumns
from tables.coded.coded_rows import CodeAnswer, CodedRows, CodedStatus
from tables.coded.output import level_of
from tables.decisions import RowDecisions
from tables.errors import TableRefused
from tables.open_table import open_table, reopened
from tables.plan import ColumnMapping, TableFormat, TableOptions, TablePlan
from tables.recognise import recognise
from tables.report.assumptions import shown_column
from tables.rows import Cell, RowBatch, TableReader
from tables.source import ByteSource
from tables.text.cell_text import cell_text

GIVEN_BACK = "Take the table and the report.json that were given back, from one folder, unchanged."
_STATUS = "status"


@dataclass(frozen=True, slots=True)
class ResultTable:
    """Opened; see `opened`."""

    source: ByteSource
    plan: TablePlan
    places: Mapping[str, int]
    """Of the columns of codes, by their names without the topic."""

    @classmethod
    def opened(cls, source: ByteSource, report: Mapping[str, Any]) -> "ResultTable":
        """The table that this report is of. Raises `TableRefused`."""
        form = recognise(source).format
        if form is None:
            raise TableRefused("The table is packed.", "Unpack it first.")
        topic = str(report["topic"])
        status = f"{topic}_{_STATUS}" if topic else _STATUS
        # By a column that is certainly there, the header is found in any format.
        options = TableOptions(fields=(_STATUS,), columns={_STATUS: (status,)}, encoding="utf-8")
        _, plan = open_table(source, form, options)
        places = CodeColumns.places_in(topic, plan.columns)
        if places is None:
            raise TableRefused(f"The table has no columns of codes of {topic}.", GIVEN_BACK)
        return cls(source, _as_dropped(plan, report), places)

    def reader(self, narrowed: Callable[[TableReader, TablePlan], TableReader]) -> TableReader:
        """Reads the table; `narrowed` may leave out cells that neither texts nor codes need."""
        needed = {**self.plan.mapping.fields, "": tuple(self.places.values())}
        mapping = ColumnMapping(fields=needed, record_id=None)
        return narrowed(reopened(self.source, self.plan), replace(self.plan, mapping=mapping))

    def rows(self, reader: TableReader) -> Iterator[tuple[RowBatch, CodedRows]]:
        """All rows, with their texts as they were sent. Raises `TableRefused`."""
        decisions = RowDecisions(self.plan)
        for rows in reader.rows():
            texts = decisions.of(rows).texts
            found = [
                self._answers(cells, number)
                for cells, number in zip(rows.cells, rows.numbers, strict=True)
            ]
            statuses, results, suggestions = (
                map(list, zip(*found, strict=True)) if found else ([], [], [])
            )
            yield (
                rows,
                CodedRows(
                    rows.numbers,
                    statuses,
                    results,
                    [None if each is None else level_of(each.code) for each in results],
                    suggestions,
                    texts,
                ),
            )

    def _answers(
        self, cells: Sequence[Cell], number: int
    ) -> tuple[CodedStatus, CodeAnswer | None, tuple[CodeAnswer, ...]]:
        said = {
            name: cell_text(cells[place]) if place < len(cells) else ""
            for name, place in self.places.items()
        }
        try:
            status = CodedStatus(said[_STATUS])
        except ValueError:
            raise TableRefused(f"Row {number:,} has no status of ours.", GIVEN_BACK) from None
        alternatives = (_answer(said, f"alt{each}_") for each in range(1, SUGGESTIONS + 1))
        return status, _answer(said, ""), tuple(filter(None, alternatives))


def _answer(said: Mapping[str, str], prefix: str) -> CodeAnswer | None:
    code = said[f"{prefix}code"]
    if not code:
        return None
    try:
        confidence: float | None = float(said[f"{prefix}confidence"])
    except ValueError:
        confidence = None
    return CodeAnswer(code, said[f"{prefix}label"], confidence)


def _as_dropped(plan: TablePlan, report: Mapping[str, Any]) -> TablePlan:
    """`plan` with the texts in the columns that they had in the dropped table."""
    try:
        assumed = report["assumed"]
        fields = {each["field"]: tuple(_places(each, plan)) for each in assumed["fields"]}
        most = int(assumed["maxTextCharacters"])
        return replace(
            plan,
            mapping=ColumnMapping(fields=fields, record_id=None),
            prepared=not assumed["asItIs"],
            max_text_characters=most,
        )
    except (KeyError, TypeError, ValueError):
        raise TableRefused("The report does not say where the texts are.", GIVEN_BACK) from None


def _places(field: Mapping[str, Any], plan: TablePlan) -> Iterator[int]:
    """Raises `ValueError` where a column is not there."""
    for place, name in zip(field["places"], field["columns"], strict=True):
        if plan.format in (TableFormat.JSON_LINES, TableFormat.JSON_ARRAY):
            # Keys come in the order in which they are first seen, which may be another one now.
            names = [shown_column(plan, each) for each in range(len(plan.columns))]
            yield names.index(name)
        elif place >= len(plan.columns):
            raise ValueError(name)
        else:
            yield place
