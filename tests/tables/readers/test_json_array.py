import json
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables.errors import EncodingAssumed, TableRefused
from tables.plan import ColumnMapping, TableFormat, TablePlan
from tables.readers.json_array import JsonArray
from tables.rows import RowBatch
from tests.support.tables.held_bytes import HeldBytes

PLAN = TablePlan(
    format=TableFormat.JSON_ARRAY, columns=(), mapping=ColumnMapping(fields={}, record_id=None)
)
NESTED = st.lists(st.fixed_dictionaries({"x": st.sampled_from(["},{", "é漢", "]"])}), max_size=3)
ELEMENTS = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.text(max_size=4) | NESTED, max_size=3)
    | st.sampled_from([17, "nurse", [{"a": 1}, {"b": 2}], None]),
    max_size=8,
)


def _of(content: bytes, plan: TablePlan = PLAN, **settings: Any) -> list[RowBatch]:
    return list(JsonArray(HeldBytes(content, block=999), plan, **settings).rows())


def _told(batches: list[RowBatch]) -> list[tuple[int, list[Any], bytes, str | None]]:
    return [
        (number, list(cells), written, batch.faults.get(place))
        for batch in batches
        for place, (number, cells, written) in enumerate(
            zip(batch.numbers, batch.cells, batch.written or (), strict=True)
        )
    ]


@given(
    elements=ELEMENTS,
    indent=st.sampled_from([None, 0, 1]),
    encoding=st.sampled_from(["utf-8", "utf-16-le", "gb18030", "cp1252"]),
    batch_bytes=st.integers(2, 60).map(lambda half: 2 * half),
)
def should_give_each_element_in_order_and_be_taken_up_behind_any_batch(
    elements: list[Any], indent: int | None, encoding: str, batch_bytes: int
) -> None:
    texts = [json.dumps(each, ensure_ascii=encoding == "cp1252") for each in elements]
    separator = "," if indent is None else " ,\r\n" + " " * indent
    content = f" [{separator.join(texts)}\n] ".encode(encoding)
    plan = replace(PLAN, encoding=encoding)

    batches = list(JsonArray(HeldBytes(content, block=9), plan, batch_bytes=batch_bytes).rows())

    told = _told(batches)
    assert [number for number, *_ in told] == list(range(1, len(elements) + 1))
    assert [written.decode() for _, _, written, _ in told] == texts
    assert [fault is None for *_, fault in told] == [isinstance(e, dict) for e in elements]
    for place, batch in enumerate(batches):
        again = JsonArray(HeldBytes(content, block=7), plan, batch_bytes=batch_bytes)
        more = list(again.rows(json.loads(json.dumps(batch.state))))
        assert _told(more) == _told(batches[place + 1 :])
        assert [each.state for each in more] == [each.state for each in batches[place + 1 :]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"a": 1}, {"a": 2}', "ends within its list, behind object 2"),
        ('[{"a": 1}, {"a": "x', "ends within its list, behind object 1"),
        ('[{"a": 1},', "ends within its list, behind object 1"),
        ("[", "ends within its list, before its first object"),
        ('[{"a": 1}, {"a": 2}, ]', "A comma stands behind the last object, number 2"),
        ('[{"a": 1}]\n[{"a": 2}]', 'behind the end of the list: “[{"a": 2}]”'),
        ('[{"a": 1}] x', "behind the end of the list: “x”"),
        ('[{"a": 1} {"a": 2}]', "Behind object 1 of the list stands"),
        ('[{"a": 1}, nurse]', "Where object 2 of the list should begin stands “nurse]”"),
        ('[{"a": 1}, {"a": 2,}]', "Object 2 of the list has a comma behind its last value"),
        ("[{'a': 1}]", "Object 1 of the list has single quotes"),
        ('{"a": 1}', "does not begin with a list"),
        ('[{"a": ' + "[" * 99_999, "Object 1 of the list is nested too deeply"),
    ],
)
def should_say_what_is_wrong_with_the_list(text: str, words: str) -> None:
    with pytest.raises(TableRefused) as refused:
        _of(text.encode())

    assert words in refused.value.reason
    assert len(refused.value.reason) < 200


def should_take_an_empty_list() -> None:
    assert _of(b" [ ] \n") == []


def should_refuse_an_object_whose_name_stands_twice_and_go_on() -> None:
    told = _told(_of(b'[{"a": 1, "a": 2}, {"a": NaN}]'))

    assert "twice" in (told[0][3] or "")
    assert told[1][1:] == (["NaN"], b'{"a": NaN}', None)


def should_refuse_an_object_that_is_too_long_in_little_memory() -> None:
    content = b'[{"a": 1}, {"a": "' + b"x" * 5_000_000 + b'"}]'
    tracemalloc.start()

    with pytest.raises(TableRefused, match=r"Object 2 of the list is longer than 1,048,576 bytes"):
        _of(content)

    assert tracemalloc.get_traced_memory()[1] < 40 * (1 << 20)
    tracemalloc.stop()


def should_refuse_the_row_of_an_object_that_is_little_too_long() -> None:
    told = _told(_of(b'[{"a": "' + b"x" * 1_200_000 + b'"}, {"a": 2}]'))

    assert "bytes long" in (told[0][3] or "")
    assert told[1][1] == ["2"]


def should_ask_for_the_fallback_or_name_the_line() -> None:
    content = b'[{"a": 1},\n{"a": "caf\xe9"}]'

    with pytest.raises(EncodingAssumed):
        _of(content, fallback="cp1252")
    with pytest.raises(TableRefused, match="Line 2 has a byte"):
        _of(content)
