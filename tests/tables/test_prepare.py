import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.records import RecordForm
from tables import prepare
from tables.errors import TableRefused
from tables.open_table import open_table
from tables.plan import Chunk, RowCounts, TableFormat, TableOptions, TablePlan
from tables.prepare import Preparation
from tests.support.tables.coding import prepared
from tests.support.tables.held_bytes import HeldBytes

FIELDS = ("occp_text", "tasks_text")
OPTIONS = TableOptions(fields=FIELDS, max_refused_share=1)


def _prepared(
    content: bytes | str, form: TableFormat, options: TableOptions = OPTIONS
) -> tuple[TablePlan, list[dict[str, str]]]:
    source = HeldBytes(content.encode() if isinstance(content, str) else content, block=999)
    plan, lines = prepared(source, form, options)
    assert msgspec.json.decode(msgspec.json.encode(plan), type=TablePlan) == plan
    records = RecordForm(options.fields)
    return plan, [records.parse(line) for line in lines.splitlines()]


def _texts(records: list[dict[str, str]]) -> list[tuple[str, ...]]:
    return [(each["recordId"], *(each[name] for name in FIELDS)) for each in records]


def should_make_records_of_a_csv() -> None:
    plan, records = _prepared(
        'sep=;\n;;\nid;Job Title;x;duties\n1;nurse;;ward\n\n7; N/A ;;\n1;cook;;"a\n""b"""\n'
        f"2;{'long ' * 80};;duty\n;driver\n",
        TableFormat.CSV,
    )

    assert _texts(records) == [
        ("1", "nurse", "ward"),
        ("1", "cook", 'a "b"'),
        ("2", ("long " * 60).rstrip(), ""),
        ("10", "driver", ""),
    ]
    assert plan.counts == RowCounts(rows=6, sent=4, blank=2, shortened=1)
    assert (plan.header_row, plan.separator, plan.width) == (3, ";", 4)
    assert plan.shortened_rows == (9,)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"recordId": "1", "occp_text": "nurse", "tasks_text": null}', ("1", "nurse", "")),
        (b'{"RecordID": 7, "Occp_Text": "nurse", "x": {"y": 1}}', ("7", "nurse", "")),
        (b'{"recordId": 1e400000, "occp_text": "nurse"}', ("1e400000", "nurse", "")),
        (b'\r\r{"occp_text": "nurse\nward", "tasks_text": "None"}\r', ("3", "nurse ward", "")),
        (b'{"job title": 42, "duties": NaN}', ("1", "42", "")),
        ('\ufeff{"job": "caf\xe9"}'.encode("utf-16-le"), ("1", "café", "")),
        ('{"job": "caf\xe9"}'.encode("cp1252"), ("1", "café", "")),
        (b'{"job": "half \\ud83d", "id": null}', ("1", "half \ufffd", "")),
    ],
)
def should_take_json_lines_as_people_write_them(content: bytes, expected: tuple[str, ...]) -> None:
    assert _texts(_prepared(content, TableFormat.JSON_LINES)[1]) == [expected]


def should_make_records_of_a_json_array() -> None:
    content = json.dumps([{"job": "nurse", "id": "a"}, 17, {"job": ["x"]}, {"job": ""}, {"new": 1}])

    plan, records = _prepared(content, TableFormat.JSON_ARRAY)

    assert _texts(records) == [("a", "nurse", "")]
    assert plan.columns == ("job", "id", "new")
    assert plan.counts == RowCounts(rows=5, sent=1, blank=2, refused=2)
    assert [number for number, _ in plan.refusals] == [2, 3]


def should_keep_three_values_that_an_assumed_encoding_affects() -> None:
    plan, _ = _prepared("métier\ncuisinière\ncook\ninfirmière\n".encode("cp1252"), TableFormat.CSV)

    assert plan.encoding_assumed
    assert plan.assumed_examples == ("métier", "cuisinière", "infirmière")


def should_write_fields_of_any_name() -> None:
    options = TableOptions(fields=('the "text"', "\\"), columns={'the "text"': ("job",)})
    source = HeldBytes(b"job\nnurse\n")
    _, plan = open_table(source, TableFormat.CSV, options)

    (chunk,) = Preparation(source, plan, options).chunks(1)

    assert json.loads(chunk.content) == {"recordId": "2", 'the "text"': "nurse", "\\": ""}


@pytest.mark.slow
def should_give_a_state_now_and_then_when_hardly_a_row_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prepare, "MOST_ROWS", 1)
    source = HeldBytes(b"job\n" + b"cook\n" * 900_000, block=1000)
    options = replace(OPTIONS, distinct_window=10_000_000)
    _, plan = open_table(source, TableFormat.CSV, options)
    found = list(Preparation(source, plan, options).chunks(1 << 20))
    assert len(found) > 1
    assert [len(each.content) > 0 for each in found] == [True, *[False] * (len(found) - 1)]
    assert found[-2].state is not None
    behind = Preparation(source, plan, options, json.loads(json.dumps(found[-2].state)))
    assert b"".join(each.content for each in behind.chunks(1 << 20)) == b""
    assert behind.finished_plan().counts == RowCounts(rows=900_000, sent=900_000, repeated=899_999)


# --- Cut and taken up again --------------------------------------------------------------------


def _many(form: TableFormat, count: int = 3000) -> bytes:
    """Rows of all kinds, of several batches."""
    rows = [
        {"job": "cook" * (number % 90), "id": str(number), f"new {number // 500}": "é\n,"}
        for number in range(count)
    ]
    if form is TableFormat.JSON_ARRAY:
        return json.dumps(rows, ensure_ascii=False).encode()
    if form is TableFormat.JSON_LINES:
        return "\r\n".join(
            json.dumps(row, ensure_ascii=False) if n % 25 else "no object"
            for n, row in enumerate(rows)
        ).encode()
    lines = [f'{row["job"]};{row["id"]};"é\n,""{n}"""' for n, row in enumerate(rows)]
    return "\n".join(["job;id;more", *lines]).encode()


def _chunks(source: HeldBytes, form: TableFormat, state: dict[str, Any] | None) -> Preparation:
    _, plan = open_table(source, form, OPTIONS)
    return Preparation(source, plan, OPTIONS, state)


def _cut(content: bytes, form: TableFormat, size: int, cuts: int) -> Iterator[Chunk | TablePlan]:
    """The chunks, begun anew after each of the first `cuts`, and the plan at the end."""
    state: dict[str, Any] | None = None
    while True:
        source = HeldBytes(content, block=10_007 + cuts)
        preparation = _chunks(source, form, state)
        for chunk in preparation.chunks(size):
            yield chunk
            if cuts:
                cuts -= 1
                state = json.loads(json.dumps(chunk.state))
                break
        else:
            yield preparation.finished_plan()
            return


@pytest.mark.parametrize("form", [TableFormat.CSV, TableFormat.JSON_LINES, TableFormat.JSON_ARRAY])
@pytest.mark.parametrize("size", [1, 90_000])
def should_give_the_same_chunks_wherever_it_was_cut(form: TableFormat, size: int) -> None:
    content = _many(form)

    whole = list(_cut(content, form, size, 0))

    assert len(whole) > 3
    assert all(len(each.content) >= size for each in whole[:-2] if isinstance(each, Chunk))
    for cuts in (1, len(whole) - 1):
        assert list(_cut(content, form, size, cuts)) == whole
    plan = whole[-1]
    assert isinstance(plan, TablePlan)
    assert plan.counts.rows == 3000
    assert len(plan.refusals) == (100 if form is TableFormat.JSON_LINES else 0)


@given(
    table=st.lists(st.lists(st.text(max_size=5), min_size=1, max_size=3), max_size=5),
    separator=st.sampled_from(",;\t|"),
)
def should_send_the_texts_of_any_table(table: list[list[str]], separator: str) -> None:
    def row(cells: list[str]) -> str:
        return separator.join('"{}"'.format(each.replace('"', '""')) for each in cells) + "\n"

    content = row(["id", "job", "duties"]) + "".join(map(row, [*table, ["last", "cook", "x"]]))

    plan, records = _prepared(content, TableFormat.CSV)

    assert plan.counts.rows == len(table) + 1
    assert _texts(records)[-1] == ("last", "cook", "x")
    assert len(records) == plan.counts.sent


# --- Refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "settings", "words"),
    [
        ("job,id\n", {}, "a header and no rows"),
        (
            "job,id\n,1\n-,2\nnull,3\n".replace("-", " "),
            {},
            "None of the 3 rows has a text to code",
        ),
        ("job\n\n", {}, "The only row has no text to code in “job”"),
        ("job\n" + "x" * 301, {"strict": True}, "1 would be shortened, first line 2"),
        ("job,id\nnurse,1\n" + "," * 20_000, {}, "line 3 has 20,001 cells"),
    ],
)
def should_refuse_a_csv_that_is_not_fit(content: str, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(TableRefused) as refused:
        _prepared(content, TableFormat.CSV, TableOptions(fields=FIELDS, **settings))

    assert words in refused.value.reason


@pytest.mark.parametrize(
    ("lines", "settings", "words"),
    [
        (["no"], {}, "2 of 11 rows can't be read: line 2 has a list"),
        ([], {}, "The only row can't be read: line 1 has a list"),
        (['{"job": "cook"}'] * 40, {"strict": True}, "1 can't be read: line 1 has a list"),
    ],
)
def should_refuse_too_many_rows_that_cannot_be_read(
    lines: list[str], settings: dict[str, Any], words: str
) -> None:
    content = '{"job": ["cook"]}'
    if lines == ["no"]:
        content = "\n".join(['{"job": "cook"}', content, *['{"job": "cook"}'] * 8, "no"])
    else:
        content = "\n".join([content, *lines])

    with pytest.raises(TableRefused) as refused:
        _prepared(content, TableFormat.JSON_LINES, TableOptions(fields=FIELDS, **settings))

    assert words in refused.value.reason
    assert len(refused.value.reason) <= 300
    assert refused.value.row_count == len(refused.value.rows)


@pytest.mark.slow
def should_not_read_on_where_most_of_very_many_rows_cannot_be_read() -> None:
    with pytest.raises(
        TableRefused, match=r"of the first [\d,]+ rows can't be read: number 2"
    ) as told:
        _prepared(
            "[" + '{"job": "x"},' + "1," * 110_000 + "1]",
            TableFormat.JSON_ARRAY,
            TableOptions(fields=FIELDS),
        )

    assert told.value.rows_in_all is None


def should_code_the_others_where_few_rows_are_refused() -> None:
    content = "\n".join([*['{"job": "cook"}'] * 40, "{'job': 'cook'}"])

    plan, records = _prepared(content, TableFormat.JSON_LINES, TableOptions(fields=FIELDS))

    assert (len(records), plan.counts.refused) == (40, 1)
    assert plan.refusals[0][0] == 41
