"""The day's calls, counted and promised."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.rate_limit.daily_quota import DAY_MS, DailyQuota
from tests.support.pipeline.builders import NOON

NOON_MS = round(NOON * 1000)
MINUTES = 60_000  # milliseconds


def quota(per_day: int = 1_000) -> DailyQuota:
    return DailyQuota.of({}, per_day, lambda _age, _within: 10)


def with_calls(*times: int) -> DailyQuota:
    filled = quota()
    for time in times:
        filled = filled.after_call(time, begins=False)
    return filled


@given(st.integers(0, DAY_MS * 3), st.integers(0, DAY_MS * 3))
def should_count_a_call_for_a_day_and_little_longer(made: int, later: int) -> None:
    used = with_calls(NOON_MS + made).used(NOON_MS + made + later)
    if later <= DAY_MS:
        assert used == 1
    if later > DAY_MS + 2 * MINUTES + 1_000:
        assert used == 0


@given(st.lists(st.integers(0, DAY_MS * 2), max_size=30))
def should_be_the_same_when_it_was_kept_in_the_ledger(times: list[int]) -> None:
    kept = with_calls(*(NOON_MS + time for time in sorted(times)))
    kept = kept.after_call(NOON_MS + 2 * DAY_MS, begins=True)
    read = DailyQuota.of(kept.to_item(), kept.per_day, kept.checks_ahead)
    assert read == kept


@given(st.integers(1, 60), st.integers(0, DAY_MS))
def should_open_when_enough_calls_have_left(count: int, spread: int) -> None:
    full = quota(per_day=count)
    for number in range(count):
        full = full.after_call(NOON_MS + number * spread // count, begins=False)
    now = NOON_MS + spread
    opens = full.available_at(now, begins=False)
    assert opens > now
    assert full.used(opens) < count
    assert full.available_at(opens, begins=False) == opens


def should_promise_less_to_an_operation_when_it_is_older() -> None:
    by_age = DailyQuota.of({}, 10_000, lambda age, _within: 50 if age < 3_600 else 5)
    young = by_age.after_call(NOON_MS, begins=True)
    assert young.reserved(NOON_MS, DAY_MS) == 2 * 52
    assert young.reserved(NOON_MS + 3 * 60 * MINUTES, DAY_MS) == 52 + 7


def should_end_the_operation_that_began_at_about_that_time() -> None:
    begun = quota().after_call(NOON_MS, begins=True)
    begun = begun.after_call(NOON_MS + 5 * 60 * MINUTES, begins=True)
    ended = begun.after_end(NOON_MS + 20 * MINUTES)
    assert ended is not None
    assert ended.running == {(NOON_MS // (60 * MINUTES)) + 5: 1}
