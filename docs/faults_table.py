"""The table of what can go wrong in a conversation with a service, and how a drop ends then."""

from docs.tables import markdown_table
from tests.support.faults.rows import ROWS, Row

HEADS = ("#", "call", "what goes wrong", "how often", "what is dropped", "ends as", "is told")


def faults_table() -> str:
    """All rows, in their order, numbered from 1."""
    return markdown_table(HEADS, [_cells(number, row) for number, row in enumerate(ROWS, 1)])


def _cells(number: int, row: Row) -> tuple[str, ...]:
    fault = row.fault
    return (
        *(str(number), str(fault.call), str(fault.kind), row.how_often, str(row.dropped)),
        *(f"`{row.ends}`", f"`{row.says}`" if row.says else ""),
    )
