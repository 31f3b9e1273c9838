"""Bars and lines as SVG: text that Git can compare, drawn without a library."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, BAR, GAP, LEFT, TOP = 760, 20, 8, 190, 44
LINES_HEIGHT = 360
INK, GRID, OURS = "#24292f", "#d0d7de", "#0969da"
COLOURS = ("#0969da", "#54aeff", "#bc4c00", "#f0883e")


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    value: float
    ours: bool


def bars(title: str, groups: Sequence[tuple[str, Sequence[Bar]]], unit: str) -> str:
    """Horizontal bars in groups, all on one scale."""
    greatest = max(bar.value for _, group in groups for bar in group)
    scale = (WIDTH - LEFT - 90) / greatest
    drawn, y = [], TOP
    for heading, group in groups:
        drawn.append(_text(10, y + 14, heading, weight="bold"))
        y += BAR + GAP
        for bar in group:
            width = max(1.0, bar.value * scale)
            colour = OURS if bar.ours else "#8c959f"
            drawn.append(_text(LEFT - 8, y + 15, bar.label, anchor="end"))
            drawn.append(
                f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{colour}"/>'
            )
            drawn.append(_text(LEFT + width + 6, y + 15, f"{bar.value:,.0f} {unit}"))
            y += BAR + GAP
        y += GAP
    return _page(title, y + 4, drawn)


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    points: Sequence[tuple[float, float]]


def lines(title: str, drawn_lines: Sequence[Line], *, x_label: str, y_label: str) -> str:
    """Lines over a common x, both axes from zero."""
    right, bottom = WIDTH - 30, LINES_HEIGHT - 46
    left, top = 80, TOP + 12 * len(drawn_lines) + 24
    most_x = max(x for line in drawn_lines for x, _ in line.points)
    most_y = max(y for line in drawn_lines for _, y in line.points)

    def place(x: float, y: float) -> tuple[float, float]:
        return left + x / most_x * (right - left), bottom - y / most_y * (bottom - top)

    drawn = []
    for step in range(5):
        value = most_y * step / 4
        _, at = place(0, value)
        drawn.append(
            f'<line x1="{left}" y1="{at:.1f}" x2="{right}" y2="{at:.1f}" stroke="{GRID}"/>'
        )
        drawn.append(_text(left - 6, at + 4, f"{value:.2f}", anchor="end"))
    for x, _ in drawn_lines[0].points:
        drawn.append(_text(place(x, 0)[0], bottom + 16, f"{x:g}", anchor="middle"))
    for number, line in enumerate(drawn_lines):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in line.points))
        drawn.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        at = TOP + 16 * number
        drawn.append(f'<rect x="{left}" y="{at}" width="14" height="4" fill="{colour}"/>')
        drawn.append(_text(left + 20, at + 6, line.label))
    drawn.append(_text((left + right) / 2, LINES_HEIGHT - 10, x_label, anchor="middle"))
    drawn.append(_text(10, top - 10, y_label))
    return _page(title, LINES_HEIGHT, drawn)


def _page(title: str, height: float, drawn: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
        f'role="img" aria-label="{escape(title)}" font-family="sans-serif" font-size="12">'
    )
    paper = f'<rect width="{WIDTH}" height="{height:.0f}" fill="white"/>'
    return "\n".join([head, paper, _text(10, 22, title, weight="bold"), *drawn, "</svg>", ""])


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "normal") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{INK}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{escape(text)}</text>'
    )
