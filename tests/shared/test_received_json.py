import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.received_json import MOST_LEVELS, JsonFault, read_json, read_object
from tests.support.garbage import garbage


@given(garbage("other"))
def should_give_what_can_be_written_again_or_say_what_is_wrong(text: bytes) -> None:
    with suppress(JsonFault):
        value = read_json(text)
        written = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        assert read_json(written) == value


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists) | st.floats(-1e300, 1e300))
def should_read_what_json_loads_reads(value: Any) -> None:
    text = json.dumps(value)
    assert read_json(text) == read_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "is not JSON"),
        (b"<html>", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b'"\xff"', "is not UTF-8"),
        ('"\ud800"', "is not UTF-8"),
        (b'"\\ud800"', "is not JSON"),
        (b"NaN", "is not JSON"),
        (b"1e999", "has a number that is too large"),
        (b"[" * (MOST_LEVELS + 1) + b"]" * (MOST_LEVELS + 1), "is nested too deeply"),
        (b"[" * 100_000, "is nested too deeply"),
    ],
)
def should_name_the_fault_and_not_the_text(text: bytes | str, said: str) -> None:
    with pytest.raises(JsonFault, match=f"^{said}$"):
        read_json(text)


def should_read_up_to_the_most_levels() -> None:
    assert read_json(b"[" * MOST_LEVELS + b"]" * MOST_LEVELS)


@pytest.mark.parametrize("mark", ["\ufeff", ""])
def should_pass_over_a_byte_order_mark(mark: str) -> None:
    assert read_object(f'{mark}{{"a": 1}}') == read_object(f'{mark}{{"a": 1}}'.encode()) == {"a": 1}


def should_refuse_an_object_that_is_none() -> None:
    with pytest.raises(JsonFault, match="is JSON, but not an object"):
        read_object(b"[]")
