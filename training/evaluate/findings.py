"""The evaluation page on single codes and texts, on what has changed, and on the model."""

from collections.abc import Mapping, Sequence
from typing import Any

from tables.report.page.markup import (
    Markup,
    element,
    folded,
    pairs,
    paragraph,
    section,
    table,
    text,
    theirs,
)
from tables.report.words import number, percent, points

FIRST = 15  # codes, confusions and faults; the others are folded

Numbers = Mapping[str, Any]


def share_of(share: float | None) -> Markup:
    """A share, or a dash where there is none."""
    return text("–" if share is None else percent(share))


def worst_codes(numbers: Numbers) -> Markup:
    """The codes of the deepest level with most mistakes."""
    worst = [each for each in numbers["worstCodes"] if each["right"] < each["records"]]
    words = (
        f"{number(numbers['codesAsked'])} codes of the deepest level were asked. More examples for "
        "those that come first help most."
    )
    return _listed(
        "codes",
        "Codes that are missed most",
        words,
        ["Code", "Records", "Right", "Taken for"],
        [
            (
                _named(each["code"], each["label"]),
                text(number(each["records"])),
                text(number(each["right"])),
                _named(each["takenFor"], each["takenForLabel"]),
            )
            for each in worst
        ],
        numeric=(1, 2),
    )


def confusions(numbers: Numbers) -> Markup:
    """Pairs of codes, the most frequent first."""
    return _listed(
        "confusions",
        "Codes taken for another",
        "By the likeliest code of the deepest level, whatever its confidence.",
        ["Code", "Taken for", "Records"],
        [
            (
                _named(each["code"], each["label"]),
                _named(each["takenFor"], each["takenForLabel"]),
                text(number(each["records"])),
            )
            for each in numbers["confusions"]
        ],
        numeric=(2,),
    )


def faults(numbers: Numbers) -> Markup:
    """Wrong codes that are given, those with most confidence first."""
    return _listed(
        "faults",
        "The surest of the wrong codes",
        f"{number(numbers['wrong'])} codes that are given are wrong, or deeper than the text "
        "supports.",
        ["Text", "Given", "Confidence", "Right is"],
        [
            (
                theirs(each["text"] or "(blank)"),
                _named(each["given"], each["givenLabel"]),
                text(f"{each['confidence']:.3f}"),
                _named(each["code"], each["label"]),
            )
            for each in numbers["faults"]
        ],
        numeric=(2,),
    )


def _named(code: str | None, label: str | None) -> Markup:
    return theirs(f"{code} {label}") if code else text("no code")


def _listed(
    name: str,
    title: str,
    words: str,
    head: Sequence[str],
    rows: Sequence[Sequence[Markup]],
    *,
    numeric: Sequence[int],
) -> Markup:
    if not rows:
        return section(name, title, paragraph("There are none."))
    more = rows[FIRST:]
    parts = [table(title, head, rows[:FIRST], numeric=numeric, is_wide=True)]
    if more:
        folded_rows = table(f"{title}, continued", head, more, numeric=numeric, is_wide=True)
        parts.append(folded(f"The next {len(more)}", folded_rows))
    return section(name, title, paragraph(words), *parts)


def difference(difference: Numbers | None) -> Markup:
    """How the figures differ from those of a model before."""
    title = "Beside the model before"
    if difference is None:
        words = "Nothing to compare with was named: --compare takes what evaluate --json wrote for "
        return section("difference", title, paragraph(words + "a model, or a model's directory."))
    before = difference["model"]
    words = (
        f"Compared with version {before['modelVersion']}, released {before['modelReleaseDate']}. "
    )
    if difference["sameQuestions"]:
        words += (
            f"Of the same records {number(difference['newlyRight'])} get a right code that did not "
            f"and {number(difference['noLongerRight'])} no longer do; "
            f"{number(difference['newlyWrong'])} get a wrong one that did not and "
            f"{number(difference['noLongerWrong'])} no longer do."
        )
    else:
        words += "It was asked other records, so that chance, and what was asked, count as well."
    return section(
        "difference",
        title,
        paragraph(words),
        table(
            "Figures of both models",
            ["Figure", "Now", "Before", "Change, points"],
            (
                (
                    text(each["name"]),
                    share_of(each["now"]),
                    share_of(each["before"]),
                    text(points(each["now"] - each["before"])),
                )
                for each in difference["figures"]
            ),
            numeric=(1, 2, 3),
        ),
    )


def model(numbers: Numbers) -> Markup:
    """What the model says of itself, and the command."""
    facts = [(text(name), theirs(_fact(value))) for name, value in numbers["model"].items()]
    return section(
        "model",
        "The model, and how this was made",
        pairs(facts),
        element("h3", text("The command")),
        element("p", element("bdi", text(numbers["command"]))),
    )


def _fact(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
