"""What a simulation shows, counted from what happened in it."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from protocol.errors import ServiceAnswer
from simulation.grouping import Dropped
from simulation.world import PER_DAY, PER_SECOND, World

DAY = 86_400
SHORTEST_BACKLOG = 60  # seconds; with fewer, a share of calls says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Of one run. Times in seconds."""

    drops: int
    endings: dict[str, int]
    lost: int
    """Never told, told twice, or failed although the service could code them."""
    operations: int
    calls: int
    refused: int
    """Calls that the service answered with "Too Many Requests"."""
    over_quota: int
    """Calls that the service answered with "Limit Exceeded"."""
    most_in_a_second: int
    most_in_a_day: int
    """In any 24 hours."""
    backlog_seconds: float
    """All times of a minute and more in which drops waited for their operations to begin."""
    share_in_use: float | None
    """Of the calls that the limits allow in those times; None where there was none."""
    drained_seconds: float
    """From the first drop to the last that was told."""
    bound_seconds: float
    """The least time that the limits allow for so many calls."""
    told_after_last_end: float
    """From the end of the last operation to the last drop that was told."""
    longest_history: int
    """Events of the largest execution; Step Functions allows 25,000."""
    transitions_a_drop: float
    gb_seconds_a_drop: float
    dollars_a_drop: float


def measured(world: World, drops: Sequence[Dropped]) -> Measures:
    calls = sorted(world.service.arrivals)
    told = max(at for at, _ in world.delivered.values())
    waits = backlogs(world.boarded, world.work.begun)
    during = sum(bisect_right(calls, end) - bisect_left(calls, begin) for begin, end in waits)
    allowed = sum(allowed_within(end - begin) for begin, end in waits)
    return Measures(
        drops=len(drops),
        endings=dict(Counter(status for _, status in world.delivered.values())),
        lost=_lost(world, drops),
        operations=world.work.operations,
        calls=len(calls),
        refused=world.service.refused.get(ServiceAnswer.TOO_MANY_REQUESTS, 0),
        over_quota=world.service.refused.get(ServiceAnswer.LIMIT_EXCEEDED, 0),
        most_in_a_second=most_within(calls, 1),
        most_in_a_day=most_within(calls, DAY),
        backlog_seconds=sum(end - begin for begin, end in waits),
        share_in_use=during / allowed if waits else None,
        drained_seconds=told - drops[0].at,
        bound_seconds=least_seconds(len(calls)),
        told_after_last_end=told - world.service.last_end,
        longest_history=world.longest_history,
        transitions_a_drop=world.bill.transitions / len(drops),
        gb_seconds_a_drop=world.bill.gb_seconds / len(drops),
        dollars_a_drop=world.bill.dollars / len(drops),
    )


def backlogs(boarded: Mapping[str, float], begun: Mapping[str, float]) -> list[tuple[float, float]]:
    """The times, long enough to be counted, in which at least one part waited to begin."""
    changes = [(at, 1) for at in boarded.values()] + [(at, -1) for at in begun.values()]
    found: list[tuple[float, float]] = []
    waiting, since = 0, 0.0
    for at, change in sorted(changes):
        if not waiting:
            since = at
        waiting += change
        if not waiting and at - since >= SHORTEST_BACKLOG:
            found.append((since, at))
    return found


def most_within(times: Sequence[float], seconds: float) -> int:
    """The most of the sorted times that lie in any window of that length."""
    return max((n + 1 - bisect_right(times, at - seconds) for n, at in enumerate(times)), default=0)


def allowed_within(seconds: float) -> float:
    """The most calls that the limits allow in that time, from a standing start."""
    days, rest = divmod(seconds, DAY)
    return days * PER_DAY + min(PER_DAY, rest * PER_SECOND + 1)


def least_seconds(calls: int) -> float:
    """The least time in which the limits allow so many calls."""
    days, rest = divmod(max(0, calls - 1), PER_DAY)
    return days * DAY + rest / PER_SECOND


def _lost(world: World, drops: Sequence[Dropped]) -> int:
    wanted = {drop.number: "failed" if drop.fails else "complete" for drop in drops}
    ended = {number: status for number, (_, status) in world.delivered.items()}
    wrong = sum(ended.get(number) != status for number, status in wanted.items())
    return wrong + world.told_twice + len(world.failed_executions)
