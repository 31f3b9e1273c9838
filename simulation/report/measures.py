"""What a simulation shows, counted from what happened in it."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from protocol.errors import ServiceAnswer
from simulation.cloud.receive_queue import Dropped
from simulation.simulation import PER_DAY, PER_SECOND, Simulation

DAY = 86_400
SHORTEST_BACKLOG = 60  # seconds; with fewer, a share of calls says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The figures of one run. Times in seconds."""

    drops: int
    endings: dict[str, int]
    lost: int
    """Drops whose end was not announced once, or was not the one that the service gave them."""
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
    """From the first drop to the last announcement of an end."""
    bound_seconds: float
    """The least time that the limits allow for so many calls."""
    announced_after_last_end: float
    """From the end of the last operation to the last announcement."""
    longest_history: int
    """Events of the largest execution; Step Functions allows 25,000."""
    longest_history_of_a_piece: int
    """Events of the largest child of an execution; 0 where no file had pieces."""
    largest_state: int
    """Bytes of the largest state of a file in pieces; Step Functions allows 262,144."""
    transitions_a_drop: float
    gb_seconds_a_drop: float
    dollars_a_drop: float


def measured(simulation: Simulation, drops: Sequence[Dropped]) -> Measures:
    calls = sorted(simulation.service.call_times)
    announced = max(at for at, _ in simulation.endings.values())
    started = simulation.started  # pieces wait for each other, and not for calls alone
    created = {name: at for name, at in simulation.handlers.created.items() if name in started}
    waits = backlogs(started, created)
    during = sum(bisect_right(calls, end) - bisect_left(calls, begin) for begin, end in waits)
    allowed = sum(allowed_within(end - begin) for begin, end in waits)
    return Measures(
        drops=len(drops),
        endings=dict(Counter(status for _, status in simulation.endings.values())),
        lost=_lost(simulation, drops),
        operations=simulation.handlers.operations,
        calls=len(calls),
        refused=simulation.service.refused.get(ServiceAnswer.TOO_MANY_REQUESTS, 0),
        over_quota=simulation.service.refused.get(ServiceAnswer.LIMIT_EXCEEDED, 0),
        most_in_a_second=most_within(calls, 1),
        most_in_a_day=most_within(calls, DAY),
        backlog_seconds=sum(end - begin for begin, end in waits),
        share_in_use=during / allowed if waits else None,
        drained_seconds=announced - drops[0].at,
        bound_seconds=least_seconds(len(calls)),
        announced_after_last_end=announced - simulation.service.last_end,
        longest_history=simulation.longest_history,
        longest_history_of_a_piece=simulation.longest_history_of_a_piece,
        largest_state=simulation.largest_state,
        transitions_a_drop=simulation.bill.transitions / len(drops),
        gb_seconds_a_drop=simulation.bill.gb_seconds / len(drops),
        dollars_a_drop=simulation.bill.dollars / len(drops),
    )


def backlogs(
    started: Mapping[str, float], created: Mapping[str, float]
) -> list[tuple[float, float]]:
    """The times, long enough to be counted, in which at least one part waited to begin."""
    changes = [(at, 1) for at in started.values()] + [(at, -1) for at in created.values()]
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


def _lost(simulation: Simulation, drops: Sequence[Dropped]) -> int:
    wanted = {drop.number: "failed" if drop.fails else "complete" for drop in drops}
    ended = {number: status for number, (_, status) in simulation.endings.items()}
    wrong = sum(ended.get(number) != status for number, status in wanted.items())
    return wrong + simulation.announced_twice + len(simulation.failed_executions)
