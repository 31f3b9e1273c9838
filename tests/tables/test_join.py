import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tables.as_wanted import plan_as_wanted
from tables.coded.coded_rows import CodedStatus
from tables.errors import RowsDisagree, TableRefused
from tables.join import CodedTable
from tables.plan import RowCounts, TableFormat
from tables.readers.workbook import open_workbook
from tables.text.cell_text import cell_text
from tests.support.tables.coding import (
    CODED,
    MAPPED,
    MODEL,
    OPTIONS,
    TOPIC,
    coded_table,
    resumed,
    sheet_rows,
    streamed,
    workbook,
)
from tests.support.tables.dictionaries import a_dictionary, an_entry
from tests.support.tables.held_bytes import HeldBytes

NEW = 15  # code columns
CSV = b'id;Beruf;rest\n007;"Koch; ""Chef""";=1+1\n\n8;;\n9;Tischler;b;c\n'
STREAMED = (TableFormat.CSV, TableFormat.JSON_LINES, TableFormat.JSON_ARRAY)
FEW = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])

texts = st.text(
    st.one_of(
        st.sampled_from(list("ab ,;\t|\"'\r\n\\=+-@_x000D<>&{}[]é漢\u2028\U0001f600")),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"),
    ),
    max_size=12,
)
tables = st.lists(st.lists(texts, max_size=4), min_size=1, max_size=8)
HEADER = ["job title", "n", "x", "y"]


def _as_csv(rows: Sequence[Sequence[str]], separator: str = ",", line_end: str = "\n") -> bytes:
    lines = [
        separator.join('"' + cell.replace('"', '""') + '"' for cell in row) + line_end
        for row in [HEADER, ["cook"], *rows]
    ]
    return "".join(lines).encode()


def _read_csv(content: bytes, separator: str = ",") -> list[list[str]]:
    text = io.StringIO(content.decode(), newline="")
    return list(csv.reader(text, delimiter=separator, strict=True))


def _padded(rows: Sequence[Sequence[Any]], empty: Any) -> list[list[Any]]:
    return [[*row, *[empty] * (4 - len(row))] for row in [["cook"], *rows]]


coded = partial(coded_table, options=MAPPED)


@FEW
@given(tables, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n", "\r"]))
def should_give_csv_back_with_the_same_cells(
    rows: list[list[str]], separator: str, line_end: str
) -> None:
    back = streamed(coded(_as_csv(rows, separator, line_end), TableFormat.CSV), TableFormat.CSV)
    found = _read_csv(back, separator)
    assert found[0][:4] == HEADER
    assert [row[:4] for row in found[1:]] == _padded(rows, "")
    assert {len(row) for row in found} == {4 + NEW}


@FEW
@given(tables, st.sampled_from(STREAMED), st.sampled_from(STREAMED), st.integers(1, 900))
def should_give_the_same_bytes_back_however_often_it_is_resumed(
    rows: list[list[str]], form: TableFormat, target: TableFormat, chunk_bytes: int
) -> None:
    content = _as_csv(rows)
    if form is not TableFormat.CSV:
        content = streamed(coded(content, TableFormat.CSV), form)
    whole = coded(content, form)
    parts = coded(content, form)
    assert resumed(parts, target, chunk_bytes) == streamed(whole, target)
    assert parts.tally == whole.tally


@FEW
@given(tables)
def should_give_rows_to_json_as_they_are(rows: list[list[str]]) -> None:
    table = coded(_as_csv(rows), TableFormat.CSV)
    lines = streamed(table, TableFormat.JSON_LINES)
    found = [json.loads(line) for line in lines.split(b"\n")[:-1]]
    assert [list(each.values())[:4] for each in found] == _padded(rows, None)
    assert json.loads(streamed(table, TableFormat.JSON_ARRAY)) == found


@FEW
@given(tables)
def should_give_json_back_with_the_same_members(rows: list[list[str]]) -> None:
    dropped = [
        dict(zip(HEADER, row, strict=False)) | {"n": 1.5, "z": [None, {"a": True}]}
        for row in [["cook"], *rows]
    ]
    content = json.dumps(dropped, indent=1).encode()
    back = streamed(coded(content, TableFormat.JSON_ARRAY), TableFormat.JSON_ARRAY)
    found = json.loads(back)
    assert [dict(list(each.items())[:-NEW]) for each in found] == dropped
    lines = b"".join(json.dumps(each).encode() + b"\r\n" for each in dropped)
    again = streamed(coded(lines, TableFormat.JSON_LINES), TableFormat.JSON_LINES)
    assert [json.loads(line) for line in again.split(b"\n")[:-1]] == found


@settings(FEW, max_examples=12)
@given(tables)
def should_give_a_workbook_back_with_the_same_cells(tmp_path: Path, rows: list[list[str]]) -> None:
    path = tmp_path / "back.xlsx"
    table = coded(_as_csv(rows), TableFormat.CSV)
    table.write(TableFormat.XLSX, path)
    reader, plan = open_workbook(HeldBytes(path.read_bytes()), MAPPED)
    found = [row for batch in reader.rows() for row in batch.cells]
    wanted = _padded(rows, "")
    assert plan.columns[:4] == tuple(HEADER)
    assert [[cell_text(cell) for cell in row[:4]] for row in found] == wanted
    again = tmp_path / "again.xlsx"
    coded(HeldBytes(path.read_bytes()), TableFormat.XLSX).write(TableFormat.XLSX, again)
    reader, _ = open_workbook(HeldBytes(again.read_bytes()), MAPPED)
    found = [row for batch in reader.rows() for row in batch.cells]
    assert [[cell_text(cell) for cell in row[:4]] for row in found] == wanted


@settings(FEW, max_examples=6)
@given(st.lists(st.lists(texts | st.just("\0"), max_size=4), min_size=1, max_size=8))
def should_give_parquet_back_with_the_same_cells(tmp_path: Path, rows: list[list[str]]) -> None:
    path, again = tmp_path / "back.parquet", tmp_path / "again.parquet"
    coded(_as_csv(rows), TableFormat.CSV).write(TableFormat.PARQUET, path)
    coded(HeldBytes(path.read_bytes()), TableFormat.PARQUET).write(TableFormat.PARQUET, again)
    with duckdb.connect() as connection:
        for each in (path, again):
            found = connection.read_parquet(str(each)).fetchall()
            assert [list(row[:4]) for row in found] == _padded(rows, None)


def should_put_the_codes_behind_the_dropped_columns() -> None:
    table = coded_table(CSV, TableFormat.CSV)
    assert streamed(table, TableFormat.CSV).decode().splitlines() == [
        (
            "id;Beruf;rest;;occupation_code;occupation_label;occupation_level;"
            "occupation_confidence;"
            "occupation_status;occupation_alt1_code;occupation_alt1_label;"
            "occupation_alt1_confidence;occupation_alt2_code;occupation_alt2_label;"
            "occupation_alt2_confidence;occupation_alt3_code;occupation_alt3_label;"
            "occupation_alt3_confidence;occupation_model"
        ),
        '007;"Koch; ""Chef""";=1+1;;024113;"Cook, ""head""";6;0.9731;coded;;;;;;;;;;anzsco-7',
        ";;;;;;;;blank;;;;;;;;;;anzsco-7",
        "8;;;;;;;;blank;;;;;;;;;;anzsco-7",
        "9;Tischler;b;c;0241;Cooks;4;1;broader;;;;;;;;;;anzsco-7",
    ]
    assert table.tally.rows == 4


def should_keep_what_stands_above_the_header_in_csv_and_its_line_ends() -> None:
    content = "\ufeffsep=;\r\nSurvey\r\n\r\nBeruf;x\r\nKoch;1\r\n".encode()
    back = streamed(coded_table(content, TableFormat.CSV), TableFormat.CSV)
    assert back.startswith("\ufeffsep=;\r\nSurvey\r\n\r\nBeruf;x;occupation_code;".encode())
    assert back.count(b"\r\n") == back.count(b"\n") == 5


def should_give_utf_8_back_for_other_encodings() -> None:
    text = "Beruf;Größe\nKöchin;1\n"
    utf16 = b"\xff\xfe" + text.encode("utf-16-le")
    back = streamed(coded_table(utf16, TableFormat.CSV), TableFormat.CSV)
    assert back.startswith("\ufeffBeruf;Größe;".encode())
    back = streamed(coded_table(text.encode("cp1252"), TableFormat.CSV), TableFormat.CSV)
    assert back.startswith("Beruf;Größe;".encode())
    assert "\nKöchin;1;024113".encode() in back


def should_insert_the_codes_into_json_that_stays_byte_for_byte() -> None:
    lines = b'{"id": 1e400, "occupation": "cook" }\n{"n":1.10,"occupation":"nurse"}\r\n{}\n'
    back = streamed(coded_table(lines, TableFormat.JSON_LINES), TableFormat.JSON_LINES)
    found = back.splitlines()
    assert found[0].startswith(b'{"id": 1e400, "occupation": "cook","occupation_code":"024113",')
    assert found[1].startswith(b'{"n":1.10,"occupation":"nurse","occupation_code":"0241",')
    assert found[2].startswith(b'{"occupation_code":null,')
    assert len(found) == 3


def should_give_a_refused_line_back_that_is_no_object() -> None:
    lines = b'{"occupation":"cook"}\n{"occupation":\n' + b"x" * 2000 + b'\n{"occupation":"nurse"}\n'
    back = streamed(coded_table(lines, TableFormat.JSON_LINES), TableFormat.JSON_LINES)
    found = [json.loads(line) for line in back.splitlines()]
    assert found[1] == {"occupation_status": "refused", "occupation_line": '{"occupation":'}
    assert found[2] == {"occupation_status": "refused", "occupation_line": "x" * 1000}
    assert found[3]["occupation_code"] == "0241"


def should_keep_a_line_end_within_a_text_of_json() -> None:
    lines = b'{"occupation":"cook\nand waiter"}\n{"occupation":"nurse"}\n'
    back = streamed(coded_table(lines, TableFormat.JSON_LINES), TableFormat.JSON_LINES)
    assert json.loads(back.splitlines()[0])["occupation"] == "cook\nand waiter"


def should_join_lines_that_went_to_the_service_as_they_are() -> None:
    lines = b'{"occp_text": "cook", "tasks_text": ""}\n{"occp_text": "", "tasks_text": "x"}'
    source = HeldBytes(lines)
    plan = plan_as_wanted(source.blocks(), OPTIONS.fields)
    assert plan is not None
    output = HeldBytes(json.dumps({"result": CODED}).encode() + b"\n" + b'{"suggestions": []}')
    table = CodedTable(source, plan, output, topic=TOPIC, model=MODEL)
    back = streamed(table, TableFormat.JSON_LINES)
    assert [json.loads(line)["occupation_status"] for line in back.splitlines()] == [
        "coded",
        "nothing_to_code",
    ]


@pytest.mark.parametrize("form", STREAMED)
def should_tell_the_rows_that_the_dictionary_has(form: TableFormat, tmp_path: Path) -> None:
    dictionary = a_dictionary(
        an_entry("Cook"), an_entry("stuff", code=None, label=""), an_entry("x"), version=7
    )
    rows = [{"id": str(n), "occupation": t} for n, t in enumerate(("COOK", "nurse", "", "Stuff"))]
    if form is TableFormat.CSV:
        content = "id,occupation\n" + "".join(
            f"{n},{each['occupation']}\n" for n, each in enumerate(rows)
        )
    else:
        lines = [json.dumps(each) for each in rows]
        content = "\n".join(lines) if form is TableFormat.JSON_LINES else f"[{','.join(lines)}]"
    table = coded_table(content.encode(), form, dictionary=dictionary)
    assert table.plan.counts == RowCounts(rows=4, sent=1, blank=1, known=2)
    assert table.plan.dictionary == 7
    back = streamed(table, form).decode()
    if form is TableFormat.CSV:
        found: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(back)))
    else:
        found = (
            json.loads(back)
            if form is TableFormat.JSON_ARRAY
            else list(map(json.loads, back.splitlines()))
        )
    names = ("id", "code", "label", "level", "confidence", "status", "alt1_code", "model")
    told = [
        [str(each.get(f"occupation_{name}", each.get(name)) or "") for name in names]
        for each in found
    ]
    assert told == [
        ["0", "351311", "Chef", "6", "", "dictionary", "", "dictionary 7"],
        ["1", "024113", 'Cook, "head"', "6", told[1][4], "coded", "", "anzsco-7"],
        ["2", "", "", "", "", "blank", "", "anzsco-7"],
        ["3", "", "", "", "", "dictionary", "", "dictionary 7"],
    ]
    assert table.tally.statuses[CodedStatus.DICTIONARY] == 2


def should_join_a_table_of_which_nothing_had_to_be_sent(tmp_path: Path) -> None:
    table = coded_table(
        b"occupation\ncook\n\nCOOK\n", TableFormat.CSV, dictionary=a_dictionary(an_entry("cook"))
    )
    assert table.plan.counts == RowCounts(rows=3, sent=0, blank=1, known=2)
    statuses = [row.split(",")[5] for row in streamed(table, TableFormat.CSV).decode().splitlines()]
    assert statuses == ["occupation_status", "dictionary", "blank", "dictionary"]
    table.write(TableFormat.XLSX, tmp_path / "results.xlsx")
    rows = list(sheet_rows(tmp_path / "results.xlsx"))
    assert [(row[1], row[-1]) for row in rows[1:]] == [
        ("351311", "dictionary 1"),
        (None, MODEL["modelId"]),
        ("351311", "dictionary 1"),
    ]


@FEW
@given(st.data())
def should_give_back_the_same_rows_whatever_the_dictionary_has(data: st.DataObject) -> None:
    words = ["cook", "Nurse", "day trader", "", "ÖFEN"]
    rows = data.draw(st.lists(st.sampled_from(words), min_size=1, max_size=12))
    known = data.draw(st.sets(st.sampled_from([word for word in words if word])))
    content = "job title\n" + "".join(f'"{row}"\n' for row in ["other", *rows])
    table = coded_table(
        content.encode(),
        TableFormat.CSV,
        options=MAPPED,
        dictionary=a_dictionary(*(an_entry(word.swapcase()) for word in known)),
    )
    found = _read_csv(resumed(table, TableFormat.CSV, 1))
    assert [row[0] for row in found[1:]] == ["other", *rows]
    assert [row[5] == "dictionary" for row in found[1:]] == [False, *(row in known for row in rows)]
    assert table.plan.counts.sent == 1 + sum(bool(row) and row not in known for row in rows)


def should_refuse_to_join_by_another_dictionary() -> None:
    content, dictionary = b"occupation\ncook\n", a_dictionary(an_entry("cook"))
    table = coded_table(content, TableFormat.CSV, dictionary=dictionary)
    assert b"dictionary" in streamed(table, TableFormat.CSV)
    other = CodedTable(HeldBytes(content), table.plan, HeldBytes(b""), topic=TOPIC, model=MODEL)
    with pytest.raises(RowsDisagree, match="nothing came out for row 2"):
        streamed(other, TableFormat.CSV)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda lines: lines.split(b"\n", 1)[1] * 2, "row 2 with the recordId “007” came out “9”"),
        (lambda lines: lines[: lines.index(b"\n")], "nothing came out for row 5"),
        (lambda _: b"", "nothing came out for row 2"),
        (lambda lines: lines * 2, "more lines came out"),
        (lambda lines: lines.replace(b'"9"', b'"9 "'), "row 5"),
        (lambda lines: b"{}\n" + lines, "row 2"),
        (lambda lines: b"no json\n" + lines, "row 2 is no line of coded records"),
        (lambda _: b"x" * (1_049_000), "longer than"),
    ],
)
def should_refuse_output_of_other_rows(spoil: Any, says: str) -> None:
    table = coded_table(CSV, TableFormat.CSV, output=spoil)
    with pytest.raises(RowsDisagree, match=says):
        streamed(table, TableFormat.CSV)


def should_refuse_a_table_that_changed_since_it_was_prepared() -> None:
    table = coded_table(CSV, TableFormat.CSV)
    table.plan = replace(table.plan, counts=RowCounts(rows=9, sent=2, blank=7))
    with pytest.raises(RowsDisagree, match="4 rows were read again, 2 of them with texts; 9 and 2"):
        streamed(table, TableFormat.CSV)
    table.plan = replace(table.plan, width=2, columns=("id", "Beruf"))
    with pytest.raises(RowsDisagree, match="row 2 has 3 cells"):
        streamed(table, TableFormat.CSV)


def should_close_both_files_when_nobody_reads_on() -> None:
    table = coded_table(CSV * 200, TableFormat.CSV)
    stream = table.stream(TableFormat.CSV, chunk_bytes=1)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert table._source.open_streams == 0  # type: ignore[attr-defined]
    assert table._output.open_streams == 0  # type: ignore[attr-defined]


def should_keep_a_workbooks_rows_above_the_header_and_its_sheet(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["My survey"],
        [],
        ["id", "Job title"],
        ["007", "=cmd"],
        [],
        [3, "<r>x</r>"],
    ]
    source = workbook(tmp_path / "a.xlsx", rows, title="Survey 2024")
    path = tmp_path / "back.xlsx"
    coded_table(source, TableFormat.XLSX).write(TableFormat.XLSX, path)
    found = list(sheet_rows(path))
    assert [row[:2] for row in found] == [
        ("My survey", None),
        (None, None),
        ("id", "Job title"),
        ("007", "=cmd"),
        (None, None),
        (3, "<r>x</r>"),
    ]
    assert found[3][2] == "024113"
    assert found[4][6] == "blank"
    back = streamed(coded_table(source, TableFormat.XLSX), TableFormat.CSV)
    assert back.startswith(b"My survey\n\nid,Job title,occupation_code,")


def should_leave_no_file_behind_where_it_fails(tmp_path: Path) -> None:
    table = coded_table(CSV, TableFormat.CSV, output=lambda lines: lines * 2)
    for form in (TableFormat.XLSX, TableFormat.PARQUET):
        with pytest.raises(RowsDisagree):
            table.write(form, tmp_path / "back")
    table.plan = replace(table.plan, counts=RowCounts(rows=1_048_576))
    with pytest.raises(TableRefused, match="1,048,577 rows"):
        table.write(TableFormat.XLSX, tmp_path / "back")
    assert not list(tmp_path.iterdir())
