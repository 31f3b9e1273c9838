"""An uncertain record is placed as deep as its confidence allows."""

from __future__ import annotations

import numpy as np
import pytest

from coding_service.coder.hierarchy import Code, Hierarchy

TREE = Hierarchy.of(
    (1, 2, 4),
    [
        Code("1", "one", ""),
        Code("11", "one one", "1"),
        Code("12", "one two", "1"),
        Code("2", "two", ""),
        Code("21", "two one", "2"),
        Code("1101", "a", "11"),
        Code("1102", "b", "11"),
        Code("1201", "c", "12"),
        Code("2101", "d", "21"),
    ],
)


@pytest.mark.parametrize(
    ("odds", "code", "confidence"),
    [
        ([0.8, 0.1, 0.0, 0.1], "1101", 0.8),
        ([0.4, 0.4, 0.1, 0.1], "11", 0.8),
        ([0.3, 0.1, 0.4, 0.2], "1", 0.8),
        ([0.3, 0.1, 0.1, 0.5], None, 0.0),
        ([0.1, 0.1, 0.1, 0.1], None, 0.0),
        ([0.7, 0.0, 0.0, 0.0], "1101", 0.7),
    ],
)
def should_give_the_deepest_code_that_reaches_the_threshold(
    odds: list[float], code: str | None, confidence: float
) -> None:
    placed = TREE.place(np.asarray([odds], np.float32), np.float32(0.7).item())

    depth = int(placed.depth[0])
    found = TREE.levels[depth].codes[placed.best[0]].code if depth >= 0 else None
    assert found == code
    assert float(placed.confidence[0]) == pytest.approx(confidence)


def should_cover_itself_and_its_descendants_alone() -> None:
    assert [code for code in TREE.leaves if TREE.covers("11", code)] == ["1101", "1102"]
    assert TREE.covers("11", "11")
    assert not TREE.covers("1101", "11")
