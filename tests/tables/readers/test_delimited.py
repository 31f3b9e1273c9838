import json
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.errors import EncodingAssumed, TableRefused
from tables.plan import ColumnMapping, TableFormat, TablePlan
from tables.readers.delimited import DelimitedText
from tables.rows import RowBatch
from tests.support.tables.held_bytes import HeldBytes

PLAN = TablePlan(
    format=TableFormat.CSV,
    columns=("id", "job"),
    mapping=ColumnMapping(fields={"occp_text": (1,)}, record_id=0),
    header_row=1,
)
HEADER = "id,job\n"
CELLS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(',;\t|"\r\n =é漢'))
TABLES = st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=6)


def _reader(content: bytes, plan: TablePlan = PLAN, **settings: Any) -> DelimitedText:
    header_end = len(HEADER.encode(plan.encoding)) + plan.bom_bytes
    source = HeldBytes(content, block=5 + len(content) // 99)
    return DelimitedText(source, replace(plan, header_end=header_end), **settings)


def _csv(table: list[list[str]], separator: str, end: str) -> str:
    return "".join(separator.join(map(_cell, row)) + end for row in table)


def _cell(text: str) -> str:
    """With quotes unless it has letters alone: Python's writer leaves some out that are needed."""
    return text if text.isalpha() else '"{}"'.format(text.replace('"', '""'))


def _of(text: str, **settings: Any) -> list[RowBatch]:
    return list(_reader((HEADER + text).encode(), **settings).rows())


def _cells(batches: list[RowBatch]) -> list[list[Any]]:
    return [list(row) for batch in batches for row in batch.cells]


def _numbers(batches: list[RowBatch]) -> list[int]:
    return [number for batch in batches for number in batch.numbers]


@given(
    table=TABLES,
    separator=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "gb18030"]),
    batch_bytes=st.integers(2, 90).map(lambda half: 2 * half),
)
def should_give_the_cells_that_were_written_whatever_they_hold(
    table: list[list[str]], separator: str, end: str, encoding: str, batch_bytes: int
) -> None:
    content = (HEADER + _csv(table, separator, end)).encode(encoding)
    plan = replace(PLAN, separator=separator, encoding=encoding)

    reader = _reader(content, plan, batch_bytes=batch_bytes)
    batches = list(reader.rows())

    assert _cells(batches) == table
    for batch in batches:  # taken up behind any batch, all is the same
        state = json.loads(json.dumps(batch.state))
        more = list(_reader(content, plan, batch_bytes=batch_bytes).rows(state))
        following = batches[batches.index(batch) + 1 :]
        assert [(each.cells, each.state, list(each.numbers)) for each in more] == [
            (each.cells, each.state, list(each.numbers)) for each in following
        ]


@given(text=st.text('a,"\n\r', max_size=60), batch_bytes=st.integers(4, 70))
def should_number_rows_by_the_lines_of_an_editor(text: str, batch_bytes: int) -> None:
    def numbers(size: int) -> list[int] | str:
        try:
            return _numbers(_of(text, batch_bytes=size))
        except TableRefused as refused:
            return refused.reason

    assert numbers(batch_bytes) == numbers(1 << 16)


def should_count_lines_inside_of_cells_and_of_the_header() -> None:
    plan = replace(PLAN, columns=("id", "job\n(now)"), header_row=3, header_end=0)
    text = '1,"a\r\nb"\n\n2,c\n'

    rows = list(DelimitedText(HeldBytes(text.encode()), plan).rows())

    assert _numbers(rows) == [5, 7, 8]
    assert _cells(rows) == [["1", "a\r\nb"], [], ["2", "c"]]


def should_keep_ragged_rows_as_they_are() -> None:
    assert _cells(_of("1\n\n2,a,b,c\n,\n")) == [["1"], [], ["2", "a", "b", "c"], ["", ""]]


def should_end_lines_at_newlines_and_returns_alone() -> None:
    assert _cells(_of("1,a\u2028b\x0bc\x85d\n2,e")) == [["1", "a\u2028b\x0bc\x85d"], ["2", "e"]]


def should_name_the_line_where_a_quote_opens_that_is_never_closed() -> None:
    with pytest.raises(TableRefused) as refused:
        _of('1,a\n2,"x\ny"\n3,"p\nq","b\n4,c\n' + "5,d\n" * 20)

    assert "quote that opens in line 6 is never closed" in refused.value.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1,a\n" * 9 + '2,"b\n' + "3,c\n" * 300_000, "opens in line 11 is not closed within"),
        ("1,a\n" + "x" * 2_000_000, "row in line 3 is longer than 1,048,576 bytes"),
        ("1,a\n" + "," * 1_100_000, "row in line 3 is longer than 1,048,576 bytes"),
    ],
)
def should_refuse_a_row_without_an_end_in_little_memory(text: str, reason: str) -> None:
    content = (HEADER + text).encode()
    tracemalloc.start()

    with pytest.raises(TableRefused, match=reason):
        list(_reader(content).rows())

    assert tracemalloc.get_traced_memory()[1] < 100 * (1 << 20)
    tracemalloc.stop()


def should_ask_for_the_fallback_at_the_first_byte_that_is_not_utf_8() -> None:
    content = (HEADER + "1,cook\n" * 20_000).encode() + b"2,caf\xe9\n"
    reader = _reader(content, fallback="cp1252")
    given_out: list[RowBatch] = []

    with pytest.raises(EncodingAssumed) as assumed:
        given_out.extend(reader.rows())

    assert assumed.value.encoding == "cp1252"
    assert given_out


def should_collect_three_values_that_an_assumed_encoding_affects() -> None:
    plan = replace(PLAN, encoding="cp1252", encoding_assumed=True)
    texts = ["Koch", "Bäcker", "infirmière", "Bäcker", "“chef”", "garçon"]
    content = (HEADER + "".join(f"1,{text}\n" for text in texts)).encode("cp1252")
    reader = _reader(content, plan, batch_bytes=20)

    states = [batch.state or {} for batch in reader.rows()]

    assert reader.assumed_examples == ["Bäcker", "infirmière", "“chef”"]
    assert states[0]["examples"] == ["Bäcker"]


def should_close_its_source_when_nobody_reads_on() -> None:
    source = HeldBytes((HEADER + "1,a\n" * 9).encode(), block=5)
    rows = DelimitedText(source, replace(PLAN, header_end=len(HEADER)), batch_bytes=8).rows()

    next(rows)
    rows.close()  # type: ignore[attr-defined]

    assert source.open_streams == 0
