import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tables.readers.json_objects import (
    MAX_BATCH_CELLS,
    MAX_FIELDS,
    JsonObjects,
    ObjectFault,
    read_object,
    read_quickly,
)
from tables.rows import Cell, Written

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def _rows(*texts: str, columns: tuple[str, ...] = ()) -> tuple[list[list[Cell]], dict[int, str]]:
    written = [text.encode() for text in texts]
    cells, faults = JsonObjects(columns).rows(written, read_quickly(written))
    return [list(row) for row in cells], faults


def should_place_values_by_the_first_appearance_of_their_names() -> None:
    cells, faults = _rows('{"a": "x", "b": true}', '{"b": null, "c": "z"}', "{}", '{"a": "y"}')

    assert cells == [["x", True], [None, None, "z"], [], ["y"]]
    assert not faults


@pytest.mark.parametrize(
    "number",
    ["1", "-0", "0", "-0.0", "1.10", "1e400000", "12345678901234567890123", "NaN", "-Infinity"],
)
def should_keep_numbers_as_they_are_written(number: str) -> None:
    cells, _ = _rows(f'{{"n": {number}, "t": "a-0"}}')

    assert cells == [[number, "a-0"]]
    assert isinstance(cells[0][0], Written)


def should_keep_a_number_that_python_does_not_make_an_integer() -> None:
    assert _rows(f'{{"n": {"9" * 5000}}}')[0] == [["9" * 5000]]


@given(objects=st.lists(st.dictionaries(st.text(max_size=100), VALUES, max_size=4), max_size=4))
@settings(max_examples=40)
def should_read_what_python_writes(objects: list[dict[str, Any]]) -> None:
    cells, faults = _rows(*map(json.dumps, objects), columns=("first",))

    columns = ["first", *dict.fromkeys(key for each in objects for key in each if key != "first")]
    assert not faults
    for row, each in zip(cells, objects, strict=True):
        found = dict(zip(columns, row, strict=False))
        assert found.keys() >= each.keys()
        for key, value in each.items():
            read = found[key]
            if isinstance(value, float) and value != value:  # noqa: PLR0124  NaN
                assert read == "NaN"
            elif isinstance(value, str):
                assert read == value.encode("utf-8", "replace").decode() or "\ufffd" in str(read)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                assert read == json.dumps(value)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "1", "a": "2"}',
        '{"a": "1", "a" : "2"}',
        '{"a": "1:2", "a": "2"}',
        r'{"a": "\":", "a": "2"}',
        r'{"a": "1", "\u0061": "2"}',
    ],
)
def should_refuse_a_name_that_stands_twice(text: str) -> None:
    cells, faults = _rows('{"a": "0"}', text)

    assert (cells, list(faults)) == ([["0"], []], [1])
    assert "the field “a” twice" in faults[1]


def should_take_texts_full_of_colons_and_quotes() -> None:
    text = {"a": 'at 12:30, "note": x', "b": "http://x:80", "c": '":":'}

    assert _rows(json.dumps(text))[0] == [list(text.values())]


def should_take_raw_control_characters_and_halves_of_characters() -> None:
    cells, faults = _rows('{"a": "x\ty\x00"}', r'{"a": "\ud83d"}', r'{"a": "\ud83d\ude00\\ud800"}')

    assert cells == [["x\ty\x00"], ["\ufffd"], ["😀\\ud800"]]
    assert not faults


def should_pass_over_a_byte_order_mark() -> None:
    assert _rows('\ufeff{"a": "x"}')[0] == [["x"]]


def should_refuse_what_is_nested_too_deeply() -> None:
    _, faults = _rows(
        '{"a": ' + "[" * 60 + "]" * 60 + "}", '{"a": ' + "[" * 99_999 + "]" * 99_999 + "}"
    )

    assert faults == {0: "is nested too deeply", 1: "is nested too deeply"}


def should_bound_the_number_of_fields_and_their_names() -> None:
    many = json.dumps({f"f{number}": 1 for number in range(MAX_FIELDS)})

    _, faults = _rows(many, '{"one more": 1}', '{"f1": 2}', json.dumps({"x" * 300: 1}))

    assert list(faults) == [1, 3]
    assert "2,000 already" in faults[1]


def should_take_no_more_rows_than_make_a_batch() -> None:
    last = f'{{"f{MAX_FIELDS - 1}": "x"}}'
    names = tuple(f"f{number}" for number in range(MAX_FIELDS))

    cells, _ = _rows(*[last] * 1000, columns=names)

    assert len(cells) == MAX_BATCH_CELLS // MAX_FIELDS


def should_say_whether_more_could_make_it_an_object() -> None:
    def may_go_on(text: str) -> bool:
        with pytest.raises(ObjectFault) as fault:
            read_object(text.encode())
        return fault.value.may_go_on

    assert may_go_on('{"a": "x')
    assert may_go_on("{")
    assert may_go_on('{"a": 1, ')
    assert not may_go_on('{"a": x')
    assert not may_go_on("[")
