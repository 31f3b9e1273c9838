"""An evaluation as one page of HTML that needs nothing else, in the look of a drop's report.

Drawn from the numbers alone: the same numbers make the same bytes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tables.report.page.document import page_of
from tables.report.page.drawing import Curve, bar, curves, figure_of
from tables.report.page.markup import (
    Markup,
    element,
    folded,
    joined,
    paragraph,
    section,
    table,
    text,
    theirs,
)
from tables.report.words import number, percent
from training.evaluate import findings
from training.evaluate.findings import share_of

SHOWN = (30, 40, 50, 60, 70, 75, 80, 85, 90, 95)  # hundredths; the others are folded
KINDS = {
    "clear": "supports a code of the deepest level",
    "ambiguous": "supports a group, no deeper",
    "out_of_scope": "fits no code; a result is wrong",
    "all": "",
}

Numbers = Mapping[str, Any]


def evaluation_page(numbers: Numbers, difference: Numbers | None = None) -> str:
    """The page. `numbers` are `numbers_of` an evaluation, `difference` is how they are `compared`
    with an earlier one."""
    parts = [
        ("levels", "Levels", _levels(numbers)),
        ("thresholds", "Thresholds", _thresholds(numbers)),
        ("calibration", "Calibration", _calibration(numbers)),
        ("kinds", "Kinds", _kinds(numbers)),
        ("codes", "Worst codes", findings.worst_codes(numbers)),
        ("confusions", "Confusions", findings.confusions(numbers)),
        ("faults", "Worst faults", findings.faults(numbers)),
        ("difference", "Model before", findings.difference(difference)),
        ("model", "Model", findings.model(numbers)),
    ]
    title = f"{numbers['model']['fullName']}, evaluated"
    links = [
        element("li", element("a", text(short), href=f"#{anchor}")) for anchor, short, _ in parts
    ]
    header = element(
        "header",
        paragraph("Dropcoder evaluation", class_="kicker"),
        element("h1", theirs(numbers["model"]["fullName"])),
        element(
            "p",
            text(f"Version {numbers['model']['modelVersion']} of the topic "),
            theirs(numbers["model"]["topic"]),
            text(f", {number(numbers['records'])} records of "),
            theirs(numbers["file"]),
            text("."),
            class_="about",
        ),
        paragraph(_lead(numbers), class_="lead"),
        element("nav", element("ul", *links, role="list"), aria_label="Parts of this page"),
    )
    footer = element(
        "footer", paragraph("This page is complete in itself: it loads nothing and runs nothing.")
    )
    drawn = [content for _, _, content in parts]
    return page_of(title, joined([header, element("main", *drawn), footer]))


def _lead(numbers: Numbers) -> str:
    if not numbers["asserted"]:
        return f"No record gets a code at the threshold of {numbers['threshold']:.2f}."
    return (
        f"At the threshold of {numbers['threshold']:.2f}, {percent(numbers['coverage'])} of the "
        f"records get a code, and {percent(numbers['precision'])} of these codes are right."
    )


def _levels(numbers: Numbers) -> Markup:
    best = (
        (
            text(_characters(each["length"])),
            text(number(each["records"])),
            share_of(each["accuracy"]),
            bar(each["accuracy"] or 0.0),
        )
        for each in numbers["levels"]
    )
    given = (
        (
            text(_characters(each["length"])),
            text(number(each["results"])),
            share_of(each["precision"]),
            bar(each["precision"] or 0.0),
        )
        for each in numbers["results"]
    )
    return section(
        "levels",
        "How right it is at each level",
        table(
            "The likeliest code of each level, whatever its confidence",
            ["Level", "Records", "Right", ""],
            best,
            numeric=(1, 2),
        ),
        table(
            "The codes that are given at the threshold, by the level of the code",
            ["Level", "Codes given", "Right", ""],
            given,
            numeric=(1, 2),
        ),
    )


def _thresholds(numbers: Numbers) -> Markup:
    cuts, at = numbers["thresholds"], numbers["threshold"]
    precise = [each for each in cuts if each["precision"] is not None]
    lines = [
        Curve("coverage-line", [(each["threshold"], each["coverage"]) for each in cuts]),
        Curve("precision-line", [(each["threshold"], each["precision"]) for each in precise]),
    ]
    here = min(cuts, key=lambda each: abs(each["threshold"] - at))
    marks = [(here["coverage"], f"{percent(here['coverage'], 0)} get a code")]
    if here["precision"] is not None:
        marks.append((here["precision"], f"{percent(here['precision'], 0)} of these right"))
    drawn = curves(
        "cuts", "Coverage and precision by threshold", _lead(numbers), lines, at=at, marks=marks
    )
    key = [
        ("coverage-line", "coverage: share of the records that get a code"),
        ("precision-line", "precision: share of these codes that are right"),
    ]
    shown = [each for each in cuts if round(each["threshold"] * 100) in SHOWN]
    best = numbers["atPrecision"]
    words = (
        f"No confidence has {best['precision']:.0%} of the codes of the deepest level right."
        if best["threshold"] is None
        else f"With codes of the deepest level alone, {percent(best['share'])} of the records may "
        f"be asserted so that {best['precision']:.0%} are right: those from a confidence of "
        f"{best['threshold']:.3f} on."
    )
    return section(
        "thresholds",
        "What a threshold brings",
        paragraph(words),
        figure_of(key, drawn, "By threshold"),
        _cuts("At some thresholds", shown, at),
        folded("Every second hundredth", _cuts("By threshold", cuts[::2], at)),
    )


def _cuts(caption: str, cuts: Sequence[Numbers], at: float) -> Markup:
    return table(
        caption,
        ["Threshold", "Coverage", "Precision"],
        (
            (
                text(f"{each['threshold']:.2f}"),
                share_of(each["coverage"]),
                share_of(each["precision"]),
            )
            for each in cuts
        ),
        numeric=(1, 2),
        marked=[place for place, each in enumerate(cuts) if each["threshold"] == at],
    )


def _calibration(numbers: Numbers) -> Markup:
    both = numbers["calibration"]
    all_, given = both["ofAll"], both["ofAsserted"]
    words = (
        "Of codes with a confidence of 0.8, eight in ten should be right. The expected calibration "
        f"error, the mean gap between the two, is {given['error']:.3f} of the codes that are given "
        f"and {all_['error']:.3f} of the likeliest code of every record."
    )
    lines = [
        Curve("precision-line", [(0.0, 0.0), (1.0, 1.0)]),
        Curve("coverage-line", [(each["confidence"], each["right"]) for each in all_["bins"]]),
    ]
    drawn = curves(
        "reliability",
        "Share that is right, by confidence",
        words,
        lines,
        at=numbers["threshold"],
        marks=[],
    )
    key = [
        ("coverage-line", "share of the likeliest codes that are right"),
        ("precision-line", "as it should be"),
    ]
    return section(
        "calibration",
        "Whether confidence is probability",
        paragraph(words),
        figure_of(key, drawn, "By confidence"),
        _bins("The likeliest code of the deepest level, of all records", all_["bins"]),
        folded("The codes that are given", _bins("The codes that are given", given["bins"])),
    )


def _bins(caption: str, bins: Sequence[Numbers]) -> Markup:
    return table(
        caption,
        ["Confidence", "Records", "Mean confidence", "Right"],
        (
            (
                text(f"{each['low']:.1f} to {each['high']:.1f}"),
                text(number(each["records"])),
                share_of(each["confidence"]),
                share_of(each["right"]),
            )
            for each in bins
        ),
        numeric=(1, 2, 3),
    )


def _kinds(numbers: Numbers) -> Markup:
    return section(
        "kinds",
        "By kind of record",
        table(
            "Kinds of records",
            ["Kind", "Records", "Coverage", "Precision", "Among three"],
            (
                (
                    _explained(each["kind"].replace("_", " "), KINDS.get(each["kind"], "")),
                    text(number(each["records"])),
                    share_of(each["coverage"]),
                    share_of(each["precision"]),
                    share_of(each["top3"]),
                )
                for each in numbers["kinds"]
            ),
            numeric=range(1, 5),
        ),
    )


def _explained(kind: str, words: str) -> Markup:
    note = [element("span", text(words), class_="note")] if words else []
    return joined([text(kind), *note], " ")


def _characters(length: int) -> str:
    return f"{length} character{'' if length == 1 else 's'}"
