"""Texts sent once: what comes back is what would have come without, wherever a run was cut."""

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tables import distinct_rows
from tables import open_table as opening
from tables.coded.expanded_output import ExpandedOutput
from tables.dictionary.dictionary import Dictionary
from tables.errors import RowsDisagree
from tables.join import CodedTable
from tables.open_table import open_table
from tables.plan import TableFormat, TableOptions, TablePlan
from tables.prepare import Preparation
from tables.readers.delimited import DelimitedText
from tables.readers.json_opening import READERS
from tests.support.tables.coding import (
    CODED,
    FIELDS,
    MODEL,
    OPTIONS,
    SUGGESTED,
    TOPIC,
    prepared,
    resumed,
    streamed,
    workbook,
)
from tests.support.tables.dictionaries import a_dictionary, an_entry
from tests.support.tables.held_bytes import HeldBytes

MANY = settings(max_examples=60, deadline=None)
FORMS = (TableFormat.CSV, TableFormat.JSON_LINES, TableFormat.JSON_ARRAY)
JOBS = ("", "cook", "cuisinière 漢", 'the "chef"', "n/a", "long " * 80, 'a recordId":"1')

rows = st.lists(
    st.tuples(st.sampled_from(JOBS), st.sampled_from(["", "duty"]), st.text('a é"\\/', max_size=3)),
    min_size=1,
    max_size=30,
)
Write = Callable[[str, dict[str, Any]], str]


def _as_documented(record_id: str, answer: dict[str, Any]) -> str:
    return json.dumps({"recordId": record_id, **answer}, ensure_ascii=False)


WAYS: dict[str, Write] = {
    "as documented": _as_documented,
    "in ASCII": lambda record_id, answer: json.dumps({"recordId": record_id, **answer}),
    "with a slip": lambda record_id, answer: json.dumps(
        {" id": record_id, **answer}, ensure_ascii=False
    ),
    "its id last": lambda record_id, answer: json.dumps(
        {**answer, "more": {"id": "7", "recordId": "7"}, "recordId": record_id},
        ensure_ascii=False,
    ),
}
"""How a service may write its lines."""


def answered(lines: bytes, write: Write = _as_documented) -> bytes:
    """What a service says: the same of the same texts."""
    made = []
    for record in map(json.loads, lines.splitlines()):
        texts = [record[name] for name in FIELDS]
        number = zlib.crc32(repr(texts).encode())
        answer: dict[str, Any] = {"suggestions": SUGGESTED}
        if number % 2:
            answer = {"result": CODED | {"codeCategory": f"{number % 10**6:06}"}}
        made.append(write(record["recordId"], answer) + "\n")
    return "".join(made).encode()


def table_of(found: Sequence[tuple[str, str, str]], form: TableFormat) -> bytes:
    """Rows, with ids and without."""
    named = [{"job": job, "duties": task, "id": own} for job, task, own in found]
    if form is TableFormat.JSON_ARRAY:
        return json.dumps(named).encode()
    if form is TableFormat.JSON_LINES:
        return "\n".join(map(json.dumps, named)).encode()
    cells = [['"' + cell.replace('"', '""') + '"' for cell in row] for row in found]
    return "\n".join(["job;duties;id", *map(";".join, cells)]).encode()


def prepared_in_steps(
    content: bytes,
    form: TableFormat,
    options: TableOptions,
    chunk_bytes: int,
    dictionary: Dictionary | None = None,
) -> tuple[TablePlan, bytes]:
    """Begun anew behind each chunk, by its state as JSON keeps it; each run reads other batches."""
    state, lines = None, b""
    while True:
        source = HeldBytes(content)
        _, plan = open_table(source, form, options)
        with in_batches(chunk_bytes + len(lines) % 97):
            preparation = Preparation(source, plan, options, state, dictionary=dictionary)
            chunk = next(preparation.chunks(chunk_bytes), None)
        if chunk is None:
            return preparation.finished_plan(), lines
        lines += chunk.content
        state = json.loads(json.dumps(chunk.state))


def expanded_in_steps(expanded: ExpandedOutput, chunk_bytes: int) -> bytes:
    """The same of an output."""
    state, content = None, b""
    while True:
        with in_batches(chunk_bytes + len(content) % 97):
            chunk = next(expanded.chunks(chunk_bytes, state), None)
        if chunk is None:
            return content
        content += chunk.content
        state = json.loads(json.dumps(chunk.state))


@contextmanager
def in_batches(of_bytes: int) -> Iterator[None]:
    """Readers give a few rows at a time."""
    readers = {form: partial(reader, batch_bytes=of_bytes) for form, reader in READERS.items()}
    with (
        patch.object(opening, "READERS", readers),
        patch.object(opening, "DelimitedText", partial(DelimitedText, batch_bytes=of_bytes)),
    ):
        yield


@MANY
@given(
    found=rows,
    form=st.sampled_from(FORMS),
    window=st.integers(1, 12),
    chunk_bytes=st.integers(1, 300),
    ends_line=st.booleans(),
    dictionary=st.sampled_from(
        [None, a_dictionary(an_entry("Cook", "duty"), an_entry('a recordId":"1'))]
    ),
)
def should_give_all_back_as_without_when_texts_are_sent_once(
    *,
    found: list[tuple[str, str, str]],
    form: TableFormat,
    window: int,
    chunk_bytes: int,
    ends_line: bool,
    dictionary: Dictionary | None,
) -> None:
    content = table_of([*found, ("cook", "", "x"), ("cook", "", "y")], form)
    source = HeldBytes(content)
    without, all_lines = prepared(source, form, OPTIONS, dictionary)
    options = replace(OPTIONS, distinct_window=window)

    plan, lines = prepared_in_steps(content, form, options, chunk_bytes, dictionary)

    assert (plan, lines) == prepared(source, form, options, dictionary)
    assert set(lines.splitlines()) <= set(all_lines.splitlines())
    assert lines.count(b"\n") == plan.counts.records <= all_lines.count(b"\n")
    assert replace(plan.counts, repeated=0) == without.counts
    for name, write in WAYS.items():
        out, wanted = answered(lines, write), answered(all_lines, write)
        if not ends_line:
            out, wanted = out.removesuffix(b"\n"), wanted.removesuffix(b"\n")
        expansion = ExpandedOutput(source, plan, HeldBytes(out), dictionary)
        expanded = expanded_in_steps(expansion, chunk_bytes)
        if name != "in ASCII" or plan.counts.records == len(expanded.splitlines()):
            assert expanded == wanted, name
        assert list(map(json.loads, expanded.splitlines())) == list(
            map(json.loads, wanted.splitlines())
        )
        assert expanded.endswith(b"\n") is ends_line
    tables = [
        CodedTable(
            *(source, each, HeldBytes(answered(all_lines))),
            topic=TOPIC,
            model=MODEL,
            dictionary=dictionary,
        )
        for each in (without, plan)
    ]
    assert streamed(tables[0], form) == resumed(tables[1], form, chunk_bytes)


def should_send_each_text_once_when_rows_repeat_it() -> None:
    found = [(job, "duty", "") for job in ("cook", "nurse", "cook", "", "driver") * 20]
    options = replace(OPTIONS, distinct_window=1000)

    plan, lines = prepared(HeldBytes(table_of(found, FORMS[0])), FORMS[0], options)

    assert [json.loads(line)["recordId"] for line in lines.splitlines()] == ["2", "3", "5", "6"]
    assert (plan.counts.sent, plan.counts.records, plan.counts.repeated) == (100, 4, 96)


def should_not_look_for_repeats_for_a_while_when_a_window_has_few() -> None:
    jobs = [f"job {number}" for number in range(20)]
    found = [(job, "", "") for job in [*jobs, *["cook"] * 20 * 9, *["nurse"] * 20]]
    options = replace(OPTIONS, distinct_window=20)
    source = HeldBytes(table_of(found, FORMS[0]))

    plan, lines = prepared(source, FORMS[0], options)

    assert distinct_rows.IDLE_WINDOWS == 9
    assert lines.count(b'"cook"') == 180
    assert lines.count(b'"nurse"') == 1
    assert prepared_in_steps(table_of(found, FORMS[0]), FORMS[0], options, 64) == (plan, lines)
    expanded = ExpandedOutput(source, plan, HeldBytes(answered(lines)))
    wanted = answered(prepared(source, FORMS[0], OPTIONS)[1])
    assert b"".join(chunk.content for chunk in expanded.chunks(1 << 20)) == wanted


def should_send_texts_of_a_workbook_once(tmp_path: Path) -> None:
    source = workbook(tmp_path / "people.xlsx", [["job"], ["cook"], ["cook"], [None], ["cook"]])
    plan, lines = prepared(source, TableFormat.XLSX, replace(OPTIONS, distinct_window=2))
    expanded = ExpandedOutput(source, plan, HeldBytes(answered(lines)))
    (chunk,) = expanded.chunks(1)
    assert chunk.content == answered(prepared(source, TableFormat.XLSX, OPTIONS)[1])
    assert plan.counts.records == 2


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (lambda out: out.splitlines(keepends=True)[0], "fewer lines came out"),
        (lambda out: out * 2, "more lines came out"),
        (
            lambda out: out.replace(b'"recordId": "1"', b'"recordId": "9"'),
            "not of the recordId “1”",
        ),
        (lambda out: out.replace(b'{"recordId": "1"', b'["recordId": "1"'), "recordId “1”"),
    ],
)
def should_refuse_what_is_no_output_of_these_rows(
    spoilt: Callable[[bytes], bytes], said: str
) -> None:
    content = table_of([("cook", "", "1"), ("nurse", "", "2"), ("cook", "", "3")], FORMS[0])
    source = HeldBytes(content)
    plan, lines = prepared(source, FORMS[0], replace(OPTIONS, distinct_window=9))
    expanded = ExpandedOutput(source, plan, HeldBytes(spoilt(answered(lines))))
    with pytest.raises(RowsDisagree, match=said):
        list(expanded.chunks(1))
