"""The quick form of `make simulate`: its targets are met; and what is broken is seen."""

from dataclasses import replace

import pytest

from simulation.grouping import retry_groups
from simulation.measures import allowed_within, backlogs, least_seconds, measured, most_within
from simulation.price_list import price
from simulation.report import duration, row_of
from simulation.scenarios import (
    Scenario,
    at_once,
    kept_limits,
    over_days,
    quick,
    ten_thousand_sharing,
)
from simulation.world import World


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


def should_show_the_same_when_the_seed_is_the_same() -> None:
    scenario = Scenario(name="few", drops=at_once(20), shares=False)
    assert scenario.run(3) == scenario.run(3)
    assert scenario.run(3) != scenario.run(4)


def should_see_a_broken_limit_when_calls_are_made_too_fast() -> None:
    drops = at_once(30)
    world = World(drops[0].at, shares=False, requests_per_second=1.5)
    world.run(drops)
    seen = measured(world, drops)
    assert seen.refused > 0
    assert "limits broken" in (kept_limits(seen) or "")


def should_see_a_lost_drop_when_it_was_told_wrongly() -> None:
    drops = at_once(3)
    seen, _ = Scenario(name="three", drops=drops, shares=True).run()
    assert seen.lost == 0
    world = World(drops[0].at, shares=True)
    world.run(drops[:2])
    assert measured(world, drops).lost == 1


def should_count_the_most_in_any_window() -> None:
    assert most_within([0.0, 0.5, 1.0, 1.4, 9.0], 1.0) == 3
    assert most_within([], 1.0) == 0


def should_find_the_times_in_which_parts_waited() -> None:
    boarded = {"a": 0.0, "b": 10.0, "c": 500.0, "d": 1_000.0}
    begun = {"a": 50.0, "b": 100.0, "c": 501.0, "d": 1_060.0}
    assert backlogs(boarded, begun) == [(0.0, 100.0), (1_000.0, 1_060.0)]


def should_bound_what_the_limits_allow() -> None:
    assert allowed_within(59) == 60
    assert allowed_within(86_400 + 59) == 10_060
    assert least_seconds(10_000) == 9_999
    assert least_seconds(10_001) == 86_400


def should_split_companies_when_an_execution_would_carry_too_much() -> None:
    drops = at_once(2_000)
    assert [len(company) for company in retry_groups(drops)] == [1_000, 1_000]
    heavy = [replace(drop, bytes=15 << 20) for drop in drops[:5]]
    assert [len(company) for company in retry_groups(heavy)] == [2, 2, 1]


def should_drop_as_many_as_wanted_each_day() -> None:
    drops = over_days(3, 50)
    assert len(drops) == 150
    assert sorted(drops, key=lambda drop: drop.at) == drops


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(90, "90 s"), (600, "10.0 min"), (7_300, "2.0 h"), (864_000, "10.00 days")],
)
def should_say_durations_in_the_unit_that_reads_best(seconds: float, text: str) -> None:
    assert duration(seconds) == text
