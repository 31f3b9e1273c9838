"""report.json has what is promised, and follows from its rows alone."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tables.plan import ColumnMapping, RowCounts, TableFormat, TablePlan
from tables.report.comparison import summary_of
from tests.support.tables.reports import (
    A_BLANK,
    ABOUT,
    MODEL,
    PLAN,
    CodedRow,
    a_coded,
    a_report,
    a_suggested,
    some_rows,
)

SCHEMA = Draft202012Validator(
    json.loads((Path(__file__).parents[3] / "docs/schemas/report.json").read_text("utf-8"))
)
AS_IT_IS = TablePlan(
    format=TableFormat.JSON_LINES,
    columns=(),
    mapping=ColumnMapping(fields={"occp_text": (), "tasks_text": ()}, record_id=None),
    prepared=False,
    counts=RowCounts(rows=3, sent=3),
)
WORKBOOK = replace(PLAN, format=TableFormat.XLSX, sheet="Tabelle1", encoding_assumed=False)


def _is_valid(report: dict[str, Any]) -> None:
    SCHEMA.validate(json.loads(json.dumps(report)))


def should_be_a_schema_of_its_draft() -> None:
    SCHEMA.check_schema(SCHEMA.schema)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [A_BLANK],
        [a_coded(confidence=None)],
        [a_suggested(confidence=None)],
        [a_coded(), a_suggested()],
        some_rows(400),
    ],
    ids=["none", "blank", "no confidence", "suggestions only", "two", "many"],
)
@pytest.mark.parametrize("plan", [PLAN, AS_IT_IS, WORKBOOK], ids=["csv", "as it is", "xlsx"])
def should_be_as_its_schema_says(rows: list[CodedRow], plan: TablePlan) -> None:
    _is_valid(a_report(rows, plan=plan))
    then = json.loads(json.dumps(summary_of(a_report(some_rows(300, seed=2)))))
    _is_valid(a_report(rows, plan=plan, previous=then))


def should_have_counts_that_add_up() -> None:
    report = a_report()
    assert sum(each["rows"] for each in report["statuses"]) == report["rows"] == 1_000
    bins = report["confidence"]["bins"]
    assert sum(each["results"] for each in bins) == report["codes"]["rows"]
    assert sum(each["rows"] for each in report["codes"]["top"]) == report["codes"]["rows"]
    assert sum(each["rows"] for each in report["levels"]) == report["codes"]["rows"]
    assert sum(each["suggestions"] for each in bins) == report["uncoded"]["rows"]


def should_begin_with_the_counts_in_a_sentence() -> None:
    report = a_report([*[a_coded()] * 3, a_coded("2412"), a_suggested(), A_BLANK])
    assert report["headline"].replace("\u00a0", " ") == (
        "6 rows: 3 with a code of the deepest level, 1 with a broader code, 1 with suggestions "
        "only, 1 blank."
    )


def should_tell_what_was_assumed() -> None:
    assumed = a_report()["assumed"]
    assert assumed["fields"] == [
        {"field": "occp_text", "columns": ["Beruf"], "places": [1]},
        {"field": "tasks_text", "columns": ["Tätigkeit", "Branche"], "places": [2, 3]},
    ]
    assert assumed["recordId"] == "Nr."
    assert assumed["examples"] == ["Köchin", "Büro", "Straßenbau"]
    assert (assumed["encoding"], assumed["separator"], assumed["headerRow"]) == ("cp1252", ";", 1)


def should_have_no_encoding_or_separator_of_a_workbook() -> None:
    assumed = a_report(plan=WORKBOOK)["assumed"]
    assert (assumed["encoding"], assumed["separator"]) == (None, None)
    assert assumed["sheet"] == "Tabelle1"


def should_name_a_column_without_a_name_by_its_place() -> None:
    assumed = a_report(plan=replace(PLAN, columns=("Nr.", "", "x")))["assumed"]
    names = [name for each in assumed["fields"] for name in each["columns"]]
    assert names == ["(column 2, without a name)", "x", "(column 4, without a name)"]


def should_show_an_evaluation_as_plain_facts() -> None:
    facts = {each["name"]: each["value"] for each in a_report()["modelFacts"]}
    assert facts["evaluation.records"] == "2050"
    assert facts["evaluation.accuracy.6"] == "0.742"
    assert facts["inputFormat"] == "occp_text, tasks_text"
    assert "modelId" not in facts


def should_show_a_few_facts_whatever_a_service_says() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"more": deep}
    many = {f"fact {each}": "x" * 10_000 for each in range(500)}
    report = a_report(model={**MODEL, "modelType": ["a"] * 9_999, "deep": deep, **many})
    _is_valid(report)
    assert len(json.dumps(report)) < 100_000


def should_speak_of_the_topics_own_threshold_and_pace() -> None:
    report = a_report(about=replace(ABOUT, threshold=0.9, rows_an_hour=25))
    assert report["threshold"]["at"] == 0.9
    assert report["threshold"]["sentence"].startswith("At 0.90, ")
    assert report["threshold"]["sentence"].endswith("by hand at 25 an hour.")
