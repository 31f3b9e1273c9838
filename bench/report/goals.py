"""What the measurements must show: ratios, which hold on any machine, and the memory."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.report.runs import Measurement
from bench.streams.competitors import Name, Side

MAX_PEAK_BYTES = 256 << 20
TIMES_NAIVE = 8.0
SHARE_OF_BARE = 0.5
TIMES_AWS = 1.0

QUICK_SUBMIT_TIMES_NAIVE = 2.8
QUICK_COLLECT_TIMES_NAIVE = 2.8
"""Of the quick form, by processor time: a file so small leaves Python's own start a large share,
and a busy machine (3.4 both, at a load of 11 on two cores) must not fail it. Line by line, as it
once was, both are about 1."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal, and what was measured."""

    text: str
    measured: str
    met: bool


def goals(measured: Sequence[Measurement]) -> list[Goal]:
    """Of one file size; those whose competitors took part."""
    found = {(each.side, each.name): each for each in measured}
    compared = (
        (Side.SUBMIT, Name.NAIVE, TIMES_NAIVE),
        (Side.SUBMIT, Name.BARE, SHARE_OF_BARE),
        (Side.COLLECT, Name.AWS, TIMES_AWS),
    )
    made = []
    for side, name, wanted in compared:
        ours, theirs = found.get((side, Name.DROPCODER)), found.get((side, name))
        if ours is not None and theirs is not None:
            made.append(_compared(ours, theirs, wanted))
    return made + memory_goals(measured)


def quick_goals(measured: Sequence[Measurement]) -> list[Goal]:
    """As `goals`, by processor time."""
    found = {(each.side, each.name): each for each in measured}
    made = []
    for side, wanted in (
        (Side.SUBMIT, QUICK_SUBMIT_TIMES_NAIVE),
        (Side.COLLECT, QUICK_COLLECT_TIMES_NAIVE),
    ):
        ours, naive = found[side, Name.DROPCODER], found[side, Name.NAIVE]
        ratio = naive.cpu_seconds / ours.cpu_seconds
        made.append(Goal(_text(ours, naive, wanted), f"{ratio:.2f} times", ratio >= wanted))
    return made + memory_goals(measured)


def memory_goals(measured: Sequence[Measurement]) -> list[Goal]:
    return [
        Goal(
            f"{each.side.capitalize()} holds at most {MAX_PEAK_BYTES >> 20} MiB",
            f"{each.peak_bytes / 2**20:.0f} MiB",
            each.peak_bytes <= MAX_PEAK_BYTES,
        )
        for each in measured
        if each.name is Name.DROPCODER
    ]


def _compared(ours: Measurement, theirs: Measurement, wanted: float) -> Goal:
    """By rate; the ratio of processor time beside it tells what other work on the machine hid."""
    ratio, of_cpu = ours.rate / theirs.rate, theirs.cpu_seconds / ours.cpu_seconds
    measured = f"{ratio:.2f} times ({of_cpu:.2f} by processor time)"
    return Goal(_text(ours, theirs, wanted), measured, ratio >= wanted)


def _text(ours: Measurement, theirs: Measurement, wanted: float) -> str:
    return f"{ours.side.capitalize()} is at least {wanted:g} times as fast as: {theirs.name}"
