"""The dropped table with the codes beside its rows, in however many invocations that takes."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import Workbook

from pipeline.domain.drop import Drop
from pipeline.errors import SettingInvalid
from pipeline.finish import coded_tables
from pipeline.finish.coded_tables import CodedTables, TableFacts
from pipeline.storage.multipart import MultipartFiles
from pipeline.storage.prepared_bucket import PreparedBucket
from pipeline.storage.prepared_table import PreparedTable
from tables.plan import TableFormat
from tables.review.page.document import data_of_page
from tests.support.pipeline.builders import a_drop
from tests.support.pipeline.clouds import DROPS, PREPARED, RESULTS, Cloud, cloud
from tests.support.pipeline.finish_fixture import FinishFixture, a_record
from tests.support.tables.coding import CODED, OPTIONS, prepared
from tests.support.tables.held_bytes import HeldBytes

CSV = b"Case,Job title,Main tasks\n7,nurse,wards\n8,cook,\n"
TABLE = "d/a/table.json"


class DiesOnFiles(MultipartFiles):
    """Stands for a function that is killed while it writes a workbook; notes what is put."""

    written: list[str]

    def put(self, key: str, content: bytes) -> None:
        self.written.append(key.rpartition("/")[2])
        super().put(key, content)

    def put_file(self, key: str, path: Path) -> None:
        raise KeyboardInterrupt


class DiesOnResults(MultipartFiles):
    """Stands for a function that is killed while it writes the table."""

    def put(self, key: str, content: bytes) -> None:
        if key.endswith("results.csv"):
            raise KeyboardInterrupt
        super().put(key, content)


@pytest.fixture
def fixture() -> Iterator[FinishFixture]:
    with cloud() as aws:
        yield FinishFixture(aws)


def a_workbook() -> bytes:
    """The rows of the CSV in a sheet."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in CSV.decode().splitlines():
        sheet.append(line.split(","))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def a_coded_drop(aws: Cloud, form: TableFormat = TableFormat.CSV) -> Drop:
    """A drop whose rows have been prepared, and whose output lies in the bucket of results."""
    content = CSV if form is TableFormat.CSV else a_workbook()
    stored = aws.s3.put_object(Bucket=DROPS, Key="anzsco/jobs.csv", Body=content)
    drop = a_drop(key="anzsco/jobs.csv")
    drop = replace(
        drop,
        bucket=DROPS,
        version_id=stored["VersionId"],
        etag=stored["ETag"].strip('"'),
        size=len(content),
        table=TABLE,
    )
    plan, lines = prepared(HeldBytes(content), form, OPTIONS)
    PreparedTable(plan, drop.dropped).keep(PreparedBucket(aws.s3, PREPARED), TABLE)
    records = map(json.loads, lines.splitlines())
    output = [json.dumps({"recordId": each["recordId"], "result": CODED}) for each in records]
    key = f"{drop.results_prefix}output.jsonl"
    aws.s3.put_object(Bucket=RESULTS, Key=key, Body="\n".join(output).encode())
    return drop


def given_back(tables: CodedTables, drop: Drop) -> TableFacts:
    record = a_record(drop)
    assert record.output is not None
    assert record.metadata is not None
    found = tables.of(drop, record.output, record.metadata, "2026-11-21T12:00:00Z", lambda: True)
    assert found is not None
    return found[0]


def should_not_write_a_table_again_when_the_function_died_on_the_next_format(
    fixture: FinishFixture,
) -> None:
    drop = a_coded_drop(fixture.aws)
    settings = replace(fixture.coded_tables.settings, result_formats=("xlsx",))
    dying = DiesOnFiles(fixture.aws.s3, RESULTS)
    DiesOnFiles.written = []
    with pytest.raises(KeyboardInterrupt):
        given_back(replace(fixture.coded_tables, settings=settings, files=dying), drop)
    assert "results.csv" in dying.written
    with pytest.raises(KeyboardInterrupt):
        given_back(replace(fixture.coded_tables, settings=settings, files=dying), drop)
    assert dying.written.count("results.csv") == 1
    facts = given_back(replace(fixture.coded_tables, settings=settings), drop)
    assert list(facts.files) == ["csv", "xlsx"]
    assert facts.rows["coded"] == 2
    assert facts.report is not None
    assert fixture.aws.prepared_keys() == [TABLE]


def should_leave_a_format_out_and_say_why_when_it_can_not_hold_the_table(
    fixture: FinishFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coded_tables, "MOST_ROWS_AT_ONCE", 1)
    settings = replace(fixture.coded_tables.settings, result_formats=("xlsx",))
    facts = given_back(replace(fixture.coded_tables, settings=settings), a_coded_drop(fixture.aws))
    assert list(facts.files) == ["csv"]
    assert "longer to write in this format" in facts.left_out["xlsx"]


def should_give_csv_back_when_the_tables_own_format_can_not_hold_it(
    fixture: FinishFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop = a_coded_drop(fixture.aws, form=TableFormat.XLSX)
    monkeypatch.setattr(coded_tables, "MOST_ROWS_AT_ONCE", 1)
    dying = DiesOnResults(fixture.aws.s3, RESULTS)
    with pytest.raises(KeyboardInterrupt):  # what was left out is known by then
        given_back(replace(fixture.coded_tables, files=dying), drop)
    facts = given_back(fixture.coded_tables, drop)
    assert list(facts.files) == ["csv"]
    assert list(facts.left_out) == ["xlsx"]
    report = json.loads(fixture.aws.result(f"{drop.results_prefix}report.json"))
    assert report["files"][0] == "results.csv"


def uncode(aws: Cloud, drop: Drop) -> None:
    """Makes suggestions of the codes that have come out for a drop."""
    key = f"{drop.results_prefix}output.jsonl"
    lines = aws.result(key).decode().replace('"result": {', '"suggestions": [{')
    aws.s3.put_object(Bucket=RESULTS, Key=key, Body=lines.replace("}}", "}]}").encode())


def should_give_a_page_to_review_when_rows_have_no_code(fixture: FinishFixture) -> None:
    drop = a_coded_drop(fixture.aws)
    assert given_back(fixture.coded_tables, drop).review is None
    uncode(fixture.aws, drop)
    facts = given_back(fixture.coded_tables, drop)
    assert facts.review == f"{drop.results_prefix}review.html"
    page = data_of_page(fixture.aws.result(facts.review))
    assert page is not None
    assert {each["texts"][0] for each in page["items"]} == {"nurse", "cook"}
    assert not page["hasCodelist"]
    report = json.loads(fixture.aws.result(f"{drop.results_prefix}report.json"))
    assert "review.html" in report["files"]


def should_offer_the_topics_codelist_when_there_is_one(
    fixture: FinishFixture, tmp_path: Path
) -> None:
    drop = a_coded_drop(fixture.aws)
    uncode(fixture.aws, drop)
    settings = replace(fixture.coded_tables.settings, codelists=tmp_path)
    tables = replace(fixture.coded_tables, settings=settings)
    (tmp_path / "anzsco.csv").write_text("code,label,parent\n9,Labourers,\n", "utf-8")
    facts = given_back(tables, drop)
    page = data_of_page(fixture.aws.result(facts.review or ""))
    assert page is not None
    assert ["9", "Labourers", None] in page["codes"]
    (tmp_path / "anzsco.csv").write_text("code\n9\n", "utf-8")
    with pytest.raises(SettingInvalid, match=r"anzsco\.csv can't be read"):
        given_back(tables, drop)
