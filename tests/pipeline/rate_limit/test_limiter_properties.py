"""What the limiter promises, for callers that overtake each other at every read and write."""

from bisect import bisect_left
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ledger.table import Ledger
from pipeline.rate_limit.limiter import Limiter, RateLimited
from pipeline.rate_limit.state import CallKind
from pipeline.rate_limit.wait_queue import OPEN_TURNS
from simulation.cloud.table import MemoryTable
from tests.support.pipeline.builders import NOON
from tests.support.pipeline.interleaved import Caller, Stage, StagedLedger

pytestmark = pytest.mark.slow  # seconds together; make check is for all day

DAY = 86_400
SPACING = 1.04  # seconds between slots at one request a second
LATENCIES = (0.0, 0.004, 0.02, 0.3)  # seconds of a read or write; the last is a slow one

some = settings(max_examples=40)


@dataclass(eq=False)
class Call:
    """One caller's wish, and what came of it."""

    kind: CallKind
    begins_at: float
    dies: bool = False
    """It never comes back after it was first sent away."""
    caller: Caller | None = None
    made_at: float | None = None
    asked: int = 0


@dataclass
class Crowd:
    """Many callers on one stage."""

    seed: int
    per_second: float = 1
    per_day: int = 10_000
    latencies: tuple[float, ...] = LATENCIES
    calls: list[Call] = field(default_factory=list)

    def call(self, kind: CallKind, at: float = 0, *, dies: bool = False) -> Call:
        self.calls.append(Call(kind, NOON + at, dies))
        return self.calls[-1]

    def run(self, days: float = 10) -> None:
        chance = Random(self.seed)  # noqa: S311  no secret
        with Stage(NOON) as stage:
            ledger = StagedLedger(
                MemoryTable(),  # type: ignore[arg-type]
                stage,
                lambda: chance.choice(self.latencies),
            )
            for call in self.calls:
                self._enter(stage, ledger, call, chance)
            stage.run(chance.randrange, until=NOON + days * DAY)

    def _enter(self, stage: Stage, ledger: Ledger, call: Call, chance: Random) -> None:
        limiter = Limiter(
            ledger=ledger,
            requests_per_second=self.per_second,
            requests_per_day=self.per_day,
            clock=stage.clock,
            chance=chance.random,
        )

        def act() -> None:
            turn = None
            while True:
                call.asked += 1
                try:
                    limiter.take(call.kind, turn=turn)
                except RateLimited as sent:
                    turn = sent.turn
                    if call.dies and call.caller is not None:
                        stage.kill(call.caller)
                    stage.sleep(float("inf") if call.dies else sent.wait_seconds + chance.random())
                else:
                    call.made_at = stage.time
                    if call.kind is CallKind.SUBMISSION:
                        limiter.release(stage.time)
                    return

        call.caller = stage.enter(call.begins_at, act)

    @property
    def times(self) -> list[float]:
        return sorted(call.made_at for call in self.calls if call.made_at is not None)

    def most_within(self, seconds: float) -> int:
        times = self.times
        return max(
            (n + 1 - bisect_left(times, time - seconds + 1e-6) for n, time in enumerate(times)),
            default=0,
        )


lanes = st.lists(st.sampled_from(CallKind), min_size=1, max_size=30)
seeds = st.integers(0, 2**32)


@some
@given(seed=seeds, wanted=lanes, per_second=st.sampled_from([0.5, 1, 2, 5]), over=st.floats(0, 60))
def should_never_exceed_a_second_and_serve_everybody_when_many_call_at_once(
    seed: int, wanted: list[CallKind], per_second: float, over: float
) -> None:
    crowd = Crowd(seed, per_second)
    for number, kind in enumerate(wanted):
        crowd.call(kind, over * number / len(wanted))
    crowd.run()
    assert len(crowd.times) == len(wanted)
    assert crowd.most_within(max(1, 1 / per_second)) <= max(1, per_second)


@some
@given(seed=seeds, wanted=lanes, per_day=st.integers(3, 12), over=st.floats(0, 3 * DAY))
def should_never_exceed_any_24_hours_and_serve_everybody_when_the_day_is_short(
    seed: int, wanted: list[CallKind], per_day: int, over: float
) -> None:
    crowd = Crowd(seed, per_day=per_day)
    for number, kind in enumerate(wanted):
        crowd.call(kind, over * number / len(wanted))
    crowd.run(days=40)
    assert len(crowd.times) == len(wanted)
    assert crowd.most_within(DAY) <= per_day


@some
@given(seed=seeds, submissions=st.integers(5, 25), checks=st.integers(1, 10), at=st.floats(0, 15))
def should_let_checks_go_first_when_submissions_wait_too(
    seed: int, submissions: int, checks: int, at: float
) -> None:
    crowd = Crowd(seed, latencies=(0.004, 0.02))
    for _ in range(submissions):
        crowd.call(CallKind.SUBMISSION)
    wanted = [crowd.call(CallKind.STATUS, at) for _ in range(checks)]
    crowd.run()
    last = max(call.made_at or float("inf") for call in wanted)
    between = [
        call
        for call in crowd.calls
        if call.kind is CallKind.SUBMISSION and NOON + at < (call.made_at or 0) < last
    ]
    assert len(between) <= 3 + checks / 4  # those whose slots were taken before, and gaps filled


@some
@given(seed=seeds, count=st.integers(20, 40), dead=st.sets(st.integers(0, 39), max_size=3))
def should_lose_no_slot_when_callers_that_were_sent_away_die(
    seed: int, count: int, dead: set[int]
) -> None:
    crowd = Crowd(seed, latencies=(0.004, 0.02))
    for number in range(count):
        crowd.call(CallKind.STATUS, number * 0.01, dies=number in dead)
    crowd.run()
    assert all(call.made_at for call in crowd.calls if not call.dies)
    lost = (crowd.times[-1] - NOON) / SPACING - len(crowd.times)
    assert lost < 3  # less than one for each of three


@some
@given(seed=seeds, count=st.integers(10, 40))
def should_serve_in_the_order_of_arrival_when_newcomers_keep_coming(seed: int, count: int) -> None:
    crowd = Crowd(seed, latencies=(0.004, 0.02))
    for number in range(count):
        crowd.call(CallKind.SUBMISSION, number * 0.5)
    crowd.run()
    order = sorted(range(count), key=lambda number: crowd.calls[number].made_at or float("inf"))
    overtaken = max(place - number for place, number in enumerate(order))
    assert overtaken <= OPEN_TURNS + 2  # the first few may come in any order
    assert sum(call.asked for call in crowd.calls) <= 3 * count
