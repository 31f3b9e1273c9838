"""The page's parts about where its numbers come from: the table as it was read, the model, and the
files beside it."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from tables.report.page.markup import (
    NOTHING,
    Markup,
    element,
    joined,
    pairs,
    paragraph,
    section,
    text,
    theirs,
)
from tables.report.words import number

FORMATS = {
    "csv": "CSV, text with a separator",
    "xlsx": "Excel workbook (.xlsx)",
    "parquet": "Parquet",
    "jsonl": "JSON Lines",
    "json": "JSON array",
}
SEPARATORS = {",": "comma", ";": "semicolon", "␉": "tab", "|": "pipe"}
NAMES = {
    "modelId": "Model",
    "modelVersion": "Version",
    "modelReleaseDate": "Released",
    "modelType": "Kind",
    "topicStandard": "Classification",
    "topicVersion": "Version of the classification",
}

Facts = Mapping[str, Any]


def assumptions(report: Facts) -> Markup:
    """How the table was read."""
    assumed = report["assumed"]
    as_it_is = "The file is as the service takes it, and went there unchanged."
    return section(
        "assumed",
        "How the file was read",
        paragraph(as_it_is) if assumed["asItIs"] else NOTHING,
        pairs(_assumed(assumed)),
    )


def _assumed(assumed: Facts) -> Iterator[tuple[Markup, Markup]]:
    yield text("Format"), text(FORMATS[assumed["format"]])
    if assumed["encoding"] is not None:
        yield text("Encoding"), _encoding(assumed)
    if assumed["separator"] is not None:
        separator = str(assumed["separator"])
        yield text("Separator"), theirs(SEPARATORS.get(separator, separator))
    if assumed["sheet"] is not None:
        yield text("Sheet"), theirs(assumed["sheet"])
    if assumed["headerRow"] is not None:
        yield text("Header"), text(f"row {number(assumed['headerRow'])}")
    if not assumed["asItIs"]:
        yield text("Columns"), text(number(assumed["columns"]))
        for each in assumed["fields"]:
            columns = [theirs(name) for name in each["columns"]]
            origin = joined(columns, " + ") if columns else text("no column; sent empty")
            yield theirs(each["field"]), origin
        is_number = assumed["recordId"] is None
        yield text("Ids"), text("row numbers") if is_number else theirs(assumed["recordId"])
        if assumed.get("dictionary") is not None:
            yield text("Looked up in"), text(f"dictionary {assumed['dictionary']}")


def _encoding(assumed: Facts) -> Markup:
    if not assumed["encodingAssumed"]:
        return text(assumed["encoding"])
    words = f"{assumed['encoding']}, as the text is not UTF-8."
    examples = [theirs(each) for each in assumed["examples"]]
    return joined(
        [text(f"{words} Among what it changes: "), joined(examples, "; ")]
        if examples
        else [text(words)]
    )


def model(report: Facts) -> Markup:
    """The model that coded the table, with all that the service says of it."""
    known = [
        (text(NAMES.get(name, name)), theirs(str(value))) for name, value in report["model"].items()
    ]
    others = [(theirs(each["name"]), theirs(each["value"])) for each in report["modelFacts"]]
    more = (
        [element("h3", text("Further facts, and its evaluation")), pairs(others)] if others else []
    )
    return section("model", "The model", pairs(known), *more)


def files(report: Facts) -> Markup:
    """What lies beside the page."""
    items = [
        # Quoted, no name can be an address of its own: it stays beside the page.
        element(
            "li", element("a", theirs(name), href="./" + quote(name, safe="", errors="replace"))
        )
        for name in report["files"]
    ]
    words = "They lie beside this page; the links work where all were fetched into one folder."
    return section("files", "The files", paragraph(words), element("ul", *items))
