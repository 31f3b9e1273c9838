"""A goal is met by the ratio of one run, not by a time."""

import pytest

from bench.report.goals import MAX_PEAK_BYTES, goals, quick_goals
from bench.report.runs import Measurement
from bench.streams.competitors import Name, Side
from bench.streams.memory_curve import MB_FOR_ONE_PROCESSOR, Stream


def measurement(
    side: Side, name: Name, *, seconds: float, cpu: float = 1.0, peak: int = 1
) -> Measurement:
    return Measurement(side, name, 10**9, seconds, cpu, peak)


@pytest.mark.parametrize("slowness", [1, 50])
def should_be_the_same_on_a_slower_machine(slowness: int) -> None:
    found = goals(
        [
            measurement(Side.SUBMIT, Name.DROPCODER, seconds=2.0 * slowness),
            measurement(Side.SUBMIT, Name.NAIVE, seconds=17.0 * slowness),
            measurement(Side.SUBMIT, Name.BARE, seconds=0.9 * slowness),
            measurement(Side.COLLECT, Name.DROPCODER, seconds=2.0 * slowness),
            measurement(Side.COLLECT, Name.AWS, seconds=2.1 * slowness),
        ]
    )
    assert [goal.met for goal in found] == [True, False, True, True, True]
    ratios = [goal.measured.partition(" (")[0] for goal in found[:3]]
    assert ratios == ["8.50 times", "0.45 times", "1.05 times"]


def should_leave_out_what_was_not_measured() -> None:
    assert goals([measurement(Side.SUBMIT, Name.NAIVE, seconds=1.0)]) == []


def should_fail_the_quick_form_when_lines_cost_as_much_as_json_loads_or_memory_grows() -> None:
    found = quick_goals(
        [
            measurement(side, name, seconds=1.0, cpu=cpu, peak=peak)
            for side in Side
            for name, cpu, peak in (
                (Name.DROPCODER, 2.8, MAX_PEAK_BYTES + 1),
                (Name.NAIVE, 3.2, 1),
            )
        ]
    )
    assert [goal.met for goal in found] == [False] * 4


def should_cost_the_same_at_any_memory_while_the_processor_is_the_brake() -> None:
    stream = Stream(file_bytes=10**9, cpu_seconds=5.0)
    fast = 10_000.0
    assert stream.dollars(384, fast) == pytest.approx(stream.dollars(1024, fast))
    assert stream.seconds(MB_FOR_ONE_PROCESSOR, fast) == pytest.approx(5.0)


def should_cost_more_memory_for_nothing_when_the_network_is_the_brake() -> None:
    stream = Stream(file_bytes=10**9, cpu_seconds=5.0)
    assert (
        stream.seconds(1024, 75.0) == stream.seconds(2048, 75.0) == pytest.approx(13.33, abs=0.01)
    )
    assert stream.dollars(2048, 75.0) == pytest.approx(2 * stream.dollars(1024, 75.0))
