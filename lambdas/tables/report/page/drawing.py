"""The report's drawings: SVG that grows with the page while its letters keep their size.

Widths are shares of the drawing, heights are pixels. Colours are the style's, by class.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tables.report.page.markup import Markup, element, joined, text
from tables.report.words import number

HEIGHT, TOP, FOOT = 240, 24, 26  # of a chart: in all, above it and below it
PLOT = HEIGHT - TOP - FOOT
_TICKS = 4  # at most, above the zero
_ROUND = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of a chart of shares."""

    class_: str
    points: Sequence[tuple[float, float]]
    """Across and up, both from 0 to 1."""


def bar(share: float, *, of: float = 1.0) -> Markup:
    """A share as a bar beside its number, which says the same; `of` is as long as a bar gets."""
    share = share / of if of else 0.0
    drawn = element("rect", class_="results", width=_across(share), height="8", rx="1")
    ground = element("rect", class_="ground", width="100%", height="8", rx="1")
    return _svg("bar", 8, *([ground] if of == 1 else []), drawn, aria_hidden="true")


def swatch(class_: str) -> Markup:
    """A line's or bar's look, in a key."""
    if class_.endswith("-line"):
        drawn = element("line", class_=class_, x1="0", x2="100%", y1="5", y2="5")
    else:
        drawn = element("rect", class_=class_, width="100%", height="10")
    return _svg("swatch", 10, drawn, aria_hidden="true")


def figure_of(key: Sequence[tuple[str, str]], drawn: Markup, axis: str) -> Markup:
    """A drawing with what its axis is, and what each look in it stands for: class and words."""
    names = [element("span", swatch(class_), text(name)) for class_, name in key]
    return element(
        "figure", element("figcaption", element("span", text(axis)), joined(names)), drawn
    )


def histogram(name: str, title: str, description: str, stacks: Sequence[tuple[int, int]]) -> Markup:
    """Bars from 0 to 1 across, each of two counts, one upon the other.

    `name` is the drawing's own on its page; `description` says what there is to see.
    """
    step = _step(max((sum(each) for each in stacks), default=0))
    highest = step * max(1, -(-max((sum(each) for each in stacks), default=0) // step))
    levels = [(value / highest, number(value)) for value in range(0, highest + 1, step)]
    bars = []
    for place, (lower, upper) in enumerate(stacks):
        for class_, base, count in (("results", 0, lower), ("suggestions", lower, upper)):
            if count:
                bars.append(
                    element(
                        "rect",
                        class_=class_,
                        x=_across((place + 0.08) / len(stacks)),
                        width=_across(0.84 / len(stacks)),
                        y=f"{_down((base + count) / highest):.1f}",
                        height=f"{count / highest * PLOT:.1f}",
                    )
                )
    return _chart(name, title, description, levels, bars)


def curves(
    name: str,
    title: str,
    description: str,
    lines: Sequence[Curve],
    *,
    at: float,
    marks: Sequence[tuple[float, str]],
) -> Markup:
    """Lines in the unit square; a vertical one `at` a place, with marked points and their words."""
    levels = [(each / 4, f"{each * 25}\N{NO-BREAK SPACE}%") for each in range(5)]
    drawn = [
        element(
            "polyline",
            class_=each.class_,
            points=" ".join(f"{x * 100:.1f},{100 - y * 100:.2f}" for x, y in each.points),
            vector_effect="non-scaling-stroke",
        )
        for each in lines
    ]
    square = element(
        "svg",
        *drawn,
        viewBox="0 0 100 100",
        preserveAspectRatio="none",
        y=str(TOP),
        width="100%",
        height=str(PLOT),
    )
    upright = element(
        "line", class_="mark", x1=_across(at), x2=_across(at), y1=str(TOP), y2=str(TOP + PLOT)
    )
    highest = max((share for share, _ in marks), default=0.0)
    points = [
        part
        for share, words in marks
        for part in _mark(at, share, words, away=-10 if share == highest else 20)
    ]
    return _chart(name, title, description, levels, [square, upright, *points])


def _mark(at: float, share: float, words: str, *, away: int) -> Iterator[Markup]:
    """A point, and words so far below it."""
    y = _down(share)
    yield element("circle", class_="mark", cx=_across(at), cy=f"{y:.1f}", r="4")
    anchor = "end" if at > 1 / 2 else "start"
    yield element(
        "text", text(words), class_="mark", x=_across(at), y=f"{y + away:.1f}", text_anchor=anchor
    )


def _chart(
    name: str,
    title: str,
    description: str,
    levels: Sequence[tuple[float, str]],
    content: Sequence[Markup],
) -> Markup:
    """What is drawn, before lines across at some levels and behind their values."""
    heights = [(f"{_down(share):.1f}", f"{_down(share) - 5:.1f}", label) for share, label in levels]
    grid = [element("line", class_="grid", x1="0", x2="100%", y1=y, y2=y) for y, _, _ in heights]
    values = [element("text", text(label), class_="tick", y=above) for _, above, label in heights]
    names = f"{name}-name {name}-words"
    return _svg(
        "chart",
        HEIGHT,
        element("title", text(title), id=f"{name}-name"),
        element("desc", text(description), id=f"{name}-words"),
        *grid,
        *content,
        *values,
        *_feet(),
        role="img",
        aria_labelledby=names,
    )


def _svg(class_: str, height: int, *content: Markup, **attributes: str) -> Markup:
    return element("svg", *content, class_=class_, width="100%", height=str(height), **attributes)


def _feet() -> Iterator[Markup]:
    for quarter, anchor in enumerate(("start", "middle", "middle", "middle", "end")):
        yield element(
            "text",
            text(f"{quarter / 4:.2f}"),
            class_="tick",
            x=_across(quarter / 4),
            y=str(HEIGHT - FOOT + 18),
            text_anchor=anchor,
        )


def _across(share: float) -> str:
    return f"{share * 100:.2f}%"


def _down(share: float) -> float:
    return TOP + PLOT * (1 - share)


def _step(greatest: int) -> int:
    """The least round number of which `_TICKS` reach the greatest."""
    power = 1
    while True:
        for each in _ROUND:
            if each * power * _TICKS >= greatest:
                return each * power
        power *= 10
