"""Measures Submit and Collect beside what a user would do instead.

    make bench                 100 MB, 1 GB and 5 GB; renews the numbers of docs/scale.md
    make bench SIZES=100MB     other sizes; the docs stay as they are
    make bench-starts          cold starts alone; renews their numbers
    make bench-quick           a small file, without other programs; fails where a ratio has fallen

Files, what is uploaded and what is copied lie in memory (/dev/shm) where there is room for twice
the largest file, else below build/bench; a competitor's temporary file lies there in any case.
"""

import argparse
import os
import platform
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from bench.cold_start import cold_starts
from bench.report.goals import Goal, goals, quick_goals
from bench.report.report import Run
from bench.report.runs import Measurement, Runner, Undelivered, core_shares
from bench.streams.competitors import competitors, environment
from bench.streams.debian_packages import missing, program, version
from bench.streams.sample_files import write_sample
from bench.streams.sample_results import write_results
from bench.streams.storages import DROPS, SERVICE, storages
from infra.project_files import PROJECT

SIZES = ("100MB", "1GB", "5GB")
TLS_SIZE = "1GB"
QUICK_SIZE = "200MB"
UNITS = {"MB": 10**6, "GB": 10**9}
ON_DISK = PROJECT / "build" / "bench"
MEMORY = Path("/dev/shm")  # noqa: S108  the files of one run, removed at its end
ROOM = 2  # the file, and what was delivered
TRIES_BELOW_BYTES = 10**9  # smaller files are quickly measured again
TRIES = 3
LEFT_BYTES = 3 << 30  # of memory, for everything else that runs


def main(arguments: Sequence[str]) -> int:
    """0, or 1 where a competitor failed or a goal of the quick form is not met."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--keep", action="store_true", help="renew the page for other sizes too")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--starts", action="store_true", help="cold starts alone")
    chosen = parser.parse_args(arguments)
    # So that what was started and written goes, whoever ends the run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    try:
        if chosen.quick:
            return _quick()
        if chosen.starts:
            return _starts()
        sizes = tuple(chosen.sizes.split(","))
        return _whole(sizes, keep=chosen.keep or sizes == SIZES)
    except Undelivered as failure:
        print(failure, file=sys.stderr)
        return 1


def _quick() -> int:
    measured = list(_measured((QUICK_SIZE,), tls=False, quick=True))
    found = quick_goals(measured)
    _print_goals(found)
    return 0 if all(goal.met for goal in found) else 1


def _starts() -> int:
    setting, started = _setting(), list(cold_starts())
    for each in started:
        print(each)
    replace(Run.kept(), cold_starts=started, cold_starts_setting=setting).keep()
    return 0


def _whole(sizes: tuple[str, ...], *, keep: bool) -> int:
    setting = _setting()
    started = list(cold_starts()) if keep else []
    over_tls = list(_measured((TLS_SIZE,), tls=True)) if keep else []
    plain: list[Measurement] = []
    for size in sizes:
        of_size = list(_measured((size,), tls=False))
        plain += of_size
        found = goals(of_size)
        _print_goals(found)
        if keep:  # after each size: the largest takes long, and something may end it
            Run(setting, plain, over_tls, found, started, setting).keep()
            print("docs/bench.json and the plots are renewed; make docs renews the tables")
    return 0


def _measured(sizes: Sequence[str], *, tls: bool, quick: bool = False) -> Iterator[Measurement]:
    nginx = None if quick else program("nginx")
    if nginx is None and not quick:
        print(missing("nginx"), file=sys.stderr)
    mine, theirs = core_shares()
    with ExitStack() as stack:
        directory = stack.enter_context(_directory(ROOM * max(map(_bytes, sizes))))
        found = stack.enter_context(storages(directory, nginx=nginx, tls=tls, cores=theirs))
        temporary = stack.enter_context(_temporary_directory(ON_DISK))
        for size in sizes:
            tries = TRIES if _bytes(size) < TRIES_BELOW_BYTES and not quick else 1
            runner = Runner(found, environment(found, temporary), mine, tries)
            for bucket, written in ((DROPS, write_sample), (SERVICE, write_results)):
                file = directory / bucket / f"{size}.jsonl"
                written(file, _bytes(size))
                for competitor in competitors(found, file, quick=quick):
                    measurement = runner.fastest(competitor, file)
                    print(_line(size, measurement), flush=True)
                    yield measurement
                file.unlink()


def _bytes(size: str) -> int:
    match = re.fullmatch(r"(\d+)(MB|GB)", size)
    if match is None:
        raise SystemExit(f"{size!r} is no size: write 100MB or 5GB")
    return int(match[1]) * UNITS[match[2]]


@contextmanager
def _directory(needed: int) -> Iterator[Path]:
    """A folder for the run's files, in memory where they fit; it goes with the block."""
    ON_DISK.mkdir(parents=True, exist_ok=True)
    for place in (MEMORY, ON_DISK):
        if place.is_dir() and _free_bytes(place) > needed:
            with _temporary_directory(place) as folder:
                yield folder
            return
    raise SystemExit(f"neither {MEMORY} nor {ON_DISK} has {needed:,} bytes free")


@contextmanager
def _temporary_directory(place: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dropcoder-bench-", dir=place) as folder:
        yield Path(folder)


def _free_bytes(place: Path) -> int:
    free = shutil.disk_usage(place).free
    if place != MEMORY:
        return free
    found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text("utf-8"))
    available = int(found[1]) * 1024 if found else 0
    return min(free, available - LEFT_BYTES)


def _line(size: str, each: Measurement) -> str:
    return (
        f"{each.side:8} {size:6} {each.name:24} {each.rate:7,.0f} MB/s  "
        f"CPU {each.cpu_seconds:6.1f} s  peak {each.peak_bytes / 2**20:5,.0f} MiB"
    )


def _print_goals(found: Sequence[Goal]) -> None:
    for goal in found:
        print(f"{'met   ' if goal.met else 'NOT MET'} {goal.text}: {goal.measured}")


def _setting() -> str:
    names = [
        f"Python {platform.python_version()}",
        *(version(path, "-v") for path in [program("nginx")] if path),
        *(version(path, "version") for path in [program("rclone")] if path),
    ]
    cores = len(os.sched_getaffinity(0))
    return (
        f"Measured in one run on Linux {platform.machine()}, {cores} cores "
        f"({', '.join(names)}), whose load average was {os.getloadavg()[2]:.0f} before it began."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
