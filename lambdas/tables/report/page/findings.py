"""The page's parts about single codes, texts and rows, and about what has changed."""

from collections.abc import Mapping, Sequence
from typing import Any

from tables.report.page.drawing import bar
from tables.report.page.markup import (
    NOTHING,
    Markup,
    element,
    folded,
    paragraph,
    section,
    table,
    text,
    theirs,
)
from tables.report.words import day, number, percent, points, rows

FIRST_CODES = 20  # the others are folded
FIRST_ROWS = 10

Numbers = Mapping[str, Any]


def frequent_codes(report: Numbers) -> Markup:
    """The top codes."""
    codes = report["codes"]
    top = codes["top"]
    if not top:
        return section("codes", "Codes given most often", paragraph("No row has a code."))
    several = "codes were" if codes["distinct"] != 1 else "code was"
    words = f"{number(codes['distinct'])} different {several} given to {rows(codes['rows'])}."
    if codes["others"]:
        words = (
            f"More than {number(codes['distinct'])} different codes were given to "
            f"{rows(codes['rows'])}; the {number(codes['others'])} rows of those that came last "
            "are not told apart."
        )
    more, greatest = top[FIRST_CODES:], top[0]["share"]
    return section(
        "codes",
        "Codes given most often",
        paragraph(words),
        _codes("Codes by rows", top[:FIRST_CODES], greatest),
        folded(f"The next {len(more)}", _codes("Further codes by rows", more, greatest))
        if more
        else NOTHING,
    )


def _codes(caption: str, codes: Sequence[Numbers], greatest: float) -> Markup:
    return table(
        caption,
        ["Code", "Label", "Rows", "Of coded rows", ""],
        (
            (
                theirs(each["code"]),
                theirs(each["label"]),
                text(number(each["rows"])),
                text(percent(each["share"])),
                bar(each["share"], of=greatest),
            )
            for each in codes
        ),
        numeric=(2, 3),
    )


def uncoded_texts(report: Numbers) -> Markup:
    """The texts that most often have suggestions alone."""
    uncoded = report["uncoded"]
    title = "Texts most often left without a code"
    if not uncoded["top"]:
        return section("texts", title, paragraph("Every row that was sent has a code."))
    words = (
        f"{rows(uncoded['rows'])}, shortened ones among them, have suggestions only. Whoever "
        "settles the texts below by hand settles all rows that have them. Upper and lower case "
        "and spaces make no difference."
    )
    if not uncoded["exact"]:
        words += (
            " There were too many different texts to count each: the numbers say how many rows "
            "a text has at least, and at most."
        )
    exact = uncoded["exact"]
    return section(
        "texts",
        title,
        paragraph(words),
        table(
            "Texts by rows without a code",
            [*uncoded["fields"], *(["Rows"] if exact else ["At least", "At most"])],
            (
                (
                    *_as_many(each["texts"], len(uncoded["fields"])),
                    *(text(number(each[name])) for name in ["rows", "rowsAtMost"][: 2 - exact]),
                )
                for each in uncoded["top"]
            ),
            numeric=range(len(uncoded["fields"]), len(uncoded["fields"]) + 2),
            is_wide=True,
        ),
    )


def _as_many(texts: Sequence[str], fields: int) -> list[Markup]:
    filled = [*texts, *[""] * fields][:fields]
    return [theirs(each) if each else text("–") for each in filled]


def rows_to_mend(report: Numbers) -> Markup:
    """Refused and shortened rows."""
    refused, shortened = report["refused"], report["shortened"]
    parts = []
    if not refused["rows"]:
        parts.append(paragraph("No row was refused."))
    elif not refused["first"]:
        parts.append(paragraph(f"{rows(refused['rows'])} were refused."))
    else:
        parts.append(_refusals("Refused rows", refused["first"][:FIRST_ROWS]))
        more = refused["first"][FIRST_ROWS:]
        if more:
            parts.append(folded(f"The next {len(more)}", _refusals("Further refused rows", more)))
        if refused["rows"] > len(refused["first"]):
            parts.append(_first_only(len(refused["first"]), refused["rows"]))
    if shortened["rows"]:
        limit = report["assumed"]["maxTextCharacters"]
        parts.append(element("h3", text("Shortened rows")))
        parts.append(
            paragraph(
                f"{rows(shortened['rows'])} had more than {limit} characters of text; their "
                "beginnings were sent. By number:"
            )
        )
        items = [element("li", text(str(each))) for each in shortened["first"]]
        parts.append(element("ol", *items, class_="rows", role="list") if items else NOTHING)
        if shortened["rows"] > len(shortened["first"]):
            parts.append(_first_only(len(shortened["first"]), shortened["rows"]))
    else:
        parts.append(paragraph("No row was too long."))
    return section("mend", "Refused and shortened rows", *parts)


def _refusals(caption: str, refusals: Sequence[Numbers]) -> Markup:
    return table(
        caption,
        ["Row", "Why"],
        ((text(str(each["row"])), theirs(each["reason"])) for each in refusals),
    )


def _first_only(shown: int, all_rows: int) -> Markup:
    words = f"These are the first {shown} of {number(all_rows)}; the table's column of statuses "
    return paragraph(f"{words}has all.", class_="note")


def difference(report: Numbers) -> Markup:
    """How this drop differs from the last one."""
    previous = report["previous"]
    title = "Compared with the last drop"
    if previous is None:
        words = "There is no earlier report of this topic to compare with."
        return section("difference", title, paragraph(words))
    model = previous["previousModel"]
    changed = "The same model coded both."
    if previous["modelChanged"]:
        version = model.get("modelVersion", "")
        changed = f"Another model coded that one: {model['modelId']}, version {version}."
    elif not (model.get("modelId") and report["model"].get("modelId")):
        changed = "The dictionary had every text of one of them, and no model coded it."
    means = [previous["previousMeanConfidence"], previous["meanConfidence"]]
    then, now = ("none" if each is None else f"{each:.2f}" for each in means)
    return section(
        "difference",
        title,
        element(
            "p",
            text("The topic's last drop was "),
            theirs(previous["key"]),
            text(f", coded {day(previous['codedAt'])}: {rows(previous['rows'])}. "),
            theirs(changed),
            text(f" Mean confidence of the codes: {then} then, {now} now."),
        ),
        _changes("Shares of all rows, by status", "Status", previous["statuses"], "status"),
        _changes("Codes whose share of coded rows changed most", "Code", previous["codes"], "code")
        if previous["codes"]
        else NOTHING,
        paragraph(
            "Changes in percentage points. One with a star is larger than chance would make it "
            "(more than three standard errors). ≤: the code was not among the most frequent then.",
            class_="note",
        ),
    )


def _changes(caption: str, name: str, changes: Sequence[Numbers], key: str) -> Markup:
    labelled = key == "code"
    return table(
        caption,
        [name, *(["Label"] if labelled else []), "Then", "Now", "Change"],
        (
            (
                theirs(each[key]),
                *([theirs(each["label"])] if labelled else []),
                text(
                    ("≤\u00a0" if each.get("previousIsAtMost") else "")
                    + percent(each["previousShare"])
                ),
                text(percent(each["share"])),
                text(points(each["change"]) + ("\u00a0*" if each["notable"] else "")),
            )
            for each in changes
        ),
        numeric=range(1 + labelled, 4 + labelled),
        is_wide=labelled,
    )
