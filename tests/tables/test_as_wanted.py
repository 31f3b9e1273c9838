import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.records import MAX_LINE_BYTES
from tables.as_wanted import plan_as_wanted
from tables.decisions import RowDecisions, RowStatus
from tables.plan import ColumnMapping, RowCounts, TableFormat, TablePlan
from tables.rows import RowBatch
from tests.support.tables.held_bytes import HeldBytes

FIELDS = ("occp_text", "tasks_text")
LINE = b'{"recordId": "1", "occp_text": "nurse", "tasks_text": ""}\n'
PLAIN = b'{"occp_text": "nurse", "tasks_text": ""}\n'


def _is(content: bytes, block: int = 1 << 20) -> bool:
    source = HeldBytes(content, block=block)
    answer = plan_as_wanted(source.blocks(), FIELDS) is not None
    assert source.open_streams == 0
    return answer


def _line(**values: Any) -> bytes:
    record = {"recordId": "1", "occp_text": "nurse", "tasks_text": ""} | values
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


@pytest.mark.parametrize(
    "content",
    [
        LINE,
        LINE * 3,
        LINE[:-1],
        LINE + LINE[:-1],
        LINE.replace(b"\n", b"\r\n") * 2,
        PLAIN * 2,
        LINE.replace(b" ", b""),
        b'  {"tasks_text":"","occp_text":"a","recordId":""} \t\n',
        _line(occp_text="Bäcker — 職業"),
        _line(occp_text='says "so" \\', tasks_text='\\"\\\\"'),
        b'{"recordId": "\\u0031", "occp_text": "a\\u0022b", "tasks_text": "\\/"}\n',
        _line(occp_text="a" * 150, tasks_text="b" * 150),
        _line(occp_text="", tasks_text="nursing"),
        _line(occp_text="none of these"),
        _line(recordId="null"),
    ],
)
def should_take_lines_as_the_service_wants_them(content: bytes) -> None:
    assert _is(content)
    assert _is(content, block=7)


@pytest.mark.parametrize(
    "bad",
    [
        b"\n",
        b" \r\n",
        b"\xef\xbb\xbf" + LINE,
        LINE[:-1] + LINE,
        LINE[:-1] + b"\r" + LINE,
        LINE[:-1] + b",\n",
        b"[" + LINE,
        b"// a remark\n",
        PLAIN,
        b'{"recordId": "1", "occp_text": "nurse"}\n',
        _line(occp_text="caf\xe9").decode().encode("latin-1"),
        _line(recordId=1),
        _line(recordId=None),
        _line(occp_text=None),
        _line(occp_text=["nurse"]),
        _line(age=3),
        _line(occp_text="", tasks_text=""),
        _line(occp_text=" "),
        _line(occp_text=" nurse"),
        _line(occp_text="nurse\t"),
        _line(occp_text="a  b"),
        _line(occp_text="a\nb"),
        _line(occp_text="a\xa0b"),
        _line(tasks_text="null"),
        _line(tasks_text="N/A"),
        _line(occp_text="NaN"),
        _line(occp_text="a" * 150, tasks_text="b" * 151),
        _line(recordId="a\0"),
        _line(recordId="x" * 1001),
        _line(recordId="x" * MAX_LINE_BYTES),
        b'{"recordId": "1", "occp_text": "\\ud83d", "tasks_text": ""}\n',
        b'{"recordId": "1", "occp_text": "nurse", "occp_text": "teacher", "tasks_text": ""}\n',
        b'{"recordId": "1", "recordId": "1", "occp_text": "\\"nurse\\"", "tasks_text": ""}\n',
        b'{"recordId": "1", "occp_text": "nurse\\\\", "\\u006fccp_text": "a", "tasks_text": ""}\n',
        b'{"recordId": "1", "Occp_text": "nurse", "tasks_text": ""}\n',
        b'{"recordId": "1", "occp_text": "nu\x01rse", "tasks_text": ""}\n',
        b'{"recordId": "1", "occp_text": "nurse", "tasks_text": ""\n}\n',
    ],
    ids=lambda bad: repr(bad)[:60],
)
@pytest.mark.parametrize("before", [b"", LINE, LINE * 3000])
def should_prepare_what_is_otherwise_wherever_it_stands(bad: bytes, before: bytes) -> None:
    if not before and bad == PLAIN:
        bad += LINE

    assert not _is(before + bad)
    assert not _is(before + bad + LINE)


@pytest.mark.parametrize(("most", "wanted"), [(100, True), (99, False)])
def should_prepare_lines_of_which_one_has_more_text_than_is_taken(most: int, wanted: bool) -> None:
    content = LINE + _line(occp_text="x" * 60, tasks_text="y" * 40) + LINE

    plan = plan_as_wanted(HeldBytes(content, block=97).blocks(), FIELDS, most)

    assert (plan is not None) == wanted
    assert plan is None or plan.max_text_characters == most


def should_not_take_a_file_without_a_line() -> None:
    assert not _is(b"")
    assert plan_as_wanted([], FIELDS) is None


def should_stop_at_the_first_line_that_is_otherwise() -> None:
    source = HeldBytes(b"id,job\n" + LINE * 100_000, block=1000)

    assert plan_as_wanted(source.blocks(), FIELDS) is None
    assert source.bytes_read == 1000


def should_hold_no_line_that_does_not_end() -> None:
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b'{"recordId": "' + b"x" * (1 << 18)

    assert plan_as_wanted(endless(), FIELDS) is None
    assert read < 10


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "recordId": st.text(max_size=3),
                "occp_text": st.text(max_size=5)
                | st.sampled_from(["nurse", "a  b", "NULL", '\\"']),
                "tasks_text": st.text(max_size=5) | st.just(""),
            }
        ),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
    st.integers(1, 100),
)
def should_take_exactly_what_preparing_would_leave_as_it_is(
    records: list[dict[str, str]], ascii_only: bool, block: int
) -> None:
    lines = [json.dumps(record, ensure_ascii=ascii_only) for record in records]
    content = "\n".join(lines).encode("utf-8", "surrogatepass")
    plan = TablePlan(
        format=TableFormat.JSON_LINES,
        columns=("recordId", *FIELDS),
        mapping=ColumnMapping(fields={"occp_text": (1,), "tasks_text": (2,)}, record_id=0),
    )
    cells = [[record["recordId"], *map(record.__getitem__, FIELDS)] for record in records]
    decided = RowDecisions(plan).of(RowBatch(range(1, len(cells) + 1), list(cells), {}))
    as_they_are = (
        decided.statuses == [RowStatus.SENT] * len(records)
        and [[*texts] for texts in decided.texts] == [row[1:] for row in cells]
        and all(row[0] in ("", sent) for row, sent in zip(cells, decided.record_ids, strict=True))
    )

    assert _is(content, block) is as_they_are


@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("record_id", [True, False])
def should_plan_lines_that_go_as_they_are(end: str, record_id: bool) -> None:
    record = {"recordId": "a"} if record_id else {}
    line = json.dumps({"tasks_text": "", **record, "occp_text": "cook"})
    content = ("\n".join([line] * 300) + end).encode()

    plan = plan_as_wanted(HeldBytes(content, block=97).blocks(), FIELDS)

    assert plan is not None
    assert not plan.prepared
    assert plan.counts == RowCounts(rows=300, sent=300)
    assert plan.columns[plan.mapping.fields["occp_text"][0]] == "occp_text"
    assert plan.mapping.record_id == (1 if record_id else None)
