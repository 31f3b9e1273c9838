"""The files that belong to a coded table: their names, and those that its report is written as.

They are called alike in the results bucket, in the folder of `dropcoder code`, and where decisions
are merged.
"""

import json
from collections.abc import Mapping
from typing import Any

from tables.plan import TableFormat
from tables.report.page.document import html_of

RESULTS = "results"
"""The table, before its format."""
REPORT, PAGE = "report.json", "report.html"
"""The report for programs, and as a page for people."""
REVIEW = "review.html"
"""The page on which people decide; only where rows have suggestions alone."""
MANIFEST = "manifest.json"
"""Written last: where it stands, the others may be trusted."""
DESCRIPTION = "results.csv-metadata.json"  # where CSVW looks for it (W3C, "Tabular Data")


def table_name(form: TableFormat) -> str:
    """What the table is called in a format."""
    return f"{RESULTS}.{form}"


TABLES = tuple(map(table_name, TableFormat))
"""All names that a table may have."""


def as_json(document: Mapping[str, Any]) -> bytes:
    """A document for people and programs."""
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def report_files(report: Mapping[str, Any]) -> dict[str, bytes]:
    """A report for programs and for people, by name."""
    return {REPORT: as_json(report), PAGE: html_of(report).encode()}
