"""The page shows the run that was kept, and nothing else."""

from xml.etree import ElementTree

import pytest

from bench.report.report import KEPT, Run, plots
from bench.streams.competitors import Name, Side

# The documents' own test compares the tables (tests/docs/test_blocks.py).


@pytest.mark.parametrize("name", ["transfers.svg", "memory.svg"])
def should_be_drawn_from_the_kept_run(name: str) -> None:
    drawn = plots(Run.kept())[name]
    assert (KEPT.parent / name).read_text("utf-8") == drawn
    assert ElementTree.fromstring(drawn).tag.endswith("svg")  # noqa: S314  our own text


def should_have_every_competitor_at_every_size() -> None:
    run = Run.kept()
    sizes = {each.file_bytes for each in run.plain}
    names = {
        Side.SUBMIT: set(Name),
        Side.COLLECT: set(Name) - {Name.BARE},
    }
    for side, expected in names.items():
        of_side = [each for each in run.plain if each.side is side]
        found = {(each.file_bytes > 4 * 10**9, each.name) for each in of_side}
        assert found == {(large, name) for large in (True, False) for name in expected}
    assert max(sizes) > 4.9 * 10**9
