from dataclasses import replace
from itertools import count
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pipeline.rate_limit.polling import NO_LOAD, STANDARD, CallLoad, Polling

DAY = 86_400
FIRST = 10  # seconds; the shortest wait as shipped


def polling(chance: float = 0.0) -> Polling:
    return replace(STANDARD, chance=lambda: chance)


def checks(
    policy: Polling, duration: float, age: float = 0, load: CallLoad = NO_LOAD
) -> list[float]:
    """When an operation is asked about from an age on, until it is seen to have ended."""
    times = [age]
    for _ in count():
        times.append(times[-1] + policy.wait(times[-1], load))
        if times[-1] >= duration:
            return times[1:]
    raise AssertionError


def should_ask_soon_at_first_and_then_in_proportion_when_an_operation_takes_its_time() -> None:
    assert [polling().wait(waited) for waited in (0, 50, 100, 1000, 10_000)] == [
        10,
        10,
        10,
        100,
        1000,
    ]


def should_never_wait_longer_than_the_ceiling_when_days_have_passed() -> None:
    assert polling().wait(7 * DAY) == 7200
    assert polling(0.999).wait(7 * DAY) < 7200


def should_only_shorten_waits_when_files_were_dropped_together() -> None:
    assert (polling().wait(1000), polling(0.999).wait(1000)) == (100, 95)


def should_wait_four_times_longer_when_the_days_calls_get_scarce() -> None:
    assert polling().wait(1000, CallLoad(quota_left=0.2)) == 100
    assert polling().wait(1000, CallLoad(quota_left=0.19)) == 400
    assert polling().wait(1000, CallLoad(quota_left=0)) == 400
    assert polling().wait(50_000, CallLoad(quota_left=0)) == 7200


def should_never_wait_less_than_the_first_time_when_files_were_dropped_together() -> None:
    assert polling(0.999).wait(0) == 10
    assert polling(0.999).wait(101) == 10


def should_ask_each_operation_once_a_round_when_many_are_under_way() -> None:
    many = CallLoad(round_seconds=60)
    assert polling().wait(0, many) == 60
    assert polling().wait(1000, many) == 100
    assert polling().wait(0, CallLoad(quota_left=0.1, round_seconds=60)) == 60
    assert polling().wait(0, CallLoad(round_seconds=90_000)) == 7200


def should_wait_the_first_time_when_the_clock_went_backwards() -> None:
    assert polling().wait(-5) == 10


def should_stay_far_inside_the_history_when_an_operation_takes_two_weeks() -> None:
    events_a_poll = 11  # wait, task and choice: entered, scheduled, started, succeeded, exited
    assert len(checks(polling(0.999), 14 * DAY)) * events_a_poll < 25_000 / 4


@given(duration=st.floats(10, 2 * DAY), seed=st.integers(0, 2**32))
def should_see_an_end_within_a_tenth_of_the_duration_or_the_first_wait(
    duration: float, seed: int
) -> None:
    policy = replace(STANDARD, chance=Random(seed).random)  # noqa: S311  no secret
    assert checks(policy, duration)[-1] - duration <= max(FIRST, 0.1 * duration)


@given(duration=st.floats(10, 2 * DAY), a_round=st.floats(0, 3600), seed=st.integers(0, 2**32))
def should_see_an_end_within_a_round_when_many_operations_are_under_way(
    duration: float, a_round: float, seed: int
) -> None:
    policy = replace(STANDARD, chance=Random(seed).random)  # noqa: S311  no secret
    late = checks(policy, duration, load=CallLoad(round_seconds=a_round))[-1] - duration
    assert late <= max(FIRST, a_round, 0.1 * duration)


@given(duration=st.floats(10, DAY), chance=st.floats(0, 1, exclude_max=True))
def should_take_at_most_ninety_checks_when_an_operation_takes_up_to_a_day(
    duration: float, chance: float
) -> None:
    assert len(checks(polling(chance), duration)) <= 90


policies = st.builds(
    Polling,
    first_seconds=st.integers(1, 300),
    fraction=st.floats(0.05, 0.5),
    ceiling_seconds=st.integers(300, 20_000),
    chance=st.floats(0, 1, exclude_max=True).map(lambda chance: lambda: chance),
)


@given(policy=policies, age=st.floats(0, 3 * DAY), within=st.floats(1, DAY))
def should_take_no_more_checks_than_foreseen_when_calls_are_scarce(
    policy: Polling, age: float, within: float
) -> None:
    taken = len(checks(policy, age + within, age, CallLoad(quota_left=0.1)))
    assert taken <= policy.most_checks(age, within) <= taken * 1.25 + 15
