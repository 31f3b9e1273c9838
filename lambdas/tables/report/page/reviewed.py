"""The page's part about what people have decided, of a table that was merged."""

from collections.abc import Iterator, Mapping
from typing import Any

from tables.report.page.markup import Markup, joined, paragraph, section, table, text, theirs
from tables.report.words import number, percent, rows

Numbers = Mapping[str, Any]
ENDS = {
    "model": "The machine's code",
    "person": "A person's code",
    "dictionary": "Known from the dictionary",
    "cannotBeCoded": "Cannot be coded",
    "disagreed": "Reviewers disagree",
    "open": "Still open",
    "nothingToCode": "Nothing to code",
    "unsent": "Blank or refused",
}


def decided(report: Numbers) -> Markup:
    """What the rows ended as, and how right the machine was on the blind share."""
    review = report["review"]
    people = [
        joined([theirs(", ".join(each["people"]) or "nobody"), text(f" ({number(each['texts'])})")])
        for each in review["files"]
    ]
    ends = [
        (text(title), text(number(review["rows"][end])))
        for end, title in ENDS.items()
        if review["rows"][end]
    ]
    return section(
        "review",
        "What people decided",
        Markup(f"<p>{text('Texts decided by ')}{joined(people, ', ')}{text('.')}</p>"),
        table("Rows by what they ended as", ["End", "Rows"], ends, numeric={1}),
        *_precision(review),
        *_loose_ends(review["texts"]),
    )


def _precision(review: Numbers) -> Iterator[Markup]:
    codes, suggestions = review["codes"], review["suggestions"]["first"]
    if not codes["texts"] and not suggestions["texts"]:
        yield paragraph("No blind text was decided, so nothing could be measured.")
        return
    yield paragraph(
        "Measured on distinct texts that were drawn blind and decided by people. The interval is "
        "the one in which the share of all such texts lies with 95 % confidence (Wilson)."
    )
    lines = [("The machine's codes", codes)]
    lines += [(f"Down to {each['level']} digits", each) for each in codes["levels"]]
    lines += [("First suggestions", suggestions)]
    lines += [("Any suggestion", review["suggestions"]["any"])]
    yield table(
        "Right, by people's decisions",
        ["What", "Texts", "Right", "Share", "From", "To"],
        (
            (text(title), *(text(cell) for cell in _cells(each)))
            for title, each in lines
            if each["texts"]
        ),
        numeric={1, 2, 3, 4, 5},
    )
    if codes["expected"] is not None:
        yield paragraph(
            f"The confidences of these codes promised {percent(codes['expected'])}. The texts "
            f"stand for {rows(codes['rows'])}, {number(codes['rowsRight'])} of them right."
        )


def _cells(share: Numbers) -> tuple[str, ...]:
    shares = (percent(share[each]) for each in ("share", "low", "high"))
    return number(share["texts"]), number(share["right"]), *shares


def _loose_ends(texts: Numbers) -> Iterator[Markup]:
    if texts["disagreed"]:
        yield paragraph(
            f"On {number(texts['disagreed'])} texts reviewers disagree; they have no final code of "
            "a person until somebody decides."
        )
    if texts["unmatched"]:
        yield paragraph(
            f"{number(texts['unmatched'])} decisions are on texts that no row of the table has."
        )
