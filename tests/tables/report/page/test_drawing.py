"""The drawings are SVG that has a name, and shows the numbers that it is given."""

from xml.etree import ElementTree as ET

import pytest

from tables.report.page.drawing import PLOT, Curve, bar, curves, histogram, swatch


def _rects(drawn: str, class_: str) -> list[ET.Element]:
    return [each for each in ET.fromstring(drawn).iter("rect") if each.get("class") == class_]  # noqa: S314  ours


def should_name_and_describe_a_chart() -> None:
    drawn = ET.fromstring(histogram("h", "Rows <1>", "What & how", [(1, 2)]))  # noqa: S314  ours
    assert drawn.get("role") == "img"
    assert drawn.get("aria-labelledby") == "h-name h-words"
    assert [(each.get("id"), each.text) for each in drawn[:2]] == [
        ("h-name", "Rows <1>"),
        ("h-words", "What & how"),
    ]


def should_stack_bars_as_high_as_their_counts() -> None:
    drawn = histogram("h", "t", "d", [(0, 0), (100, 50), (200, 0)])
    heights = [float(each.get("height", "")) for each in _rects(drawn, "results")]
    assert heights == pytest.approx([PLOT / 2, PLOT], abs=0.1)
    (upper,) = _rects(drawn, "suggestions")
    assert float(upper.get("height", "")) == pytest.approx(PLOT / 4, abs=0.1)
    lower = _rects(drawn, "results")[0]
    bottom = float(upper.get("y", "")) + float(upper.get("height", ""))
    assert bottom == pytest.approx(float(lower.get("y", "")), abs=0.2)


@pytest.mark.parametrize("greatest", [0, 1, 3, 7, 4_001, 10**9])
def should_have_few_round_levels_that_reach_the_greatest(greatest: int) -> None:
    drawn = ET.fromstring(histogram("h", "t", "d", [(greatest, 0)]))  # noqa: S314  ours
    ticks = [each.text or "" for each in drawn.iter("text") if "." not in (each.text or "")]
    levels = [int(each.replace(",", "")) for each in ticks]
    assert levels[0] == 0
    assert greatest <= levels[-1]
    assert 2 <= len(levels) <= 6


def should_draw_curves_in_the_unit_square() -> None:
    lines = [Curve("coverage-line", [(0.0, 1.0), (0.5, 0.25)]), Curve("precision-line", [])]
    drawn = curves("c", "t", "d", lines, at=0.75, marks=[(0.8, "80 % coded"), (0.9, "90 % right")])
    picture = ET.fromstring(drawn)  # noqa: S314  ours
    assert [each.get("points") for each in picture.iter("polyline")] == ["0.0,0.00 50.0,75.00", ""]
    marks = [each for each in picture.iter("text") if each.get("class") == "mark"]
    heights = {each.text: float(each.get("y", "")) for each in marks}
    assert heights["90 % right"] + 20 < heights["80 % coded"]  # the words do not meet


@pytest.mark.parametrize(
    ("share", "of", "width"), [(0.25, 1.0, "25.00%"), (0.1, 0.2, "50.00%"), (0.0, 0.0, "0.00%")]
)
def should_draw_a_bar_that_readers_of_numbers_skip(share: float, of: float, width: str) -> None:
    drawn = bar(share, of=of)
    assert _rects(drawn, "results")[0].get("width") == width
    assert 'aria-hidden="true"' in drawn


def should_show_lines_and_bars_in_a_key() -> None:
    assert "<line" in swatch("coverage-line")
    assert "<rect" in swatch("results")
