"""The whole page, drawn from the report's numbers alone: the same report makes the same bytes."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from tables.report.page import findings, origins, outcome, reviewed
from tables.report.page.markup import Markup, element, joined, paragraph, text, theirs
from tables.report.page.style import STYLE
from tables.report.words import day

Part = tuple[str, str, Callable[[Mapping[str, Any]], Markup]]
"""Its anchor, its short title, and what draws it."""
PARTS: tuple[Part, ...] = (
    ("rows", "Rows", outcome.fate_of_rows),
    ("confidence", "Confidence", outcome.sureness),
    ("threshold", "Threshold", outcome.choice_of_threshold),
    ("codes", "Codes", findings.frequent_codes),
    ("texts", "Uncoded texts", findings.uncoded_texts),
    ("mend", "Refused and shortened", findings.rows_to_mend),
    ("difference", "Last drop", findings.difference),
    ("assumed", "How it was read", origins.assumptions),
    ("model", "Model", origins.model),
    ("files", "Files", origins.files),
)
REVIEW: Part = ("review", "Review", reviewed.decided)
"""What a merged table has more."""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
# Nothing is fetched, run or sent, whatever the texts in the page try.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)


def html_of(report: Mapping[str, Any]) -> str:
    """The page of a report as `report.report_of` makes it."""
    name = report["key"].rpartition("/")[2] or report["key"]
    parts = [draw(report) for _, _, draw in _parts_of(report)]
    body = joined([_header(report, name), element("main", *parts), _footer(report)])
    return page_of(f"{name}, coded", body)


def page_of(name: str, body: Markup) -> str:
    """A whole page that needs nothing else, of this title and content."""
    title = element("title", text(name))
    head = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{text(POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="referrer" content="no-referrer">'
        f'<link rel="icon" href="data:,">{title}<style>{STYLE}</style>'
    )
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}</head>\n<body>{body}</body>\n</html>\n'


def _parts_of(report: Mapping[str, Any]) -> tuple[Part, ...]:
    return (PARTS[0], REVIEW, *PARTS[1:]) if "review" in report else PARTS


def _header(report: Mapping[str, Any], name: str) -> Markup:
    lead = report["threshold"]["sentence"] or report["headline"]
    links = [
        element("li", element("a", text(short), href=f"#{anchor}"))
        for anchor, short, _ in _parts_of(report)
    ]
    return element(
        "header",
        paragraph("Dropcoder report", class_="kicker"),
        element("h1", theirs(name)),
        element(
            "p",
            text("Topic "),
            theirs(report["topic"]),
            text(". Dropped "),
            _time(report["droppedAt"]),
            text(", coded "),
            _time(report["codedAt"]),
            text("."),
            class_="about",
        ),
        paragraph(lead, class_="lead"),
        *([paragraph(report["headline"])] if lead != report["headline"] else []),
        element("nav", element("ul", *links, role="list"), aria_label="Parts of this report"),
    )


def _time(moment: str) -> Markup:
    return element("time", text(day(moment)), datetime=moment)


def _footer(report: Mapping[str, Any]) -> Markup:
    return element(
        "footer",
        element("p", text("Drop "), theirs(report["dropId"]), text(" of "), theirs(report["key"])),
        paragraph("This page is complete in itself: it loads nothing and runs nothing."),
    )
