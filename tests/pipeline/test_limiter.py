from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from pipeline.clock import Clock
from pipeline.ledger import Ledger
from pipeline.limiter import PK, SK, CallNotDue, Lane
from tests.pipeline.builders import NOON, Hands, Measured, a_limiter
from tests.pipeline.clouds import cloud

MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC).timestamp()
INTERVAL = 1.05  # seconds between slots at one request a second, with slack


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with cloud() as aws:
        yield aws.ledger


def wait_of(call: Callable[[], Any]) -> int:
    """How long the caller was told to stay away."""
    with pytest.raises(CallNotDue) as refused:
        call()
    return refused.value.wait_seconds


class Standing:
    """A clock that nobody's sleep moves: callers at the same moment."""

    def __init__(self) -> None:
        self.hands = Hands()
        self.slept: list[float] = []

    @property
    def clock(self) -> Clock:
        return Clock(seconds=lambda: self.hands.time, sleep=self.slept.append)


def should_go_at_once_when_nobody_has_called(ledger: Ledger) -> None:
    hands = Hands()
    a_limiter(ledger, hands).take(Lane.SUBMISSION)
    assert hands.slept == [0.0]


def should_keep_the_pace_when_one_caller_follows_the_other(ledger: Ledger) -> None:
    hands = Hands()
    limiter = a_limiter(ledger, hands)
    times = []
    for _ in range(20):
        limiter.take(Lane.SUBMISSION)
        times.append(hands.time)
    assert all(b - a >= INTERVAL - 1e-3 for a, b in pairwise(times))
    assert times[-1] - times[0] == pytest.approx(19 * INTERVAL, abs=0.1)


def should_take_nothing_and_tell_when_to_come_back_when_the_slot_is_over_two_seconds_away(
    ledger: Ledger,
) -> None:
    standing, measured = Standing(), Measured()
    limiter = replace(
        a_limiter(ledger, standing.hands),
        clock=standing.clock,
        on_wait=lambda: measured("CallsWaited"),
    )
    for _ in range(2):
        limiter.take(Lane.SUBMISSION)
    assert standing.slept == [0.0, pytest.approx(INTERVAL)]
    before = ledger.get(PK, SK)
    waits = [wait_of(lambda: limiter.take(Lane.SUBMISSION)) for _ in range(3)]
    after = ledger.get(PK, SK)
    assert before is not None
    assert after is not None
    assert (after["next_at"], after["used"]) == (before["next_at"], before["used"])
    assert waits == [4, 5, 6]  # they queue behind each other
    assert measured.total("CallsWaited") == 3


def should_let_everybody_through_at_the_pace_when_many_come_at_once_and_come_back_as_told(
    ledger: Ledger,
) -> None:
    hands = Hands()
    limiter = a_limiter(ledger, hands)
    due = [(NOON, n) for n in range(100)]
    times: list[float] = []
    asked = 0
    while due:
        due.sort()
        moment, caller = due.pop(0)
        hands.time = max(hands.time, moment)
        asked += 1
        try:
            limiter.take(Lane.SUBMISSION)
            times.append(hands.time)
        except CallNotDue as refused:
            due.append((hands.time + refused.wait_seconds, caller))
    assert all(b - a >= INTERVAL - 2e-3 for a, b in pairwise(times))
    assert times[-1] - NOON < 100 * INTERVAL * 1.5
    assert asked < 300


def should_let_a_check_go_first_when_it_had_to_wait(ledger: Ledger) -> None:
    standing = Standing()
    limiter = replace(a_limiter(ledger, standing.hands), clock=standing.clock)
    for _ in range(2):
        limiter.take(Lane.SUBMISSION)
    wait = wait_of(lambda: limiter.take(Lane.STATUS))
    standing.hands.time += 1  # a slot is near again, and a submission comes before the check
    assert wait_of(lambda: limiter.take(Lane.SUBMISSION)) >= wait - 1
    standing.hands.time += wait - 1
    limiter.take(Lane.STATUS)
    standing.hands.time += 5
    limiter.take(Lane.SUBMISSION)


def should_not_queue_a_check_behind_submissions_when_ten_thousand_files_wait(
    ledger: Ledger,
) -> None:
    standing = Standing()
    limiter = replace(a_limiter(ledger, standing.hands), clock=standing.clock)
    ledger.put({"pk": PK, "sk": SK, "submissions_tail": round((NOON + 3000) * 1000)})
    limiter.take(Lane.SUBMISSION)
    limiter.take(Lane.SUBMISSION)
    assert wait_of(lambda: limiter.take(Lane.SUBMISSION)) > 3000
    assert wait_of(lambda: limiter.take(Lane.STATUS)) < 10


def should_send_nobody_away_for_over_an_hour_when_the_queue_is_longer(ledger: Ledger) -> None:
    standing = Standing()
    limiter = replace(a_limiter(ledger, standing.hands), clock=standing.clock)
    ledger.put({"pk": PK, "sk": SK, "submissions_tail": round((NOON + 90_000) * 1000)})
    limiter.take(Lane.SUBMISSION)
    limiter.take(Lane.SUBMISSION)
    assert 1800 <= wait_of(lambda: limiter.take(Lane.SUBMISSION)) <= 3605


def should_keep_a_fifth_of_the_day_for_checks_when_submissions_have_used_their_share(
    ledger: Ledger,
) -> None:
    hands = Hands()
    limiter = a_limiter(ledger, hands, requests_per_day=10)
    for _ in range(8):
        limiter.take(Lane.SUBMISSION)
    assert hands.time + wait_of(lambda: limiter.take(Lane.SUBMISSION)) >= MIDNIGHT
    assert limiter.budget_left() == pytest.approx(0.2)
    for _ in range(2):
        limiter.take(Lane.STATUS)
    assert limiter.budget_left() == 0
    assert hands.time + wait_of(lambda: limiter.take(Lane.STATUS)) >= MIDNIGHT
    hands.time = MIDNIGHT + 1
    limiter.take(Lane.SUBMISSION)
    assert limiter.budget_left() == pytest.approx(0.9)


def should_let_waiting_checks_hold_back_no_submission_until_tomorrow_when_only_the_day_is_used(
    ledger: Ledger,
) -> None:
    hands = Hands()
    limiter = a_limiter(ledger, hands, requests_per_day=1)
    limiter.take(Lane.STATUS)
    wait_of(lambda: limiter.take(Lane.STATUS))
    hands.time = MIDNIGHT + 1
    limiter.take(Lane.SUBMISSION)


def should_close_for_everybody_until_midnight_when_the_quota_is_gone(ledger: Ledger) -> None:
    hands = Hands()
    first, other = a_limiter(ledger, hands), a_limiter(ledger, hands)
    assert hands.time + first.close().wait_seconds >= MIDNIGHT
    for lane in Lane:
        assert hands.time + wait_of(lambda lane=lane: other.take(lane)) >= MIDNIGHT  # type: ignore[misc]
    hands.time = MIDNIGHT + 1
    other.take(Lane.SUBMISSION)


def should_stay_closed_for_a_quarter_of_an_hour_when_midnight_is_near(ledger: Ledger) -> None:
    hands = Hands(time=MIDNIGHT - 60)
    limiter = a_limiter(ledger, hands)
    limiter.close()
    hands.time = MIDNIGHT + 60
    assert wait_of(lambda: limiter.take(Lane.STATUS)) >= 13 * 60


def should_push_everybody_back_a_few_slots_when_the_service_is_overrun(ledger: Ledger) -> None:
    hands = Hands()
    first, other = a_limiter(ledger, hands), a_limiter(ledger, hands)
    first.take(Lane.STATUS)
    first.slow_down()
    assert wait_of(lambda: other.take(Lane.STATUS)) >= 5


def should_give_a_slot_to_one_only_when_two_saw_it_free(ledger: Ledger) -> None:
    hands = Hands()
    limiter = a_limiter(ledger, hands)

    class Overtaken(Ledger):
        """Between this caller's read and its write somebody else takes the slot, once."""

        __slots__ = ()
        overtaken: list[int] = []  # noqa: RUF012

        def update(self, *args: Any, **more: Any) -> bool:
            if not self.overtaken:
                self.overtaken.append(1)
                limiter.take(Lane.SUBMISSION)
            return super().update(*args, **more)

    slow = a_limiter(Overtaken(ledger.table), hands)
    slow.take(Lane.SUBMISSION)
    item = ledger.get(PK, SK)
    assert item is not None
    assert item["used"] == 2
    assert hands.time == pytest.approx(NOON + INTERVAL, abs=0.01)


def should_send_the_caller_away_when_it_loses_every_race(ledger: Ledger) -> None:
    class Losing(Ledger):
        __slots__ = ()

        def update(self, *args: Any, **more: Any) -> bool:
            return False

    limiter = a_limiter(Losing(ledger.table), Hands())
    assert 5 < wait_of(lambda: limiter.take(Lane.SUBMISSION)) < 60
