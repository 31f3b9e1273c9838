"""Lines of data files: cut anywhere, read as the developer guide says, written back."""

import csv
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_service.amazon_ml.work.csv_lines import (
    MAX_LINE_BYTES,
    CsvLineFault,
    LineForm,
    header_of,
    owned_lines,
    values_of,
    written,
)

LONG = b"x" * (MAX_LINE_BYTES + 1)


def blocks(content: bytes, start: int, size: int) -> Iterator[bytes]:
    for at in range(start, len(content), size):
        yield content[at : at + size]


def lines(content: bytes, cuts: list[int], block: int) -> list[bytes | None]:
    """The lines of every range that the cuts make, one after the other."""
    ends = [*sorted({cut for cut in cuts if 0 < cut < len(content)}), len(content)]
    found: list[bytes | None] = []
    start = 0
    for end in ends:
        found += owned_lines(blocks(content, max(start - 1, 0), block), start=start, end=end)
        start = end
    return found


@given(
    content=st.lists(st.sampled_from([b"a", b"b,", b"\n", b"\r\n", b'"'])).map(b"".join),
    cuts=st.lists(st.integers(0, 40)),
    block=st.integers(1, 7),
)
def should_give_each_line_to_one_range_wherever_the_file_is_cut(
    content: bytes, cuts: list[int], block: int
) -> None:
    whole = content.split(b"\n")
    if whole[-1] == b"":
        whole.pop()
    assert lines(content, cuts, block) == [line.removesuffix(b"\r") for line in whole]


@pytest.mark.parametrize("block", [1_000, MAX_LINE_BYTES, 1 << 20])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def should_give_none_for_a_line_that_is_too_long(block: int, end: bytes) -> None:
    content = b"a\n" + LONG + b"\n" + LONG * 3 + b"\nb\n" + LONG + end
    cuts = [1, 2, 3, 200_000, 300_000, len(content) - 1]
    assert lines(content, cuts, block) == [b"a", None, None, b"b", None]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def should_take_a_line_of_exactly_the_limit(end: bytes) -> None:
    content = LONG[:-1] + end
    assert lines(content, [], 1_000) == [LONG[:-1]]
    assert values_of(LONG[:-1]) == [LONG[:-1].decode()]


def should_not_read_on_when_the_range_is_over() -> None:
    def once() -> Iterator[bytes]:
        yield b"a\nb\nc\n"
        raise AssertionError("read on")

    assert list(owned_lines(once(), start=0, end=3)) == [b"a", b"b"]


@pytest.mark.parametrize(
    ("line", "values"),
    [
        (b"", [""]),
        (b"a,b", ["a", "b"]),
        (b'"a, b",c', ["a, b", "c"]),
        (b'"say ""x""",', ['say "x"', ""]),
        ("bäcker,é".encode(), ["bäcker", "é"]),
        (b'5" pipe,x', ['5" pipe', "x"]),
    ],
)
def should_read_values(line: bytes, values: list[str]) -> None:
    assert values_of(line) == values


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (None, "100 KB"),
        (b"\xff,a", "UTF-8"),
        (b'"open,a', "quotes"),
        (b'"a"b,c', "quotes"),
        (b"a,b", "2 values; the schema has 3"),
        (b"a,b,c,d", "4 values"),
    ],
)
def should_say_why_a_line_is_no_observation(line: bytes | None, why: str) -> None:
    with pytest.raises(CsvLineFault, match=why):
        LineForm(3, (1,), None).read(line)


def should_take_the_models_fields_in_its_order() -> None:
    observation = LineForm(4, (3, 1), 0).read(b"id,b,c,d")
    assert observation.texts == ("d", "b")
    assert observation.tag == "id"
    assert LineForm(4, (3, 1), None).read(b"id,b,c,d").tag == ""


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"))


@given(st.lists(TEXT, min_size=2))
def should_write_values_that_are_read_back(values: list[str]) -> None:
    line = ",".join(map(written, values))
    assert values_of(line.encode()) == values
    assert next(csv.reader([line], strict=True)) == values


def should_name_the_classes_in_the_header() -> None:
    assert header_of(["11", "1,2"], tagged=True) == 'tag,11,"1,2"\n'
    assert header_of(["11", "12"], tagged=False) == "11,12\n"
