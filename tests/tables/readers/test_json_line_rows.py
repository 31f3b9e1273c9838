import pytest

from tables.readers.json_line_rows import MORE_LINES, LineRows, line_rows, lines_of


def _rows(text: str, *, is_all: bool = True) -> LineRows:
    return line_rows(lines_of(text.encode()), is_all=is_all)


@pytest.mark.parametrize(
    ("text", "lines"),
    [("", []), ("\n", [""]), ("a", ["a"]), ("a\r\n\rb\n\nc\r", ["a", "", "b", "", "c"])],
)
def should_end_lines_as_an_editor_does(text: str, lines: list[str]) -> None:
    assert lines_of(text.encode()) == [line.encode() for line in lines]


def should_pass_over_blank_lines_but_count_them() -> None:
    rows = _rows('\n{"a": 1}\n \t\n\n{"a": 2}\n\n')

    assert rows.places == [1, 4]
    assert rows.written == [b'{"a": 1}', b'{"a": 2}']
    assert rows.taken == 6


def should_join_a_text_with_raw_newlines_and_an_object_over_lines() -> None:
    rows = _rows('{"a": "x\n\ny}"}\n{\n"a": "z"\n}\n{"a": 1}')

    assert rows.places == [0, 3, 6]
    assert rows.written == [b'{"a": "x\n\ny}"}', b'{\n"a": "z"\n}', b'{"a": 1}']


def should_leave_the_lines_behind_a_broken_one_alone() -> None:
    rows = _rows('{"a": "x\n{"a": "y"}\n{"a": 1,\n{"a": "z"}\n')

    assert rows.places == [0, 1, 2, 3]
    assert [isinstance(each, dict) for each in rows.read] == [False, True, False, True]


def should_not_join_more_lines_than_a_person_breaks_a_text_into() -> None:
    rows = _rows('{"a": "x' + "\n" * (MORE_LINES + 1) + '"}\n')

    assert len(rows.places) == 2


def should_wait_for_more_lines_when_they_may_belong_to_the_last() -> None:
    assert _rows('{"a": 1}\n{"a": "x\n', is_all=False).taken == 1
    assert _rows('{"a": "x\n', is_all=False).taken == 0
    assert _rows('{"a": "x\n', is_all=True).taken == 1
