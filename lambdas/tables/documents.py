"""What is said of a coded table beside it: its report, and the page on which people review it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from shared.codelist import Codelist
from tables.coded.coded_rows import CodedStatus
from tables.join import CodedTable
from tables.report.files import REVIEW, report_files
from tables.report.report import AboutDrop, report_of
from tables.review.page.document import html_of_review
from tables.review.page_data import page_data


@dataclass(frozen=True, slots=True)
class TableDocuments:
    """The documents of a table whose rows have all passed."""

    report: dict[str, Any]
    rows: dict[str, int]
    """By status, as `CodedStatus`."""
    files: dict[str, bytes]
    """By name, as `report.files` has them."""

    @property
    def has_review(self) -> bool:
        """Whether there is a page to review on: rows have suggestions alone."""
        return REVIEW in self.files


def documents_of(
    coded: CodedTable,
    *,
    about: AboutDrop,
    model: Mapping[str, Any],
    codelist: Codelist | None,
    previous: Mapping[str, Any] | None,
) -> TableDocuments:
    """The documents of a table that was written.

    `about.files` need not name the page to review on. `codelist` is that of the topic, where it is
    known; `model` and `previous` as `report_of` takes them.
    """
    files: dict[str, bytes] = {}
    data = page_data(
        coded.texts,
        coded.tally,
        about=about,
        fields=coded.plan.mapping.fields,
        codelist=codelist,
    )
    if data is not None:
        files[REVIEW] = html_of_review(data).encode()
        about = replace(about, files=(*about.files, REVIEW))
    report = report_of(coded.tally, plan=coded.plan, about=about, model=model, previous=previous)
    rows = {status.value: coded.tally.statuses[status] for status in CodedStatus}
    return TableDocuments(report, rows, files | report_files(report))
