"""Exact limits for each client: a rate with a burst, and calls a UTC day."""

from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_service.api.rate_limit import CallCounter, Limits, Usage
from coding_service.errors import Refusal
from protocol.errors import ServiceAnswer
from tests.support.coding_service.service import ALICE, BOB, Service

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000


def taken(limits: Limits, times: list[int]) -> list[bool]:
    """Which of the calls at these milliseconds are let through."""
    usage, passed = Usage(), []
    for now_ms in times:
        try:
            usage = limits.take(usage, now_ms)
        except Refusal:
            passed.append(False)
        else:
            passed.append(True)
    return passed


def should_let_one_call_a_second_through_when_nothing_is_saved_up() -> None:
    limits = Limits(per_second=1, burst=1, per_day=100)
    times = [NOW_MS, NOW_MS + 500, NOW_MS + 998, NOW_MS + 1000, NOW_MS + 2000]
    assert taken(limits, times) == [True, False, False, True, True]


def should_save_up_no_more_than_the_burst() -> None:
    limits = Limits(per_second=2, burst=3, per_day=100)
    later = NOW_MS + 60_000
    assert taken(limits, [NOW_MS] * 4 + [later] * 4) == [True, True, True, False] * 2


@given(
    st.lists(st.integers(0, 20_000), max_size=60).map(sorted),
    st.integers(1, 5),
    st.sampled_from([0.5, 1, 3]),
)
def should_never_let_more_through_than_rate_and_burst_allow(
    gaps: list[int], burst: int, per_second: float
) -> None:
    times = [NOW_MS + gap for gap in gaps]
    passed = [
        time
        for time, through in zip(
            times, taken(Limits(per_second, burst, 10_000), times), strict=True
        )
        if through
    ]
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            seconds = (passed[last] - passed[first] + 2 * (last - first + 1)) / 1000
            assert last - first + 1 <= burst + seconds * per_second + 1e-6


def should_count_a_utc_day_anew() -> None:
    limits = Limits(per_second=1000, burst=1000, per_day=2)
    midnight = NOW_MS - NOW_MS % DAY_MS + DAY_MS
    times = [midnight - 3, midnight - 2, midnight - 1, midnight, midnight + 1, midnight + 2]
    assert taken(limits, times) == [True, True, False, True, True, False]


def should_say_which_limit_it_was() -> None:
    used = Usage(full_at_ms=NOW_MS + 5000, day="2027-01-15", calls=3, revision=3)
    with pytest.raises(Refusal) as daily:
        Limits(1, 1, per_day=3).take(used, NOW_MS)
    with pytest.raises(Refusal) as rate:
        Limits(1, 1, per_day=4).take(used, NOW_MS)
    assert daily.value.answer is ServiceAnswer.LIMIT_EXCEEDED
    assert rate.value.answer is ServiceAnswer.TOO_MANY_REQUESTS


def should_count_each_client_by_itself(service: Service) -> None:
    counter = CallCounter(service.table, Limits(per_second=1, burst=1, per_day=10))
    counter.take(ALICE, NOW_MS)
    counter.take(BOB, NOW_MS)
    with pytest.raises(Refusal):
        counter.take(ALICE, NOW_MS)


class OneAtATime:
    """A table each of whose calls is whole before the next, as DynamoDB's are and moto's are not:
    between a write's condition and the write moto lets another thread in."""

    def __init__(self, table: Any) -> None:
        self._table, self._lock = table, Lock()

    def get_item(self, **request: Any) -> Any:
        with self._lock:
            return self._table.get_item(**request)

    def put_item(self, **request: Any) -> Any:
        with self._lock:
            return self._table.put_item(**request)


def should_never_let_more_through_when_calls_collide(service: Service) -> None:
    table = cast("Table", OneAtATime(service.table))
    counter = CallCounter(table, Limits(per_second=1, burst=5, per_day=100))

    def passes(_: int) -> bool:
        try:
            counter.take(ALICE, NOW_MS)
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(passes, range(40))) == 5
