"""The runs of `make simulate`, and what each has to show."""

import calendar
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from simulation.cloud.receive_queue import Dropped
from simulation.report.measures import Measures, measured
from simulation.simulation import PER_DAY, PER_SECOND, Simulation

MORNING = calendar.timegm(datetime(2026, 11, 24, 9, tzinfo=UTC).timetuple())
DAY = 86_400
BYTES_A_RECORD = 160  # modelled: two short texts and a recordId
DROPPED_A_SECOND = 1_000  # modelled: a program that writes small files in parallel
LEAST_SHARE = 0.95  # target: of the allowed calls, while there is a backlog
MOST_CALLS_SHARED = 200  # target: for 10,000 files of 100 records
LATEST_SECONDS = 600  # target: every end is announced so soon after the last operation's end
MOST_OVER_QUOTA = 5  # target: as many slots are taken ahead at the most
MOST_EVENTS = 25_000  # Step Functions: of an execution's history
MOST_STATE_BYTES = 262_144  # Step Functions: of a state
PIECES_AT_ONCE = 40  # `pieceConcurrency` for so large a file
MOST_PIECES = 10_000  # of one file (`receive.splitting`)
EXECUTION_SECONDS = 14 * DAY  # statemachine/drop.asl.json


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Drops, and whether they share operations."""

    name: str
    drops: Sequence[Dropped]
    shares: bool
    calls_of_others: int = 0
    pieces_at_once: int = 4  # cdk.json
    targets: tuple[Callable[[Measures], str | None], ...] = ()
    """Each says what was missed, or None."""

    def run(self, seed: int = 1) -> tuple[Measures, list[str]]:
        """What happened, and which targets were missed."""
        simulation = Simulation(
            self.drops[0].at,
            seed=seed,
            shares=self.shares,
            calls_of_others=self.calls_of_others,
            pieces_at_once=self.pieces_at_once,
        )
        simulation.run(self.drops)
        seen = measured(simulation, self.drops)
        return seen, [missed for target in (*ALWAYS, *self.targets) if (missed := target(seen))]


def at_once(count: int, *, records: int = 100, failing: int = 0) -> list[Dropped]:
    """Files dropped as fast as a program copies them; every so many-th can't be coded."""
    return [
        Dropped(
            number=number,
            at=MORNING + number / DROPPED_A_SECOND,
            records=records,
            bytes=records * BYTES_A_RECORD,
            fails=failing > 0 and number % (count // failing) == count // failing - 1,
        )
        for number in range(count)
    ]


def over_days(days: int, a_day: int, seed: int = 1) -> list[Dropped]:
    """Files of people: in working hours mostly, of very different sizes."""
    chance = Random(seed)  # noqa: S311  no secret
    times = sorted(
        MORNING - 9 * 3600 + day * DAY + min(DAY - 1, max(0, chance.gauss(13, 3) * 3600))
        for day in range(days)
        for _ in range(a_day)
    )
    return [
        Dropped(number, at, records, records * BYTES_A_RECORD)
        for number, at in enumerate(times)
        for records in [int(min(5_000_000, chance.lognormvariate(6, 2))) + 1]
    ]


def in_pieces(pieces: int, *, records: int) -> Scenario:
    """One file, of which each piece has so many records."""
    drop = Dropped(
        number=0,
        at=MORNING,
        records=pieces * records,
        bytes=pieces * records * BYTES_A_RECORD,
        pieces=pieces,
    )
    return Scenario(
        name=f"1 file in {pieces:,} pieces of {records:,} records",
        drops=[drop],
        shares=True,
        pieces_at_once=PIECES_AT_ONCE,
        targets=(kept_state, in_one_execution),
    )


def lost_none(seen: Measures) -> str | None:
    return f"{seen.lost} of {seen.drops} drops lost" if seen.lost else None


def kept_limits(seen: Measures) -> str | None:
    if seen.most_in_a_second > PER_SECOND or seen.most_in_a_day > PER_DAY or seen.refused:
        return (
            f"limits broken: {seen.most_in_a_second} calls in a second, {seen.most_in_a_day} in "
            f"a day, {seen.refused} refused"
        )
    return None


def closed_the_gate(seen: Measures) -> str | None:
    """After the first "Limit Exceeded" only calls come that had their slots by then."""
    if 1 <= seen.over_quota <= MOST_OVER_QUOTA:
        return None
    return f"{seen.over_quota} calls were made with the quota gone"


def kept_history(seen: Measures) -> str | None:
    longest = max(seen.longest_history, seen.longest_history_of_a_piece)
    return f"a history of {longest:,} events" if longest > MOST_EVENTS else None


def kept_state(seen: Measures) -> str | None:
    too_large = seen.largest_state > MOST_STATE_BYTES
    return f"a state of {seen.largest_state:,} bytes" if too_large else None


def in_one_execution(seen: Measures) -> str | None:
    late = seen.drained_seconds > EXECUTION_SECONDS
    return f"took {seen.drained_seconds / DAY:.1f} days" if late else None


def used_the_rate(seen: Measures) -> str | None:
    if seen.share_in_use is None or seen.share_in_use >= LEAST_SHARE:
        return None
    return f"only {seen.share_in_use:.1%} of the allowed calls made during the backlog"


def took_few_calls(seen: Measures) -> str | None:
    too_many = seen.calls > MOST_CALLS_SHARED
    return f"{seen.calls} calls, over {MOST_CALLS_SHARED}" if too_many else None


def announced_soon(seen: Measures) -> str | None:
    late = seen.announced_after_last_end > LATEST_SECONDS
    return (
        f"announced {seen.announced_after_last_end:.0f} s after the last operation's end"
        if late
        else None
    )


def ten_thousand_sharing() -> Scenario:
    return Scenario(
        name="10,000 at once, sharing",
        drops=at_once(10_000),
        shares=True,
        targets=(took_few_calls, announced_soon),
    )


def moved_by_chance() -> list[Scenario]:
    """Those whose figures one seed says least about: few operations, or a short backlog."""
    alone = Scenario(
        name="1,000 at once, each alone",
        drops=at_once(1_000),
        shares=False,
        targets=(used_the_rate, announced_soon),
    )
    return [ten_thousand_sharing(), alone]


ALWAYS = (lost_none, kept_limits, kept_history)


def quick() -> list[Scenario]:
    """What the tests run: seconds."""
    return [
        Scenario(name="1 drop", drops=at_once(1), shares=True),
        Scenario(
            name="100 at once, each alone",
            drops=at_once(100),
            shares=False,
            targets=(used_the_rate,),
        ),
        Scenario(
            name="100 at once, sharing", drops=at_once(100), shares=True, targets=(announced_soon,)
        ),
        ten_thousand_sharing(),
        Scenario(
            name="1,000 at once, sharing, 3 that the service can't code",
            drops=at_once(1_000, failing=3),
            shares=True,
        ),
        Scenario(
            name="100 at once, each alone, on a day of which others used 9,800 calls",
            drops=at_once(100),
            shares=False,
            calls_of_others=9_800,
            targets=(closed_the_gate,),
        ),
        in_pieces(300, records=50_000),
    ]


def full() -> list[Scenario]:
    """What `make simulate` runs: minutes."""
    return [
        *quick(),
        Scenario(
            name="10,000 at once, each alone",
            drops=at_once(10_000),
            shares=False,
            targets=(used_the_rate,),
        ),
        in_pieces(MOST_PIECES, records=1_000_000),
        Scenario(name="a year of 200 drops a day", drops=over_days(365, 200), shares=True),
    ]
