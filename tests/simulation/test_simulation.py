"""The quick form of `make simulate`: its targets are met; and what is broken is seen."""

from dataclasses import replace

import pytest

from simulation.report.measures import (
    measured,
)
from simulation.report.price_list import price
from simulation.report.text import lines_of, row_of
from simulation.scenarios import (
    Scenario,
    at_once,
    in_one_execution,
    in_pieces,
    kept_history,
    kept_limits,
    kept_state,
    over_days,
    quick,
    ten_thousand_sharing,
)
from simulation.simulation import Simulation


@pytest.mark.parametrize("scenario", quick(), ids=lambda scenario: scenario.name)
def should_meet_its_targets(scenario: Scenario) -> None:
    _, missed = scenario.run()
    assert missed == []


@pytest.mark.slow  # each simulates a day of ten thousand files, as one of the targets above does
@pytest.mark.parametrize("seed", [3, 5, 8])  # long operations: the most calls of the first twelve
def should_take_few_calls_for_ten_thousand_files_whatever_the_seed(seed: int) -> None:
    seen, missed = ten_thousand_sharing().run(seed)
    assert missed == []
    assert seen.calls <= 150
    assert row_of(seed, seen).split()[:3] == [str(seed), "10", str(seen.calls)]


def should_price_a_large_file_by_its_bytes_and_many_small_ones_by_their_number() -> None:
    small, large = (price("a file", [replace(at_once(1)[0], bytes=n)]) for n in (10**6, 10**9))
    assert large.functions > small.functions
    assert (large.workflow, large.kept) == (small.workflow, 1000 * small.kept)
    hundred = price("files", at_once(100))
    assert hundred.workflow > small.workflow
    assert hundred.together < 100 * small.together / 5


def should_see_histories_and_states_that_are_too_large() -> None:
    seen, _ = in_pieces(3, records=10).run()
    assert seen.operations == 3
    assert "a piece; a state of at most " in lines_of(seen)[-1]
    assert kept_history(replace(seen, longest_history_of_a_piece=25_001)) is not None
    assert kept_state(replace(seen, largest_state=262_145)) is not None
    assert in_one_execution(replace(seen, drained_seconds=15 * 86_400)) is not None


def should_show_the_same_when_the_seed_is_the_same() -> None:
    scenario = Scenario(name="few", drops=at_once(20), shares=False)
    assert scenario.run(3) == scenario.run(3)
    assert scenario.run(3) != scenario.run(4)


def should_see_a_broken_limit_when_calls_are_made_too_fast() -> None:
    drops = at_once(30)
    simulation = Simulation(drops[0].at, shares=False, requests_per_second=1.5)
    simulation.run(drops)
    seen = measured(simulation, drops)
    assert seen.refused > 0
    assert "limits broken" in (kept_limits(seen) or "")


def should_see_a_lost_drop_when_its_end_was_announced_wrongly() -> None:
    drops = at_once(3)
    seen, _ = Scenario(name="three", drops=drops, shares=True).run()
    assert seen.lost == 0
    simulation = Simulation(drops[0].at, shares=True)
    simulation.run(drops[:2])
    assert measured(simulation, drops).lost == 1


def should_drop_as_many_as_wanted_each_day() -> None:
    drops = over_days(3, 50)
    assert len(drops) == 150
    assert sorted(drops, key=lambda drop: drop.at) == drops
