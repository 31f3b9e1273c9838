import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.writers.csv_text import CsvText

cells = st.text(st.sampled_from('a ,;\t|"\r\n\\'), max_size=5) | st.text(max_size=3)


@given(st.lists(st.lists(cells, min_size=2, max_size=4)), st.sampled_from(",;\t|"))
def should_write_rows_that_are_read_as_the_same_cells(
    rows: list[list[str]], separator: str
) -> None:
    lines = CsvText(separator).rows(rows)
    text = "".join(line + "\n" for line in lines)
    found = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    assert list(found) == rows


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        *(("plain", "plain"), ("two words", "two words"), ("", ""), ("=1+1", "=1+1")),
        *(("a;b", '"a;b"'), ("a,b", "a,b"), ('the "big"', '"the ""big"""')),
        *(("a\nb", '"a\nb"'), ("a\rb", '"a\rb"'), (" a ", " a "), ("\0", "\0")),
    ],
)
def should_put_quotes_only_where_they_are_needed(cell: str, written: str) -> None:
    text = CsvText(";")
    assert text.rows([[cell, "x"]]) == [f"{written};x"]
    assert text.rows([["x", cell], ['"', "y"]]) == [f"x;{written}", '"""";y']


def should_write_empty_rows_as_nothing() -> None:
    assert CsvText(",").rows([[], ["a"], [""], ['"']]) == ["", "a", "", '""""']
    assert CsvText(",").rows([]) == []
