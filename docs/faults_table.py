"""The table of what can go wrong in a conversation with a service, and how a drop ends then."""

from docs.tables import markdown_table
from tests.support.faults.row import Row
from tests.support.faults.rows import NO_ROWS, ROWS

HEADS = ("#", "call", "what goes wrong", "how often", "what is dropped", "ends as", "is told")


def faults_table() -> str:
    """All rows, in their order, numbered from 1."""
    return markdown_table(HEADS, [_cells(number, row) for number, row in enumerate(ROWS, 1)])


def no_rows_table() -> str:
    """The pairs of a call and a fault that are no rows."""
    return markdown_table(
        ("call", "fault", "why there is no row"),
        [(", ".join(calls), ", ".join(kinds), why) for calls, kinds, why in NO_ROWS],
    )


def _cells(number: int, row: Row) -> tuple[str, ...]:
    fault = row.fault
    return (
        *(str(number), str(fault.call), str(fault.kind), row.how_often, str(row.dropped)),
        *(f"`{row.ends}`", f"`{row.says}`" if row.says else ""),
    )
