import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tables.readers.csv_rows import rows_of_lines, rows_of_text, rows_of_utf8

SEPARATORS = st.sampled_from(",;\t|")


def _by_the_module(text: str, separator: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))


@given(
    text=st.text(',;"\r\nab漢\u2028\x0c', max_size=40), separator=SEPARATORS, is_flat=st.booleans()
)
@example(text='"a"b,c\n', separator=",", is_flat=True)
@example(text='a,"b\r\nc"\r\n\r\nd', separator=",", is_flat=True)
@example(text="\n\na,b\n", separator=",", is_flat=True)
def should_read_as_python_does(text: str, separator: str, is_flat: bool) -> None:
    found = rows_of_text(text, separator, is_flat=is_flat)

    last = [] if found.open_row is None else [found.open_row]
    assert found.rows + last == _by_the_module(text, separator)
    if text and (of_bytes := rows_of_utf8(text.encode(), separator)):
        assert (of_bytes.rows, list(of_bytes.ends)) == (found.rows, list(found.ends))
        assert found.open_row is None


@given(text=st.text(',"\r\nab', max_size=40))
def should_know_the_line_at_which_each_row_begins(text: str) -> None:
    found = rows_of_text(text, ",")

    lines = io.StringIO(text, newline="").readlines()
    for row, number in zip(found.rows, found.numbers(1), strict=True):
        assert _by_the_module("".join(lines[number - 1 :]), ",")[0] == row
    assert (found.open_row is None) is (found.lines == len(lines))


@pytest.mark.parametrize("text", ['a,"b', '"', 'a\n"b\n', 'a\nx,"b"",\n'])
def should_tell_a_row_whose_quote_is_not_closed(text: str) -> None:
    assert rows_of_text(text, ",").open_row is not None


def should_read_the_first_rows_alone() -> None:
    found = rows_of_lines(io.StringIO('a\n"b\n"\nc\n', newline=""), ",", most=2)

    assert (found.rows, list(found.ends), found.open_row) == ([["a"], ["b\n"]], [1, 3], None)


def should_take_a_cell_that_is_longer_than_python_takes_by_default() -> None:
    text = '"{}",b\n'.format("x" * 200_000)

    assert [len(cell) for cell in rows_of_text(text, ",").rows[0]] == [200_000, 1]
