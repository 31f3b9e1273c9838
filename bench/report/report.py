"""Tables and plots of one run of the measurements, made from what it kept in docs/bench.json.

`make bench` renews that file and the plots; `make docs` puts the tables into the documents, and
tests compare both.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from bench.cold_start import GOAL_MS, ColdStart
from bench.report.goals import Goal
from bench.report.plots import Bar, Line, bars, lines
from bench.report.runs import Measurement
from bench.streams.competitors import WHAT, Name, Side
from bench.streams.memory_curve import NETWORK_MB_PER_SECOND, SETTINGS_MB, Stream
from infra.project_files import PROJECT

KEPT = PROJECT / "docs" / "bench.json"


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that one run measured."""

    setting: str
    """Machine and programs, in a sentence."""
    plain: Sequence[Measurement]
    over_tls: Sequence[Measurement]
    goals: Sequence[Goal]
    cold_starts: Sequence[ColdStart]
    cold_starts_setting: str = ""
    """As `setting`; they are also measured alone."""

    def keep(self, file: Path = KEPT) -> None:
        """Writes the run, and its plots beside it."""
        file.write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")
        for name, plot in plots(self).items():
            (file.parent / name).write_text(plot, "utf-8")

    @classmethod
    def kept(cls, file: Path = KEPT) -> Self:
        """The run that was kept last."""
        found = json.loads(file.read_text("utf-8"))
        return cls(
            setting=found["setting"],
            plain=[_measurement(each) for each in found["plain"]],
            over_tls=[_measurement(each) for each in found["over_tls"]],
            goals=[Goal(**each) for each in found["goals"]],
            cold_starts=[ColdStart(**each) for each in found["cold_starts"]],
            cold_starts_setting=found["cold_starts_setting"],
        )


def _measurement(found: dict[str, Any]) -> Measurement:
    return Measurement(**{**found, "side": Side(found["side"]), "name": Name(found["name"])})


def block(name: str) -> str:
    """A table of the kept run: competitors, transfers, goals, tls, cold-starts or memory."""
    run = Run.kept()
    tables: dict[str, Callable[[], str]] = {
        "competitors": _competitors,
        "transfers": lambda: f"{run.setting}\n\n{_transfers(run.plain)}",
        "goals": lambda: _goals(run.goals),
        "tls": lambda: _transfers(run.over_tls),
        "cold-starts": lambda: f"{run.cold_starts_setting}\n\n{_cold_starts(run.cold_starts)}",
        "memory": lambda: _memory(run.over_tls),
    }
    return tables[name]() + "\n"


def plots(run: Run) -> dict[str, str]:
    """SVG by the name of its file."""
    return {"transfers.svg": _rates(run.plain), "memory.svg": _curves(run.over_tls)}


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], rule: str = "---:") -> str:
    """`rule` aligns all columns but the first."""
    ruled = [head, [":---", *[rule] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in ruled)


def _competitors() -> str:
    rows = [(f"{side}, {name}", what) for (side, name), what in WHAT.items()]
    return _table(("", "what runs"), rows, ":---")


def _goals(goals: Sequence[Goal]) -> str:
    rows = [(goal.text, goal.measured, "yes" if goal.met else "**no**") for goal in goals]
    return _table(("goal", "measured", "met"), rows, ":---")


def _transfers(measured: Sequence[Measurement]) -> str:
    rows = []
    for side, size in sorted({(each.side, each.file_bytes) for each in measured}, key=_order):
        group = [each for each in measured if (each.side, each.file_bytes) == (side, size)]
        ours = next(each for each in group if each.name is Name.DROPCODER)
        for each in group:
            name = f"**{each.name}**" if each is ours else str(each.name)
            rows.append(
                (
                    f"{side} {_size(size)}, {name}",
                    f"{each.rate:,.0f}",
                    f"{each.rate / ours.rate:.2f}",
                    f"{each.cpu_seconds:,.1f}",
                    f"{each.peak_bytes / 2**20:,.0f}",
                )
            )
    return _table(("", "MB/s", "× Dropcoder", "CPU s", "peak MiB"), rows)


def _order(row: tuple[Side, int]) -> tuple[bool, int]:
    return row[0] is Side.COLLECT, row[1]


def _size(size: int) -> str:
    return f"{size / 1e9:.0f} GB" if size > 0.9e9 else f"{size / 1e6:.0f} MB"  # noqa: PLR2004


def _cold_starts(starts: Sequence[ColdStart]) -> str:
    rows = [
        (
            f"{each.package}.{each.module}",
            f"{each.imported_ms:.0f}",
            f"{each.ready_ms:.0f}",
            f"{each.cpu_ms:.0f}",
            "yes" if each.ready_ms <= GOAL_MS else "**no**",
        )
        for each in starts
    ]
    head = ("function", "imported, ms", "ready, ms", "CPU ms", f"at most {GOAL_MS} ms")
    return _table(head, rows)


def _streams(measured: Sequence[Measurement]) -> dict[Side, Stream]:
    return {
        each.side: Stream(each.file_bytes, each.cpu_seconds)
        for each in measured
        if each.name is Name.DROPCODER
    }


def _memory(measured: Sequence[Measurement]) -> str:
    streams = _streams(measured)

    def cells(memory_mb: int, show: Callable[[Stream, int, float], str]) -> list[str]:
        return [
            show(stream, memory_mb, network)
            for stream in streams.values()
            for network in NETWORK_MB_PER_SECOND
        ]

    def shown(stream: Stream, memory_mb: int, network: float) -> str:
        cents = stream.dollars(memory_mb, network) * 100
        return f"{stream.seconds(memory_mb, network):.0f} s, {cents:.3f} ¢"

    head = [
        f"{side} at {network:.0f} MB/s" for side in streams for network in NETWORK_MB_PER_SECOND
    ]
    rows = [(f"{memory_mb:,}", *cells(memory_mb, shown)) for memory_mb in SETTINGS_MB]
    return _table(("memory, MB", *head), rows)


def _rates(measured: Sequence[Measurement]) -> str:
    largest = {
        side: max(each.file_bytes for each in measured if each.side is side) for side in Side
    }
    groups = [
        (
            f"{side.capitalize()}, {_size(largest[side])}",
            [
                Bar(each.name, each.rate, each.name is Name.DROPCODER)
                for each in measured
                if each.side is side and each.file_bytes == largest[side]
            ],
        )
        for side in Side
    ]
    return bars("Rate on one core, storages on loopback", groups, "MB/s")


def _curves(measured: Sequence[Measurement]) -> str:
    drawn = [
        Line(
            f"{side}, network of {network:.0f} MB/s",
            [(mb, stream.dollars(mb, network) * 100) for mb in SETTINGS_MB],
        )
        for side, stream in _streams(measured).items()
        for network in NETWORK_MB_PER_SECOND
    ]
    return lines(
        "Cost of a gigabyte by memory setting",
        drawn,
        x_label="memory setting, MB",
        y_label="US cents",
    )
