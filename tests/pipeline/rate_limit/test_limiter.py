from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from pipeline.clock import Clock
from pipeline.ledger.table import Ledger
from pipeline.rate_limit.limiter import RateLimited
from pipeline.rate_limit.state import PK, SK, CallKind
from simulation.cloud.table import MemoryTable
from tests.support.pipeline.builders import NOON, Measured, SimulatedIo, a_limiter
from tests.support.pipeline.clouds import cloud

MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC).timestamp()
DAY = 86_400
SPACING = 1.04  # seconds between slots at one request a second, with slack
LEAD = 0.1  # seconds between taking a slot and using it, at least


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with cloud() as aws:
        yield aws.ledger


def refused(call: Callable[[], Any]) -> RateLimited:
    with pytest.raises(RateLimited) as raised:
        call()
    return raised.value


def wait_of(call: Callable[[], Any]) -> int:
    """The seconds after which the caller is to come back."""
    return refused(call).wait_seconds


def in_memory() -> Ledger:
    """Fast enough for a day's calls."""
    return Ledger(MemoryTable())  # type: ignore[arg-type]


class Standing:
    """A clock that reaches the slot in every sleep, and stands where it was for the others."""

    def __init__(self) -> None:
        self.io = SimulatedIo()
        self.slept: list[float] = []

    @property
    def clock(self) -> Clock:
        return Clock(seconds=lambda: self.io.time, sleep=self.slept.append)


def should_go_almost_at_once_when_nobody_has_called(ledger: Ledger) -> None:
    io = SimulatedIo()
    a_limiter(ledger, io).take(CallKind.SUBMISSION)
    assert io.slept == [pytest.approx(LEAD)]


def should_keep_the_pace_when_one_caller_follows_the_other(ledger: Ledger) -> None:
    io = SimulatedIo()
    limiter = a_limiter(ledger, io)
    times = []
    for _ in range(20):
        limiter.take(CallKind.SUBMISSION)
        times.append(io.time)
    assert all(b - a >= SPACING - 1e-3 for a, b in pairwise(times))
    assert times[-1] - times[0] == pytest.approx(19 * SPACING, abs=0.1)


def should_take_nothing_and_give_turns_when_the_next_slots_are_taken(ledger: Ledger) -> None:
    standing, measured = Standing(), Measured()
    limiter = replace(
        a_limiter(ledger, standing.io),
        clock=standing.clock,
        on_wait=lambda: measured("CallsWaited"),
    )
    for _ in range(3):
        limiter.take(CallKind.SUBMISSION)
    before = ledger.get(PK, SK)
    sent = [refused(lambda: limiter.take(CallKind.SUBMISSION)) for _ in range(8)]
    after = ledger.get(PK, SK)
    assert before is not None
    assert after is not None
    assert (after["next_at"], after["made"]) == (before["next_at"], before["made"])
    assert [each.turn for each in sent] == [f"submissions-{n}" for n in range(1, 9)]
    waits = [each.wait_seconds for each in sent]
    assert waits == sorted(waits)  # they queue behind each other
    assert 0.8 * 7 * SPACING - 1 <= waits[-1] - waits[0] <= 7 * SPACING + 1
    assert measured.total("CallsWaited") == 8


def should_foresee_what_taking_would_answer_and_take_nothing(ledger: Ledger) -> None:
    standing = Standing()
    limiter = replace(a_limiter(ledger, standing.io), clock=standing.clock)
    for _ in range(3):
        limiter.take(CallKind.SUBMISSION)
    sent = refused(lambda: limiter.take(CallKind.SUBMISSION))
    before = ledger.get(PK, SK)
    limiter.check_available(CallKind.SUBMISSION)
    limiter.check_available(CallKind.SUBMISSION, turn="models-1")
    foreseen = refused(lambda: limiter.check_available(CallKind.SUBMISSION, turn=sent.turn))
    again = refused(lambda: limiter.take(CallKind.SUBMISSION, turn=sent.turn))
    assert (foreseen.turn, foreseen.wait_seconds) == (again.turn, again.wait_seconds)
    after = ledger.get(PK, SK)
    assert before is not None
    assert after is not None
    assert (after["next_at"], after["made"]) == (before["next_at"], before["made"])


def should_foresee_a_call_when_its_turn_has_come(ledger: Ledger) -> None:
    io = SimulatedIo()
    limiter = replace(a_limiter(ledger, io), clock=Clock(lambda: io.time, lambda _s: None))
    for _ in range(3):
        limiter.take(CallKind.SUBMISSION)
    sent = refused(lambda: limiter.take(CallKind.SUBMISSION))
    io.time += sent.wait_seconds
    limiter.check_available(CallKind.SUBMISSION, turn=sent.turn)
    limiter.take(CallKind.SUBMISSION, turn=sent.turn)


def should_keep_a_turn_when_its_caller_comes_back_too_early(ledger: Ledger) -> None:
    standing = Standing()
    limiter = replace(a_limiter(ledger, standing.io), clock=standing.clock)
    for _ in range(3):
        limiter.take(CallKind.SUBMISSION)
    turns = [refused(lambda: limiter.take(CallKind.SUBMISSION)).turn for _ in range(9)]
    again = refused(lambda: limiter.take(CallKind.SUBMISSION, turn=turns[7]))
    assert again.turn == turns[7]


def should_give_the_slot_to_a_turn_when_newcomers_come_at_the_same_time(ledger: Ledger) -> None:
    io = SimulatedIo()
    limiter = replace(a_limiter(ledger, io), clock=Clock(lambda: io.time, lambda _s: None))
    for _ in range(3):
        limiter.take(CallKind.SUBMISSION)
    sent = refused(lambda: limiter.take(CallKind.SUBMISSION))
    io.time += sent.wait_seconds
    wait_of(lambda: limiter.take(CallKind.SUBMISSION))
    limiter.take(CallKind.SUBMISSION, turn=sent.turn)


def should_give_a_new_turn_when_the_old_one_is_of_another_lane(ledger: Ledger) -> None:
    standing = Standing()
    limiter = replace(a_limiter(ledger, standing.io), clock=standing.clock)
    for _ in range(3):
        limiter.take(CallKind.SUBMISSION)
    sent = refused(lambda: limiter.take(CallKind.SUBMISSION, turn="models-1"))
    assert sent.turn == "submissions-1"


def should_let_a_check_go_first_when_a_submission_came_before_it(ledger: Ledger) -> None:
    standing = Standing()
    limiter = replace(a_limiter(ledger, standing.io), clock=standing.clock)
    for _ in range(3):
        limiter.take(CallKind.SUBMISSION)
    turn = refused(lambda: limiter.take(CallKind.SUBMISSION)).turn
    limiter.take(CallKind.STATUS)
    assert wait_of(lambda: limiter.take(CallKind.SUBMISSION, turn=turn)) >= 2


def should_leave_the_next_slots_to_checks_when_some_were_sent_away(ledger: Ledger) -> None:
    io = SimulatedIo()
    limiter = replace(a_limiter(ledger, io), clock=Clock(lambda: io.time, lambda _s: None))
    for _ in range(5):
        limiter.take(CallKind.STATUS)
    sent = refused(lambda: limiter.take(CallKind.STATUS))
    io.time += 3
    wait_of(lambda: limiter.take(CallKind.SUBMISSION))
    limiter.take(CallKind.STATUS, turn=sent.turn)


def should_not_queue_a_check_behind_submissions_when_ten_thousand_files_wait(
    ledger: Ledger,
) -> None:
    standing = Standing()
    limiter = replace(a_limiter(ledger, standing.io), clock=standing.clock)
    ledger.put({"pk": PK, "sk": SK, "submissions_issued": 1_500})
    limiter.take(CallKind.SUBMISSION)
    assert 1_200 < wait_of(lambda: limiter.take(CallKind.SUBMISSION)) < 1_600
    limiter.take(CallKind.STATUS)


def should_send_nobody_away_for_over_half_an_hour_when_the_queue_is_longer(ledger: Ledger) -> None:
    standing = Standing()
    limiter = replace(a_limiter(ledger, standing.io), clock=standing.clock)
    ledger.put({"pk": PK, "sk": SK, "submissions_issued": 90_000})
    limiter.take(CallKind.SUBMISSION)
    assert 1_300 <= wait_of(lambda: limiter.take(CallKind.SUBMISSION)) <= 1_805


def ten_checks(_age: float, _within: float) -> int:
    """With the two calls for results, an operation may need twelve more at any time."""
    return 10


def should_begin_nothing_when_checks_could_not_be_paid_for() -> None:
    io = SimulatedIo()
    limiter = a_limiter(in_memory(), io, requests_per_day=1_000, checks_ahead=ten_checks)
    for _ in range(950):
        limiter.take(CallKind.STATUS)
    for _ in range(3):  # thirteen calls each, of fifty
        limiter.take(CallKind.SUBMISSION)
    wait = wait_of(lambda: limiter.take(CallKind.SUBMISSION))
    assert wait <= 60  # one may end any time
    for _ in range(47):
        limiter.take(CallKind.STATUS)  # those promised, and what is left
    assert limiter.load().quota_left == 0


def should_begin_nothing_when_a_fifth_of_the_day_is_promised() -> None:
    limiter = a_limiter(in_memory(), SimulatedIo(), requests_per_day=1_000, checks_ahead=ten_checks)
    for _ in range(16):  # of twelve calls each
        limiter.take(CallKind.SUBMISSION)
    wait_of(lambda: limiter.take(CallKind.SUBMISSION))


def should_wait_for_the_calls_of_a_day_ago_when_nothing_runs_that_could_end() -> None:
    io = SimulatedIo()
    limiter = a_limiter(in_memory(), io, requests_per_day=1_000, checks_ahead=ten_checks)
    for _ in range(990):
        limiter.take(CallKind.STATUS)
    assert DAY - 1_100 < wait_of(lambda: limiter.take(CallKind.SUBMISSION)) < DAY


def should_begin_one_when_calls_of_a_day_ago_will_be_free_before_its_checks_are_due() -> None:
    io = SimulatedIo()
    later = a_limiter(
        in_memory(),
        io,
        requests_per_day=1_000,
        checks_ahead=lambda _age, within: 0 if within <= 60 else 10,
    )
    for _ in range(995):
        later.take(CallKind.STATUS)
    wait_of(lambda: later.take(CallKind.SUBMISSION))
    io.time = NOON + DAY + 90  # half a minute before those of the first two minutes are
    later.take(CallKind.SUBMISSION)


def should_make_a_round_longer_when_more_operations_are_under_way() -> None:
    io = SimulatedIo()
    limiter = a_limiter(in_memory(), io)
    assert limiter.load().round_seconds == 0
    for _ in range(6):
        limiter.take(CallKind.SUBMISSION)
    assert limiter.load().round_seconds == pytest.approx(6 * 2 * SPACING)
    limiter.release(NOON)
    assert limiter.load().round_seconds == pytest.approx(5 * 2 * SPACING)
    io.time += DAY + 3600  # lost sight of: nobody asks about them any more
    assert limiter.load().round_seconds == 0


def should_begin_another_when_an_operation_has_ended() -> None:
    io = SimulatedIo()
    limiter = a_limiter(in_memory(), io, requests_per_day=1_000, checks_ahead=ten_checks)
    for _ in range(16):
        limiter.take(CallKind.SUBMISSION)
    sent = refused(lambda: limiter.take(CallKind.SUBMISSION))
    limiter.release(io.time)
    limiter.take(CallKind.SUBMISSION, turn=sent.turn)


def should_forget_an_operation_when_nobody_told_its_end_for_a_day() -> None:
    io = SimulatedIo()
    limiter = a_limiter(in_memory(), io, requests_per_day=1_000, checks_ahead=ten_checks)
    for _ in range(16):
        limiter.take(CallKind.SUBMISSION)
    wait_of(lambda: limiter.take(CallKind.SUBMISSION))
    io.time += DAY + 400
    for _ in range(16):
        limiter.take(CallKind.SUBMISSION)


def should_change_nothing_when_an_end_is_told_of_which_nothing_is_known(ledger: Ledger) -> None:
    limiter = a_limiter(ledger, SimulatedIo())
    limiter.release(NOON)
    assert ledger.get(PK, SK) is None


def should_wait_until_calls_are_a_day_old_when_the_day_is_used(ledger: Ledger) -> None:
    io = SimulatedIo()
    limiter = a_limiter(ledger, io, requests_per_day=10)
    for _ in range(10):
        limiter.take(CallKind.STATUS)
    assert limiter.load().quota_left == 0
    wait = wait_of(lambda: limiter.take(CallKind.STATUS))
    assert DAY <= wait <= DAY + 140
    io.time += wait
    limiter.take(CallKind.STATUS)


def should_close_for_everybody_until_midnight_when_the_quota_is_gone(ledger: Ledger) -> None:
    io = SimulatedIo()
    first, other = a_limiter(ledger, io), a_limiter(ledger, io)
    assert io.time + first.close().wait_seconds >= MIDNIGHT
    for kind in CallKind:
        assert io.time + wait_of(lambda kind=kind: other.take(kind)) >= MIDNIGHT  # type: ignore[misc]
    io.time = MIDNIGHT + 1
    other.take(CallKind.SUBMISSION)


def should_stay_closed_for_a_quarter_of_an_hour_when_midnight_is_near(ledger: Ledger) -> None:
    io = SimulatedIo(time=MIDNIGHT - 60)
    limiter = a_limiter(ledger, io)
    limiter.close()
    io.time = MIDNIGHT + 60
    assert wait_of(lambda: limiter.take(CallKind.STATUS)) >= 13 * 60


def should_push_everybody_back_a_few_slots_when_the_service_is_overrun(ledger: Ledger) -> None:
    io = SimulatedIo()
    first, other = a_limiter(ledger, io), a_limiter(ledger, io)
    first.take(CallKind.STATUS)
    first.slow_down("said")
    assert wait_of(lambda: other.take(CallKind.STATUS)) >= 2


def should_give_a_slot_to_one_only_when_two_saw_it_free(ledger: Ledger) -> None:
    io = SimulatedIo()
    limiter = a_limiter(ledger, io)

    class Overtaken(Ledger):
        """Between this caller's read and its write somebody else takes the slot, once."""

        __slots__ = ()
        overtaken: list[int] = []  # noqa: RUF012

        def update(self, *args: Any, **more: Any) -> bool:
            if not self.overtaken:
                self.overtaken.append(1)
                limiter.take(CallKind.SUBMISSION)
            return super().update(*args, **more)

    slow = a_limiter(Overtaken(ledger.table), io)
    slow.take(CallKind.SUBMISSION)
    assert limiter.load().quota_left == 1 - 2 / 10_000
    assert io.time == pytest.approx(NOON + LEAD + SPACING, abs=0.01)


def should_let_its_slot_pass_when_it_wakes_too_late(ledger: Ledger) -> None:
    io = SimulatedIo()
    delays = [0.2, 0.0]

    def oversleep(seconds: float) -> None:
        io.sleep(seconds + delays.pop(0))

    limiter = replace(a_limiter(ledger, io), clock=Clock(lambda: io.time, oversleep))
    limiter.take(CallKind.SUBMISSION)
    assert io.time == pytest.approx(NOON + LEAD + SPACING, abs=0.01)
    item = ledger.get(PK, SK)
    assert item is not None
    assert item["running"].endswith(":1")  # the missed slot began nothing


def should_send_the_caller_away_when_it_loses_every_race(ledger: Ledger) -> None:
    class Losing(Ledger):
        __slots__ = ()

        def update(self, *args: Any, **more: Any) -> bool:
            return False

    limiter = a_limiter(Losing(ledger.table), SimulatedIo())
    assert 5 < wait_of(lambda: limiter.take(CallKind.SUBMISSION)) < 60
