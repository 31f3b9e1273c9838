"""An evaluation as a picture: SVG, which is text, drawn without a library."""

from collections.abc import Iterator, Sequence
from html import escape

from coding_service.coder.model_card import ModelCard
from training.evaluate.evaluate import Evaluation

SIDE, MARGIN, TOP = 300, 60, 60
INK, GRID, BLUE, ORANGE = "#24292f", "#d0d7de", "#0969da", "#bc4c00"
Points = Sequence[tuple[float, float]]


def plot(card: ModelCard, evaluation: Evaluation) -> str:
    """Coverage and precision by threshold; beside them, how often what is so sure is right."""
    title = f"{card.topic} version {card.model_version}, {len(evaluation.answers)} records"
    coverage = [(cut.threshold, cut.coverage) for cut in evaluation.cuts]
    precision = [
        (cut.threshold, cut.precision) for cut in evaluation.cuts if cut.precision is not None
    ]
    sure = [(each.confidence, each.accuracy) for each in evaluation.bins]
    width, height = 2 * SIDE + 3 * MARGIN, SIDE + TOP + MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(title)}" font-family="sans-serif" font-size="12">'
    )
    drawn = [
        head,
        f'<rect width="{width}" height="{height}" fill="white"/>',
        _text(MARGIN, 20, title),
        *_square(MARGIN, "threshold"),
        _line(MARGIN, coverage, BLUE),
        _line(MARGIN, precision, ORANGE),
        _text(MARGIN, 40, "coverage", BLUE),
        _text(MARGIN + 70, 40, "precision", ORANGE),
        *_square(2 * MARGIN + SIDE, "confidence of the best code"),
        _line(2 * MARGIN + SIDE, [(0.0, 0.0), (1.0, 1.0)], GRID),
        _line(2 * MARGIN + SIDE, sure, BLUE),
        _text(2 * MARGIN + SIDE, 40, "share that is right", BLUE),
        "</svg>",
    ]
    return "\n".join(drawn) + "\n"


def _square(left: float, label: str) -> Iterator[str]:
    """The unit square with a grid of quarters."""
    for quarter in range(5):
        share = quarter / 4
        x, y = left + share * SIDE, TOP + SIDE - share * SIDE
        yield _path([(left, y), (left + SIDE, y)], GRID)
        yield _path([(x, TOP), (x, TOP + SIDE)], GRID)
        yield _text(left - 34, y + 4, f"{share:.2f}")
        yield _text(x - 12, TOP + SIDE + 16, f"{share:.2f}")
    yield _text(left + SIDE / 2 - 60, TOP + SIDE + 36, label)


def _line(left: float, points: Points, colour: str) -> str:
    return _path([(left + x * SIDE, TOP + SIDE - y * SIDE) for x, y in points], colour)


def _path(points: Points, colour: str) -> str:
    placed = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{placed}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def _text(x: float, y: float, text: str, colour: str = INK) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}">{escape(text)}</text>'
