"""Finds the columns of a file of JSON objects: the keys of its first ones."""

from dataclasses import replace
from itertools import islice

from tables.errors import TableRefused
from tables.mapping.columns import mapped
from tables.plan import TableFormat, TableOptions, TablePlan
from tables.readers.json_array import JsonArray
from tables.readers.json_lines import JsonLines
from tables.readers.json_table import JsonTable
from tables.source import ByteSource

FIRST_OBJECTS = 100  # whose keys are the columns that texts are looked for in; ours
MAX_REFUSALS = 100  # kept; the plan's
FIRST_BATCHES = 32  # in which they are looked for, should lines not be objects; ours

READERS: dict[TableFormat, type[JsonTable]] = {
    TableFormat.JSON_LINES: JsonLines,
    TableFormat.JSON_ARRAY: JsonArray,
}


def open_json(
    source: ByteSource, options: TableOptions, plan: TablePlan, fallback: str | None
) -> TablePlan:
    """`plan`, which knows format and encoding, with the columns and their mapping.

    Raises `TableRefused`, and `EncodingAssumed(fallback)` where the first rows are not UTF-8.
    """
    columns = _first_columns(READERS[plan.format](source, plan, fallback), plan.format)
    return replace(plan, columns=columns, mapping=mapped(columns, options), width=len(columns))


def _first_columns(reader: JsonTable, form: TableFormat) -> tuple[str, ...]:
    """The keys of the first objects, in the order of their first appearance."""
    place = "line" if form is TableFormat.JSON_LINES else "object"
    objects = width = 0
    refusals: list[tuple[int, str]] = []
    for batch in islice(reader.rows(), FIRST_BATCHES):
        refusals += [(batch.numbers[row], why) for row, why in batch.faults.items()]
        good = [row for index, row in enumerate(batch.cells) if index not in batch.faults]
        wanted = good[: FIRST_OBJECTS - objects]
        objects += len(wanted)
        width = max([width, *map(len, wanted)])
        if objects >= FIRST_OBJECTS:
            break
    if refusals and not objects:
        number, why = refusals[0]
        raise TableRefused(
            f"No {place} is an object that can be read; {place} {number:,} {why}.",
            'Write an object on each line, such as {"occp_text": "nurse"}.',
            rows=tuple(refusals[:MAX_REFUSALS]),
            row_count=len(refusals),
        )
    if not objects:
        raise TableRefused("The file has no row.", "Check that it was saved with its content.")
    return reader.columns[:width]
