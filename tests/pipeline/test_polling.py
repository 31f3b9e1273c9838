from pipeline.polling import Polling

DAY = 86_400


def polling(chance: float = 0.5) -> Polling:
    return Polling(first_seconds=10, fraction=0.1, ceiling_seconds=7200, chance=lambda: chance)


def should_ask_soon_at_first_and_then_in_proportion_when_an_operation_takes_its_time() -> None:
    assert [polling().wait(waited) for waited in (0, 50, 100, 1000, 10_000)] == [
        10,
        10,
        10,
        100,
        1000,
    ]


def should_never_wait_longer_than_the_ceiling_and_its_jitter_when_days_have_passed() -> None:
    assert polling().wait(7 * DAY) == 7200
    assert polling(chance=1.0).wait(7 * DAY) == 7920


def should_spread_by_a_tenth_when_files_were_dropped_together() -> None:
    assert (polling(0.0).wait(1000), polling(1.0).wait(1000)) == (90, 110)


def should_wait_longer_but_not_over_the_ceiling_when_the_days_budget_gets_scarce() -> None:
    assert polling().wait(1000, budget_left=0.5) == 100
    assert polling().wait(1000, budget_left=0.1) == 200
    assert polling().wait(1000, budget_left=0) == 7200


def should_wait_the_first_time_when_the_clock_went_backwards() -> None:
    assert polling().wait(-5) == 10


def should_stay_far_inside_the_history_when_an_operation_takes_two_weeks() -> None:
    waited, polls = 0, 0
    while waited < 14 * DAY:
        waited += polling(0.0).wait(waited)
        polls += 1
    events_a_poll = 11  # wait, task and choice: entered, scheduled, started, succeeded, exited
    assert polls < 400
    assert polls * events_a_poll < 25_000 / 4


def should_ask_within_a_tenth_of_the_time_waited_when_an_operation_completes_any_time() -> None:
    waited = 0
    while waited < DAY:
        wait = polling(1.0).wait(waited)
        assert wait <= max(11, 0.11 * waited + 1)
        waited += wait
