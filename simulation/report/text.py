"""A run's figures in words."""

from simulation.report.measures import Measures

MINUTE, HOUR, DAY = 60, 3_600, 86_400


def lines_of(seen: Measures) -> list[str]:
    endings = ", ".join(f"{count:,} {status}" for status, count in sorted(seen.endings.items()))
    if seen.share_in_use is None:
        used = "drops waited for under a minute"
    else:
        used = (
            f"{seen.share_in_use:.1%} of what the limits allow, while drops waited "
            f"({duration(seen.backlog_seconds)})"
        )
    of_pieces = ""
    if seen.longest_history_of_a_piece:
        of_pieces = (
            f", {seen.longest_history_of_a_piece:,} a piece; a state of at most "
            f"{seen.largest_state:,} bytes"
        )
    return [
        f"drops        {seen.drops:,}: {endings}; {seen.lost} lost",
        (
            f"calls        {seen.calls:,} for {seen.operations:,} operations, "
            f"{seen.refused + seen.over_quota} refused; at most {seen.most_in_a_second} in a "
            f"second, {seen.most_in_a_day:,} in 24 hours"
        ),
        f"rate in use  {used}",
        (
            f"drained      in {duration(seen.drained_seconds)}; the limits allow so many calls in "
            f"{duration(seen.bound_seconds)}; {duration(seen.announced_after_last_end)} after the "
            "last operation's end"
        ),
        (
            f"a drop       {seen.transitions_a_drop:.1f} state transitions, "
            f"{seen.gb_seconds_a_drop:.2f} GB-seconds, ${seen.dollars_a_drop:.5f}"
        ),
        f"history      at most {seen.longest_history:,} events an execution{of_pieces}",
    ]


HEADING = (
    "seed  operations   calls  lost  refused  in a second  rate in use  drained  after last end"
)


def row_of(seed: int, seen: Measures) -> str:
    """One run of many, in a line below `HEADING`; no rate where drops waited under a minute."""
    used = "" if seen.share_in_use is None else f"{seen.share_in_use:.1%}"
    return (
        f"{seed:>4}  {seen.operations:>10,}  {seen.calls:>6,}  {seen.lost:>4}  "
        f"{seen.refused + seen.over_quota:>7}  {seen.most_in_a_second:>11}  {used:>11}  "
        f"{duration(seen.drained_seconds):>8}  {duration(seen.announced_after_last_end):>14}"
    )


def duration(seconds: float) -> str:
    """In the unit that reads best."""
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.1f} min"
    if seconds < 2 * DAY:
        return f"{seconds / HOUR:.1f} h"
    return f"{seconds / DAY:.2f} days"
