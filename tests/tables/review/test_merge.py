"""A table, coded and decided, comes out again in its format with what each row ended as."""

import csv
import io
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from jsonschema import Draft202012Validator

from tables.errors import TableRefused
from tables.join import CodedTable
from tables.plan import TableFormat, TableOptions
from tables.report.report import report_of
from tables.review.distinct_texts import text_id
from tables.review.merge import merge
from tables.review.page.document import html_of_review
from tables.review.page_data import page_data
from tests.support.tables.coding import MODEL, OPTIONS, coded_table, sheet_rows, streamed, workbook
from tests.support.tables.decided import a_line, exported
from tests.support.tables.dictionaries import a_dictionary, an_entry
from tests.support.tables.held_bytes import HeldBytes
from tests.support.tables.reviews import ABOUT, PROJECT, a_csv, some_answer, some_rows

HEADER = ["Case", "Job title", "Main tasks"]
ROWS = [["1", "odd job", ""], ["2", "Cook", ""], ["3", "ODD  job", ""], ["4", "", ""]]
FINAL = [f"occupation_{name}" for name in ("final_code", "final_label", "final_by", "final_at")]
FINAL.append("occupation_note")
CHEF = {"codeCategory": "351311", "codeLabel": "Chef", "codeConfidence": 0.9}


def _odd(_number: int, record: dict[str, str]) -> dict[str, Any]:
    is_odd = "odd" in record["occp_text"].lower()
    return {"suggestions": [CHEF]} if is_odd else {"result": CHEF}


def _given_back(folder: Path, table: CodedTable, form: TableFormat) -> tuple[Path, dict[str, Any]]:
    """The table's file with its report beside it, and the data of its page."""
    path = folder / f"results.{form}"
    if form in (TableFormat.XLSX, TableFormat.PARQUET):
        table.write(form, path)
    else:
        path.write_bytes(streamed(table, form))
    report = report_of(table.tally, plan=table.plan, about=ABOUT, model=MODEL, previous=None)
    (folder / "report.json").write_text(json.dumps(report), "utf-8")
    page = page_data(
        table.texts, table.tally, about=ABOUT, fields=table.plan.mapping.fields, codelist=None
    )
    return path, page or {}


def _content(form: TableFormat, folder: Path) -> bytes | HeldBytes:
    if form is TableFormat.CSV:
        return ("above;;\r\n" + "\r\n".join(";".join(each) for each in [HEADER, *ROWS])).encode()
    if form is TableFormat.XLSX:
        return workbook(folder / "dropped.xlsx", [["above"], HEADER, *ROWS])
    objects = [dict(zip(HEADER, row, strict=True)) for row in ROWS]
    if form is TableFormat.JSON_LINES:
        return b"".join(
            json.dumps(each).encode() + b"\n" for each in [*objects[:2], 7, *objects[2:]]
        )
    if form is TableFormat.JSON_ARRAY:
        return json.dumps(objects).encode()
    (folder / "dropped.json").write_text(json.dumps(objects))
    path = folder / "dropped.parquet"
    duckdb.sql(f"COPY (FROM '{folder}/dropped.json') TO '{path}' (FORMAT parquet)")
    return HeldBytes(path.read_bytes())


def _read(path: Path, form: TableFormat) -> list[dict[str, Any]]:
    if form is TableFormat.CSV:
        rows: Sequence[Sequence[Any]] = list(
            csv.reader(io.StringIO(path.read_text("utf-8"), newline=""), delimiter=";")
        )
    elif form is TableFormat.XLSX:
        rows = list(sheet_rows(path))
    elif form is TableFormat.PARQUET:
        found = duckdb.connect().execute(f"FROM '{path}'")
        names = [each[0] for each in found.description or ()]
        rows = [["above"], names, *found.fetchall()]
    else:
        content = path.read_text("utf-8")
        if form is TableFormat.JSON_ARRAY:
            return list(json.loads(content))
        return [json.loads(line) for line in content.splitlines()]
    return [dict(zip(rows[1], row, strict=True)) for row in rows[2:]]


@pytest.mark.parametrize("form", TableFormat)
def should_give_the_same_rows_with_their_ends_in_the_tables_format(
    form: TableFormat, tmp_path: Path
) -> None:
    options = TableOptions(fields=OPTIONS.fields, max_refused_share=1)
    table = coded_table(
        _content(form, tmp_path),
        form,
        options=options,
        answer=_odd,
        drop_id=ABOUT.drop_id,
        blind_share=0,
    )
    path, page = _given_back(tmp_path, table, form)
    (item,) = page["items"]
    decided = tmp_path / "ann.csv"
    decided.write_bytes(exported([a_line(item, "code 024113", label="Cook, head", note='"sure"')]))
    merge(path, [decided], tmp_path / "merged")
    before = _read(path, form)
    after = _read(tmp_path / "merged" / path.name, form)
    assert [{k: row[k] for k in old} for row, old in zip(after, before, strict=True)] == before
    ends = [tuple(row[name] or None for name in FINAL) for row in after if "Job title" in row]
    person = ("024113", "Cook, head", "Ann", "2026-03-06T08:00:00.000Z", '"sure"')
    model = ("351311", "Chef", "model", ABOUT.coded_at, None)
    assert ends == [person, model, person, (None,) * 5]
    assert list(after[-1])[-5:] == FINAL


@pytest.fixture
def drop(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """2,000 rows as CSV, and the data of their page."""
    return _given_back(tmp_path, _coded_csv(), TableFormat.CSV)


@cache
def _coded_csv() -> CodedTable:
    return coded_table(
        a_csv(some_rows(2_000)), TableFormat.CSV, answer=some_answer, drop_id=ABOUT.drop_id
    )


def _schema(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((PROJECT / f"docs/schemas/{name}.json").read_text()))


def should_renew_the_report_and_name_the_files(
    drop: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    path, page = drop
    items = {item["id"]: item for item in page["items"]}
    lines = [
        a_line(item, "code 351311") if item.get("blind") else a_line(item, "cannot be coded")
        for item in list(items.values())[:100]
    ]
    lines.append(a_line({"id": "t" + "0" * 16, "rows": 1, "texts": ["gone", ""]}, "code 1"))
    (tmp_path / "ann.csv").write_bytes(exported(lines))
    manifest = merge(path, [tmp_path / "ann.csv"], tmp_path / "merged")
    _schema("merged").validate(manifest)
    report = json.loads((tmp_path / "merged" / "report.json").read_text("utf-8"))
    _schema("report").validate(report)
    assert manifest["files"][0]["people"] == ["Ann"]
    assert manifest["texts"]["unmatched"] == 1
    assert sum(manifest["rows"].values()) == 2_000
    blind = [line for line in lines if line["blind"] == "yes"]
    cannot = [line for line in lines if line["decision"] == "cannot be coded"]
    assert manifest["rows"]["person"] == sum(int(line["rows"]) for line in blind)
    assert manifest["rows"]["cannotBeCoded"] == sum(int(line["rows"]) for line in cannot)
    codes = report["review"]["codes"]
    assert codes["texts"] + report["review"]["suggestions"]["first"]["texts"] == len(blind)
    assert codes["low"] <= codes["share"] <= codes["high"]
    html = (tmp_path / "merged" / "report.html").read_text("utf-8")
    assert "What people decided" in html


def should_count_apart_what_has_nothing_to_code(tmp_path: Path) -> None:
    def answer(_number: int, record: dict[str, str]) -> dict[str, Any]:
        return {} if record["occp_text"] == "retired" else {"suggestions": [CHEF]}

    table = coded_table(
        a_csv([["1", "cook", ""], ["2", "retired", ""], ["3", "odd job", ""]]),
        TableFormat.CSV,
        answer=answer,
        drop_id=ABOUT.drop_id,
        blind_share=0,
    )
    path, page = _given_back(tmp_path, table, TableFormat.CSV)
    item = next(each for each in page["items"] if each["texts"][0] == "cook")
    (tmp_path / "ann.csv").write_bytes(exported([a_line(item, "code 351311")]))
    manifest = merge(path, [tmp_path / "ann.csv"], tmp_path / "merged")
    _schema("merged").validate(manifest)
    ended = {end: count for end, count in manifest["rows"].items() if count}
    assert ended == {"person": 1, "open": 1, "nothingToCode": 1}
    assert "Nothing to code" in (tmp_path / "merged" / "report.html").read_text("utf-8")


def should_keep_what_the_dictionary_had_and_measure_the_machine_alone(tmp_path: Path) -> None:
    table = coded_table(
        a_csv([["1", "cook", ""], ["2", "COOK", ""], ["3", "stuff", ""], ["4", "odd job", ""]]),
        TableFormat.CSV,
        answer=_odd,
        drop_id=ABOUT.drop_id,
        blind_share=1,
        dictionary=a_dictionary(an_entry("cook"), an_entry("stuff", code=None)),
    )
    path, page = _given_back(tmp_path, table, TableFormat.CSV)
    assert [each["texts"][0] for each in page["items"]] == ["odd job"]
    (item,) = page["items"]
    stuff = {"id": text_id(("stuff", ""), ABOUT.drop_id), "texts": ("stuff", ""), "rows": 1}
    lines = [a_line(item, "code 351311"), a_line(stuff, "code 351411", blind="yes")]
    (tmp_path / "ann.csv").write_bytes(exported(lines))
    manifest = merge(path, [tmp_path / "ann.csv"], tmp_path / "merged")
    _schema("merged").validate(manifest)
    assert {end: count for end, count in manifest["rows"].items() if count} == {
        "dictionary": 2,
        "person": 2,
    }
    assert manifest["texts"]["unmatched"] == 0
    report = json.loads((tmp_path / "merged" / "report.json").read_text("utf-8"))
    _schema("report").validate(report)
    assert report["review"]["suggestions"]["first"]["texts"] == 1, "of the machine alone"
    with (tmp_path / "merged" / path.name).open(encoding="utf-8", newline="") as file:
        rows = [[row[name] or "" for name in FINAL[:3]] for row in csv.DictReader(file)]
    assert rows == [
        ["351311", "Chef", "dictionary"],
        ["351311", "Chef", "dictionary"],
        ["351411", "", "Ann"],
        ["351311", "", "Ann"],
    ]


def should_measure_what_people_confirm(drop: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    path, page = drop
    with path.open(encoding="utf-8", newline="") as file:
        codes = {
            (row["Job title"], row["Main tasks"]): row["occupation_code"]
            for row in csv.DictReader(file)
        }
    blind = [item for item in page["items"] if item.get("blind")]
    coded = [(item, code) for item in blind if (code := codes[tuple(item["texts"])])]
    lines = []
    for number, (item, code) in enumerate(coded):
        said = code if number % 4 else code[:4] + "00"
        lines.append(a_line(item, f"code {said}"))
    (tmp_path / "ann.csv").write_bytes(exported(lines))
    page = page | {"codes": [["2", "", None], ["2412", "", "2"]]}
    (path.parent / "review.html").write_text(html_of_review(page), "utf-8")
    merge(path, [tmp_path / "ann.csv"], tmp_path / "merged")
    report = json.loads((tmp_path / "merged" / "report.json").read_text("utf-8"))
    found = report["review"]["codes"]
    wrong = (len(coded) + 3) // 4
    assert (found["texts"], found["right"]) == (len(coded), len(coded) - wrong)
    levels = {each["level"]: each["right"] for each in found["levels"]}
    assert levels == {1: len(coded), 4: len(coded), 6: len(coded) - wrong}


def should_leave_open_what_reviewers_disagree_on_until_somebody_decides(
    drop: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    path, page = drop
    item = next(each for each in page["items"] if not each.get("blind"))
    ann, bob = tmp_path / "ann.csv", tmp_path / "bob.csv"
    ann.write_bytes(exported([a_line(item, "code 351311")]))
    bob.write_bytes(exported([a_line(item, "cannot be coded", by="Bob")]))
    manifest = merge(path, [ann, bob], tmp_path / "merged")
    assert manifest["rows"]["disagreed"] == item["rows"]
    assert manifest["rows"]["person"] == 0
    content = (tmp_path / "merged" / path.name).read_text("utf-8")
    assert "reviewers disagree: Ann 351311, Bob cannot be coded" in content
    eve = tmp_path / "eve.csv"
    eve.write_bytes(exported([a_line(item, "code 2", by="Eve", round="decide")]))
    manifest = merge(path, [ann, bob, eve], tmp_path / "merged")
    assert manifest["rows"]["disagreed"] == 0
    assert manifest["rows"]["person"] == item["rows"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "does not begin as an exported file does"),
        (b'"item","drop"\n"t1","x"\n', "lacks the column"),
        (exported([]), "has no decision"),
        (exported([a_line({"id": "t" + "1" * 16, "rows": 1, "texts": ["a", ""]}, "?")]), "row 2"),
        (
            exported([a_line({"id": "t" + "1" * 16, "rows": 1, "texts": ["a", ""]}, "", drop="x")]),
            "is of the drop",
        ),
    ],
)
def should_refuse_what_is_no_file_of_this_drop(
    drop: tuple[Path, dict[str, Any]], tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "ann.csv").write_bytes(content)
    with pytest.raises(TableRefused, match=reason):
        merge(drop[0], [tmp_path / "ann.csv"], tmp_path / "merged")


def should_merge_without_the_levels_of_a_page_that_can_not_be_read(
    drop: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    path, page = drop
    (path.parent / "review.html").write_bytes(b"\xff\xfe")
    (tmp_path / "ann.csv").write_bytes(exported([a_line(page["items"][0], "cannot be coded")]))
    assert merge(path, [tmp_path / "ann.csv"], tmp_path / "merged")["rows"]["cannotBeCoded"]


@pytest.mark.parametrize("name", ["dropId", "assumed", "key", "statuses", "threshold", "files"])
@pytest.mark.parametrize("is_there", [False, True])
def should_refuse_a_report_that_lacks_something(
    drop: tuple[Path, dict[str, Any]], tmp_path: Path, name: str, is_there: bool
) -> None:
    path, page = drop
    (tmp_path / "ann.csv").write_bytes(exported([a_line(page["items"][0], "cannot be coded")]))
    report = json.loads((path.parent / "report.json").read_text("utf-8"))
    report[name] = None
    if not is_there:
        del report[name]
    (path.parent / "report.json").write_text(json.dumps(report), "utf-8")
    with pytest.raises(TableRefused, match=r"report\.json is no report of a drop, or damaged"):
        merge(path, [tmp_path / "ann.csv"], tmp_path / "merged")


def should_refuse_a_table_without_its_report_or_its_codes(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_bytes(a_csv([["1", "cook", ""]]))
    with pytest.raises(TableRefused, match=r"no report\.json"):
        merge(tmp_path / "results.csv", [], tmp_path / "merged")
    table = coded_table(a_csv([["1", "cook", ""]]), TableFormat.CSV)
    report = report_of(table.tally, plan=table.plan, about=ABOUT, model=MODEL, previous=None)
    (tmp_path / "report.json").write_text(json.dumps(report), "utf-8")
    with pytest.raises(TableRefused, match="column"):
        merge(tmp_path / "results.csv", [], tmp_path / "merged")
    assert not (tmp_path / "merged" / "results.csv").exists()
