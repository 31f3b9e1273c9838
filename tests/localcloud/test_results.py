"""What came back is held against what was dropped, row by row."""

from collections.abc import Sequence

import pytest

from localcloud.tables import LocalTable, TableRow, changed_rows

DROPPED = [("nurse", "7"), ("cook", ""), ("", "3")]


def table(rows: Sequence[tuple[str, ...]], *columns: str, readable: bool = True) -> LocalTable:
    return LocalTable(
        columns, tuple(TableRow(n, cells, readable) for n, cells in enumerate(rows, 2))
    )


def should_find_nothing_when_each_row_came_back_with_more_columns() -> None:
    coded = [(*cells, "2544") for cells in DROPPED]
    assert (
        changed_rows(table(DROPPED, "job", "age"), table(coded, "job", "age", "anzsco_code")) == []
    )


def should_take_an_empty_cell_for_one_that_is_not_there() -> None:
    short = [("nurse", "7"), ("cook",), ("", "3")]
    assert changed_rows(table(short, "job", "age"), table(DROPPED, "job", "age")) == []


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (DROPPED[:2], "rows of the table: 3 here, 2 there"),
        ([DROPPED[1], DROPPED[0], DROPPED[2]], "row 2 came back with other cells"),
        ([DROPPED[0], DROPPED[1], ("", "4")], "row 4 came back with other cells"),
    ],
)
def should_say_which_row_when_one_is_lost_moved_or_changed(
    returned: list[tuple[str, ...]], said: str
) -> None:
    assert changed_rows(table(DROPPED, "job", "age"), table(returned, "job", "age"))[0] == said


def should_not_compare_a_row_that_could_not_be_read() -> None:
    dropped = table([("{nurse",)], "job", readable=False)
    assert changed_rows(dropped, table([("",)], "job")) == []
