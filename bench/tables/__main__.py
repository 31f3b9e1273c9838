"""How fast a CSV becomes the lines that a service takes, beside other ways, all in one run.

    PYTHONPATH=lambdas python -m bench.tables [--megabytes MB] [--rounds N]

The ways take turns, each in a process of its own, from a file to a file. Rates are those of the
best round, by the processor time of the process with its start and imports, so that other work on
the machine disturbs them less.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.report.runs import MEASURED, core_shares
from bench.tables.sample_csv import write_csv
from bench.tables.ways import WAYS
from infra.project_files import LAMBDAS, PROJECT

BENCH_PYTHON = PROJECT / ".venv-bench" / "bin" / "python"
LIBRARIES = {"pandas": "pandas", "DuckDB": "duckdb"}
"""What a way needs beside the development environment."""
GOAL = 3.0  # times the first way; ours


@dataclass(frozen=True, slots=True)
class Measured:
    """The best round of one way."""

    way: str
    cpu_seconds: float
    peak_bytes: int

    def line(self, size: int, first: "Measured") -> str:
        """As it is printed, with its ratio to `first`."""
        return (
            f"{self.way:30}{size / self.cpu_seconds / 1e6:8.0f}"
            f"{first.cpu_seconds / self.cpu_seconds:8.2f}{self.peak_bytes / 2**20:10.0f}"
        )


def measured(source: Path, folder: Path, rounds: int) -> list[Measured]:
    """Each way that can run here, the first one first."""
    pythons = dict(_pythons())
    best: dict[str, Measured] = {}
    for _ in range(rounds):
        for way, python in pythons.items():
            run = _run(way, python, source, folder / "out.jsonl")
            if way not in best or run.cpu_seconds < best[way].cpu_seconds:
                best[way] = run
    return list(best.values())


def _pythons() -> Iterator[tuple[str, Path]]:
    """Each way with the Python that has what it needs."""
    for way in WAYS:
        library = LIBRARIES.get(way)
        if library is None or importlib.util.find_spec(library):
            yield way, Path(sys.executable)
        elif BENCH_PYTHON.exists() and _has(BENCH_PYTHON, library):
            yield way, BENCH_PYTHON
        else:
            print(f"{library} is not installed here: left out", file=sys.stderr)


def _has(python: Path, library: str) -> bool:
    found = f"import importlib.util, sys; sys.exit(not importlib.util.find_spec({library!r}))"
    return subprocess.run([python, "-c", found], check=False).returncode == 0


def _run(way: str, python: Path, source: Path, target: Path) -> Measured:
    command = [str(python), "-m", "bench.tables.ways", way, str(source), str(target)]
    mine, _ = core_shares()
    done = subprocess.run(
        [sys.executable, "-I", "-S", MEASURED, json.dumps({"commands": [command], "cores": mine})],
        env={"PYTHONPATH": f"{PROJECT}:{LAMBDAS}", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not target.stat().st_size:
        raise SystemExit(f"{way} failed:\n{done.stderr[-2_000:]}")
    (taken,) = json.loads(done.stdout)["processes"]
    target.unlink()
    return Measured(way, taken["cpu_seconds"], taken["peak_bytes"])


def main(arguments: Sequence[str]) -> int:
    """0, or 1 where the goal is not met."""
    parser = argparse.ArgumentParser(prog="python -m bench.tables", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="dropcoder-bench-") as name:
        folder = Path(name)
        source = folder / "sample.csv"
        rows = write_csv(source, chosen.megabytes * 1_000_000)
        size = source.stat().st_size
        found = measured(source, folder, chosen.rounds)
    print(f"{size / 1e6:,.0f} MB, {rows:,} rows\n{'':30}{'MB/s':>8}{'ratio':>8}{'peak MiB':>10}")
    for each in found:
        print(each.line(size, found[0]))
    ours = next(each for each in found if each.way == "Dropcoder")
    ratio = found[0].cpu_seconds / ours.cpu_seconds
    print(f"{'met    ' if ratio >= GOAL else 'NOT MET'} at least {GOAL:.0f} times: {ratio:.2f}")
    return 0 if ratio >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
