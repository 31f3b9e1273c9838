"""The page's parts about all rows: what became of them, how sure the codes are, and which threshold
brings what."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tables.report.page.drawing import Curve, bar, curves, figure_of, histogram
from tables.report.page.markup import (
    NOTHING,
    Markup,
    element,
    folded,
    joined,
    paragraph,
    section,
    table,
    text,
)
from tables.report.words import number, percent, rows

STATUSES = {
    "coded": "has a code of the deepest level",
    "broader": "has a code of a level above",
    "suggested": "has suggestions, and no code",
    "nothing_to_code": "has neither: the service found nothing to code in its text",
    "shortened": "was too long: went by its beginning",
    "blank": "had no text, and was not sent",
    "refused": "could not be read, and was not sent",
    "dictionary": "has what people decided on its text before, and was not sent",
}
BARS = 20  # of 0.05 each
SHOWN = (50, 60, 70, 75, 80, 85, 90, 95)  # hundredths; the others are folded

Numbers = Mapping[str, Any]


def fate_of_rows(report: Numbers) -> Markup:
    """Rows by status and by level."""
    statuses = (
        (_explained(each["status"], STATUSES[each["status"]]), *_counted(each))
        for each in report["statuses"]
    )
    levels = (
        (text(f"{each['level']} letters or digits"), *_counted(each)) for each in report["levels"]
    )
    return section(
        "rows",
        "What became of the rows",
        table(
            "Rows by status",
            ["Status", "Rows", "Share", ""],
            statuses,
            numeric=(1, 2),
        ),
        table(
            "Rows with a code, by the length of the code",
            ["Level", "Rows", "Share", ""],
            levels,
            numeric=(1, 2),
        )
        if report["levels"]
        else NOTHING,
    )


def _explained(status: str, words: str) -> Markup:
    return joined([text(status), element("span", text(words), class_="note")], " ")


def _counted(each: Numbers) -> tuple[Markup, Markup, Markup]:
    return text(number(each["rows"])), text(percent(each["share"])), bar(each["share"])


def sureness(report: Numbers) -> Markup:
    """The distribution of confidence."""
    confidence = report["confidence"]
    stacks = _stacks(confidence["bins"])
    mean, of_suggestions = confidence["mean"], confidence["meanOfSuggestions"]
    words = (
        f"Mean confidence of the codes: {_figure(mean)}; of the best suggestions where there is "
        f"no code: {_figure(of_suggestions)}."
    )
    if confidence["unknown"]:
        words += f" {rows(confidence['unknown'])} came without a confidence."
    top = max(range(BARS), key=lambda place: sum(stacks[place]))
    drawn = histogram(
        "confidences",
        "Rows by confidence",
        f"A histogram from 0 to 1. The highest bar is that from {_bounds(top)}: "
        f"{rows(sum(stacks[top]))}.",
        stacks,
    )
    numbers = table(
        "Rows by confidence",
        ["Confidence", "With a code", "Suggestions only"],
        (
            (text(_bounds(place)), text(number(coded)), text(number(suggested)))
            for place, (coded, suggested) in enumerate(stacks)
        ),
        numeric=(1, 2),
    )
    key = [("results", "rows with a code"), ("suggestions", "best suggestion, where no code")]
    return section(
        "confidence",
        "How sure the codes are",
        paragraph(words),
        figure_of(key, drawn, "Rows, by confidence"),
        folded("The numbers of this chart", numbers),
    )


def _stacks(bins: Sequence[Numbers]) -> list[tuple[int, int]]:
    width = len(bins) // BARS
    wider = (bins[at : at + width] for at in range(0, len(bins), width))
    return [
        (sum(each["results"] for each in some), sum(each["suggestions"] for each in some))
        for some in wider
    ]


def _bounds(place: int) -> str:
    last = place == BARS - 1
    return f"{place / BARS:.2f} to {'1.00' if last else f'under {(place + 1) / BARS:.2f}'}"


def choice_of_threshold(report: Numbers) -> Markup:
    """Coverage and expected precision by threshold."""
    chosen, entries = report["threshold"], report["thresholds"]
    if chosen["sentence"] is None:
        return section(
            "threshold",
            "Which threshold to choose",
            paragraph("The service gave codes without confidences; no threshold can be chosen."),
        )
    at = next(each for each in entries if each["threshold"] == chosen["at"])
    precise = [each for each in entries if each["expectedPrecision"] is not None]
    lines = [
        Curve("coverage-line", [(each["threshold"], each["coverage"]) for each in entries]),
        Curve(
            "precision-line", [(each["threshold"], each["expectedPrecision"]) for each in precise]
        ),
    ]
    marks = [(at["coverage"], f"{percent(at['coverage'], 0)} coded")]
    if at["expectedPrecision"] is not None:
        marks.append((at["expectedPrecision"], f"{percent(at['expectedPrecision'], 0)} right"))
    drawn = curves(
        "thresholds",
        "Coverage and expected precision by threshold",
        chosen["sentence"],
        lines,
        at=at["threshold"],
        marks=marks,
    )
    key = [
        ("coverage-line", "coverage: share of all rows with a code at or above the threshold"),
        ("precision-line", "share of these to expect right"),
    ]
    shown = [each for each in entries if round(each["threshold"] * 100) in SHOWN or each is at]
    return section(
        "threshold",
        "Which threshold to choose",
        paragraph(
            "Whoever takes only codes at or above a threshold gets fewer of them, and more of them "
            "right. What to expect right is the mean confidence of what is at or above the "
            "threshold: confidences are calibrated, so that of a hundred codes with 0.90 about "
            "ninety are right, for texts like those that the model learned from."
        ),
        figure_of(key, drawn, "By threshold"),
        _thresholds("Codes taken at or above a threshold", shown, chosen),
        folded(
            "All thresholds, and what the best suggestions would add",
            _with_suggestions(entries[:: len(entries) // BARS]),
        ),
    )


def _thresholds(caption: str, entries: Sequence[Numbers], chosen: Numbers) -> Markup:
    by_hand = f"Hours by hand, {chosen['rowsAnHour']:,g} rows an hour"
    return table(
        caption,
        ["Threshold", "Rows coded", "Of all rows", "Right, expected", "Rows left", by_hand],
        (
            (
                *_taken(each["threshold"], each),
                text(number(each["left"])),
                text(_whole_hours(each["hours"])),
            )
            for each in entries
        ),
        numeric=range(1, 6),
        is_wide=True,
        marked=[place for place, e in enumerate(entries) if e["threshold"] == chosen["at"]],
    )


def _whole_hours(value: float) -> str:
    return "under 1" if 0 < value < 1 else number(int(value + 0.5))


def _with_suggestions(entries: Iterable[Numbers]) -> Markup:
    head = ["Threshold", "Codes: rows", "Of all rows", "Right, expected"]
    more = ["With best suggestions: rows", "Of all rows", "Right, expected"]
    return table(
        "Codes alone, and with the best suggestion of rows that have no code",
        [*head, *more],
        (
            (
                *_taken(each["threshold"], each),
                *_taken(each["threshold"], each["withSuggestions"])[1:],
            )
            for each in entries
        ),
        numeric=range(1, 7),
        is_wide=True,
    )


def _taken(threshold: float, each: Numbers) -> tuple[Markup, ...]:
    precision = each["expectedPrecision"]
    return (
        text(f"{threshold:.2f}"),
        text(number(each["coded"])),
        text(percent(each["coverage"])),
        text("–" if precision is None else percent(precision)),
    )


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"
