"""The quick checks against the careful ones: whatever they say yes to, those say yes to as well."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from protocol.quick_lines import QuickOutput, QuickRecords, TextRecords
from protocol.records import (
    MAX_LINE_BYTES,
    RecordFault,
    RecordForm,
    decode_output_line,
    has_nothing,
    is_coded,
    record_id_of,
)
from tests.support.parts import examples

FORMAT = ("occp_text", "tasks_text")
A_RECORD = b'{"recordId": "r\\u00e91", "occp_text": "K\xc3\xb6chin", "tasks_text": ""}'
A_RESULT = (
    b'{"recordId": "r1", "result": {"codeCategory": "261313", " codeLabel": "Software Engineer", '
    b'"codeConfidence": 0.98}}'
)
SUGGESTIONS = (
    b'{"id": "r2", "suggestions": [{"codeCategory": "4111", "codeLabel": "K\xc3\xb6che", '
    b'"codeConfidence": 1}]}'
)

TOKENS = st.sampled_from(
    [
        *(bytes([byte]) for byte in b'{}[]",:\\ \t\n\r\x00\x0b\x1f\x7f\x80\xff0-.e'),
        *(b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc3", b"\\ud800", b"\\ud800\\udc00", b"\\n", b"\\x"),
        *(b"{}", b"null", b"1e999", b"true", b"[" * 2000, b'"recordId": "x",', b'"id": "y",'),
        *(b'"occp_text": "again",', b'"occp_text": 1,', b'"x": "",', b'"result": {},'),
        *(b'" recordId": "z",', b'"\\u0072ecordId": "w",', b"9" * 400, b"9" * 5000, b"a" * 299),
    ]
)


@st.composite
def spoilt(draw: st.DrawFn, line: bytes, *others: bytes) -> list[bytes]:
    """Lines of a file in which something was put in, overwritten or taken out, a few times."""
    content = b"\n".join(draw(st.lists(st.sampled_from([line, *others]), min_size=1, max_size=4)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(content)))
        kept = draw(st.integers(at, min(at + 9, len(content))))
        content = content[:at] + draw(TOKENS | st.just(b"")) + content[kept:]
    return content.split(b"\n")


NOTHING = (
    b'{"recordId": "r9", "suggestions": []}',
    b'{"recordId": "r9", "suggestions": [ \t]}',
    b'{"recordId": "r9", "suggestions": null}',
    b'{"recordId": "r9"}',
)


def _quick(lines: list[bytes], input_format: tuple[str, ...] = FORMAT) -> list[str] | None:
    return QuickRecords(RecordForm(input_format)).record_ids(lines)


def _of_block(lines: list[bytes]) -> tuple[list[str], list[tuple[str, ...]]] | None:
    if not all(line.removesuffix(b"\r").endswith(b"}") for line in lines):
        return None  # as `read_block` wants them
    reader = TextRecords(FORMAT, has_record_id=b"recordId" in lines[0])
    block = b"".join(line + b"\n" for line in lines)
    return reader.read_block(block, lines=len(lines), longest=max(map(len, lines)))


def _careful(lines: list[bytes]) -> list[str] | None:
    form = RecordForm(FORMAT)
    try:
        return [form.parse(line).get("recordId", "") for line in lines]
    except RecordFault:
        return None


def _careful_output(lines: list[bytes]) -> tuple[list[str], int, int] | None:
    try:
        coded = [decode_output_line(line) for line in lines]
    except RecordFault:
        return None
    ids = [record_id_of(each) for each in coded]
    return ids, sum(map(is_coded, coded)), sum(map(has_nothing, coded))


def _line(**changes: Any) -> bytes:
    record = {"recordId": "r1", "occp_text": "nurse", "tasks_text": "", **changes}
    return json.dumps({name: value for name, value in record.items() if value is not None}).encode()


@settings(max_examples=examples(300))
@given(spoilt(A_RECORD, A_RECORD.replace(b'"recordId": "r\\u00e91", ', b"")))
@example([A_RECORD + A_RECORD])
@example([A_RECORD + b"," + A_RECORD])
@example([A_RECORD[:-1] + b', "recordId": "other"}'])
@example([b" \t" + A_RECORD + b" \r"])
def should_say_no_more_than_the_careful_check_of_input(lines: list[bytes]) -> None:
    quick = _quick(lines)

    if quick is not None:
        assert quick == _careful(lines)


@settings(max_examples=examples(300))
@given(spoilt(A_RECORD, A_RECORD.replace(b'"recordId": "r\\u00e91", ', b"")))
@example([A_RECORD + A_RECORD])
@example([A_RECORD + A_RECORD[:-1], b"}"])
@example([A_RECORD + A_RECORD, b""])
@example([A_RECORD + A_RECORD, A_RECORD.replace(b"K", b"}"), b"\r"])
@example([A_RECORD + A_RECORD[:20], A_RECORD[20:], A_RECORD])
def should_say_no_more_than_the_careful_check_when_a_block_is_read_at_once(
    lines: list[bytes],
) -> None:
    read = _of_block(lines)

    if read is not None:
        records = [json.loads(line) for line in lines]
        assert read[0] == _careful(lines)
        assert read[1] == [tuple(record[name] for name in FORMAT) for record in records]


@given(st.lists(st.tuples(st.text(max_size=9), st.text(max_size=300)), min_size=1, max_size=9))
def should_be_sure_of_good_lines_when_a_block_is_read_at_once(texts: list[tuple[str, str]]) -> None:
    lines = [_line(recordId=record_id, occp_text=text) for record_id, text in texts]
    expected = [record_id for record_id, _ in texts], [(text, "") for _, text in texts]

    assert _of_block(lines) == expected
    assert _of_block([line + b"\r" for line in lines]) == expected


@settings(max_examples=examples(300))
@given(
    spoilt(A_RESULT, SUGGESTIONS, b'{"recordId": "", "result": {}, "suggestions": []}', *NOTHING)
)
@example([A_RESULT.replace(b"0.98", b"1e999")])
@example([A_RESULT.replace(b"0.98", b"9" * 5000)])
@example([A_RESULT.replace(b"Software", b"\xff")])
@example([SUGGESTIONS.replace(b'"id": "r2"', b'"id": "r2", "recordId": "r3"')])
def should_say_no_more_than_the_careful_check_of_output(lines: list[bytes]) -> None:
    quick = QuickOutput().ids_and_counts(lines)

    if quick is not None:
        assert quick == _careful_output(lines)


@given(st.lists(st.tuples(st.text(max_size=9), st.text(max_size=300)), min_size=1, max_size=9))
def should_be_sure_of_good_lines(texts: list[tuple[str, str]]) -> None:
    lines = [_line(recordId=record_id, occp_text=text) + b"\r" for record_id, text in texts]

    assert _quick(lines) == [record_id for record_id, _ in texts]


def should_be_sure_of_good_lines_without_record_ids() -> None:
    assert _quick([_line(recordId=None)] * 3) == ["", "", ""]
    assert _quick([b'{"text": "nurse"}'], ("text",)) == [""]


@pytest.mark.parametrize(
    "lines",
    [
        [_line(), _line(recordId=None)],
        [_line(recordId=None), _line()],
        [_line(occp_text=7)],
        [_line(tasks_text=None)],
        [_line(other="")],
        [_line(), b""],
        [b"", _line()],
        [b"\xef\xbb\xbf" + _line()],
        [_line(occp_text="a" * 200, tasks_text="b" * 101)],
        [_line(recordId=None), b'{"occp_text":"","tasks_text":"%b"}' % (b"a" * 301)],
        [_line(), _line(occp_text="護" * 301)],
        [_line(recordId="r" * MAX_LINE_BYTES)],
    ],
)
def should_not_be_sure_when_a_line_is_faulty(lines: list[bytes]) -> None:
    assert _quick(lines) is None
    assert _of_block(lines) is None
    assert _careful(lines) is None


def should_not_take_an_id_or_bytes_for_text_when_a_line_is_long() -> None:
    lines = [
        _line(recordId="r" * 5000),
        '{"recordId": "", "occp_text": "護", "tasks_text": "護"}'.replace(
            "護", "護" * 150
        ).encode(),
        _line(occp_text="\x01" * 300),
    ]

    assert _quick(lines) == _careful(lines) == ["r" * 5000, "", "r1"]
    read = _of_block(lines)
    assert read is not None
    assert read[0] == ["r" * 5000, "", "r1"]


def should_keep_to_what_the_first_lines_had() -> None:
    quick = QuickRecords(RecordForm(FORMAT))

    assert quick.record_ids([_line()]) == ["r1"]
    assert quick.record_ids([_line(recordId=None)]) is None
    assert quick.record_ids([_line(recordId="r2")]) == ["r2"]


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb"])
def should_leave_lines_to_the_careful_check_when_a_field_has_a_strange_name(name: str) -> None:
    line = json.dumps({name: "nurse"}).encode()

    assert _quick([line], (name,)) is None
    assert RecordForm((name,)).parse(line) == {name: "nurse"}


def should_be_sure_of_output_as_documented() -> None:
    quick = QuickOutput()
    without_slips = A_RESULT.replace(b'" codeLabel', b'"codeLabel') + b"\r"

    assert quick.ids_and_counts([A_RESULT, without_slips]) == (["r1", "r1"], 2, 0)
    assert quick.ids_and_counts([SUGGESTIONS]) == (["r2"], 0, 0)


@pytest.mark.parametrize("line", NOTHING)
def should_count_a_line_that_suggests_nothing_apart(line: bytes) -> None:
    assert QuickOutput().ids_and_counts([A_RESULT, line, line]) == (["r1", "r9", "r9"], 1, 2)
    assert has_nothing(decode_output_line(line.replace(b'"sugg', b'" sugg')))


@pytest.mark.parametrize("line", [b"", b"[]", b"x" * (MAX_LINE_BYTES + 1), b'{"result": {}}'])
def should_not_be_sure_of_unusual_output(line: bytes) -> None:
    assert QuickOutput().ids_and_counts([A_RESULT, line]) is None
