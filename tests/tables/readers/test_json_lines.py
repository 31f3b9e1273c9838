import json
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.errors import EncodingAssumed, TableRefused
from tables.plan import ColumnMapping, TableFormat, TablePlan
from tables.readers.json_lines import JsonLines
from tables.rows import RowBatch
from tests.support.tables.held_bytes import HeldBytes

PLAN = TablePlan(
    format=TableFormat.JSON_LINES, columns=(), mapping=ColumnMapping(fields={}, record_id=None)
)
LINES = st.lists(
    st.dictionaries(st.sampled_from("abcd"), st.text(max_size=5), max_size=3).map(json.dumps)
    | st.sampled_from(
        ["", "  ", "nothing", '{"a": "x', 'y"}', "{", '"b": 1', "}", '{"a": "é漢😀"}']
    )
)


def _of(content: bytes, plan: TablePlan = PLAN, **settings: Any) -> list[RowBatch]:
    return list(JsonLines(HeldBytes(content, block=999), plan, **settings).rows())


def _told(batches: list[RowBatch]) -> list[tuple[int, list[Any], bytes, str | None]]:
    return [
        (number, list(cells), written, batch.faults.get(place))
        for batch in batches
        for place, (number, cells, written) in enumerate(
            zip(batch.numbers, batch.cells, batch.written or (), strict=True)
        )
    ]


@given(
    lines=LINES,
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-16-le", "gb18030"]),
    batch_bytes=st.integers(2, 60).map(lambda half: 2 * half),
)
def should_read_the_same_rows_whatever_the_batches_and_wherever_it_is_taken_up(
    lines: list[str], end: str, encoding: str, batch_bytes: int
) -> None:
    content = (end.join(lines)).encode(encoding)
    plan = replace(PLAN, encoding=encoding)

    reader = JsonLines(HeldBytes(content, block=9), plan, batch_bytes=batch_bytes)
    batches = list(reader.rows())

    assert _told(batches) == _told(_of(content, plan))
    for place, batch in enumerate(batches):
        again = JsonLines(HeldBytes(content, block=7), plan, batch_bytes=batch_bytes)
        more = list(again.rows(json.loads(json.dumps(batch.state))))
        assert _told(more) == _told(batches[place + 1 :])
        assert [each.state for each in more] == [each.state for each in batches[place + 1 :]]
        assert again.columns == reader.columns


def should_number_rows_by_their_lines_and_keep_what_is_no_object() -> None:
    rows = _told(_of(b'\n{"a": "x\ny"}\r\n\r\nnurse\r{"a": 1,}\n{"b": 2}'))

    assert [(number, written) for number, _, written, _ in rows] == [
        (2, b'{"a": "x\ny"}'),
        (5, b"nurse"),
        (6, b'{"a": 1,}'),
        (7, b'{"b": 2}'),
    ]
    assert [bool(fault) for *_, fault in rows] == [False, True, True, False]


@pytest.mark.parametrize("length", [1_048_577, 1_500_000, 5_000_000])
def should_refuse_a_line_that_is_too_long_in_little_memory(length: int) -> None:
    line = b'{"a": "' + b"x" * (length - 9) + b'"}'
    content = b'{"a": 1}\r\n' + line + b'\r\n{"a": 2}\n'
    tracemalloc.start()

    rows = _told(_of(content))

    assert tracemalloc.get_traced_memory()[1] < 30 * (1 << 20)
    tracemalloc.stop()
    assert [number for number, *_ in rows] == [1, 2, 3]
    assert f"is {length:,} bytes long" in (rows[1][3] or "")
    assert rows[1][2] == line[:1000]


def should_ask_for_the_fallback_or_name_the_line() -> None:
    content = b'{"a": 1}\n{"a": "caf\xe9"}\n'

    with pytest.raises(EncodingAssumed):
        _of(content, fallback="cp1252")
    with pytest.raises(TableRefused, match="Line 2 has a byte"):
        _of(content)


def should_collect_values_that_an_assumed_encoding_affects() -> None:
    plan = replace(PLAN, encoding="cp1252", encoding_assumed=True)
    reader = JsonLines(HeldBytes('{"a": "x"}\n{"a": "é", "b": "ü"}'.encode("cp1252")), plan)

    assert [list(row) for batch in reader.rows() for row in batch.cells] == [["x"], ["é", "ü"]]
    assert reader.assumed_examples == ["é", "ü"]
