"""How much faster a file is coded by two functions than by one, on this machine.

    PYTHONPATH=lambdas python -m bench.inference.workers [--megabytes MB] [--rounds N] [--keep]

Each worker is a process that runs what a function runs for a range: it reads the range from a
storage on loopback (`bench.streams.endpoint`), codes it with the shipped model, and writes its
piece. The workers take the next range when they have done one, as children of the Distributed Map
start. Every record's text is its own, so nothing is gained by remembering answers. Rates are those
of the best round; the numbers of workers take turns, so that other work on the machine
disturbs both.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from typing import Self

from bench.streams.endpoint import UPLOADS
from bench.streams.sample_files import write_sample
from bench.streams.storages import DROPS, RESULTS, Storages, digest_of, storages
from coding_service.byte_ranges.cut import ByteRange, cut_at_line_ends
from infra.project_files import PROJECT

KEPT = PROJECT / "docs" / "workers.json"
INPUT_KEY = "input.jsonl"
WORKERS = (1, 2)
RANGES = 16  # ours: enough that the last one to end does not decide
LEAST_BYTES_OF_A_RECORD = 100  # ours: of a sample's, on an average; so no answer comes twice
WORKER = [sys.executable, "-m", "bench.inference.range_worker"]


@dataclass(frozen=True, slots=True)
class Measured:
    """The best round of a number of workers.

    `cpu_seconds` are those of all workers together, `peak_bytes` the most that one of them held.
    """

    workers: int
    records: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int

    @property
    def rate(self) -> float:
        """Records a second by the wall clock."""
        return self.records / self.seconds

    @property
    def rate_of_processor(self) -> float:
        """Records a second of processor time."""
        return self.records / self.cpu_seconds


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that one run measured.

    `input_bytes` are the sample file's, `output_bytes` those of its results.
    """

    setting: str
    input_bytes: int
    output_bytes: int
    measured: Sequence[Measured]

    def keep(self, file: Path = KEPT) -> None:
        file.write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")

    @classmethod
    def kept(cls, file: Path = KEPT) -> Self:
        """The run that was kept last."""
        found = json.loads(file.read_text("utf-8"))
        measured = [Measured(**each) for each in found.pop("measured")]
        return cls(**found, measured=measured)

    def table(self) -> str:
        """In Markdown."""
        alone = self.measured[0]
        rows = [
            f"| {each.workers} | {each.rate:,.0f} | {each.rate / alone.rate:.2f} "
            f"| {each.rate_of_processor:,.0f} | {each.peak_bytes / 2**20:,.0f} |"
            for each in self.measured
        ]
        head = (
            "| workers | records a second | × one worker | records a processor second | peak MiB |"
        )
        return "\n".join([head, "| ---: | ---: | ---: | ---: | ---: |", *rows]) + "\n"


class Worker:
    """A process that codes one range after the other; it ends when its input does."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("a worker is told and tells through pipes")
        self._orders, self._answers = process.stdin, process.stdout

    def wait_until_ready(self) -> None:
        self._told()

    def code(self, extent: ByteRange) -> tuple[int, float, int]:
        """Records, processor seconds, and the most bytes of memory held so far."""
        self._orders.write(json.dumps(extent.to_state()) + "\n")
        self._orders.flush()
        told = self._told()
        return int(told["records"]), told["cpu_seconds"], int(told["peak_bytes"])

    def _told(self) -> dict[str, float]:
        line = self._answers.readline()
        if not line:
            raise RuntimeError("a worker ended; its error stands above")
        told: dict[str, float] = json.loads(line)
        return told


@contextmanager
def started(count: int, storage: Storages, size: int) -> Iterator[list[Worker]]:
    """Workers that have loaded the model; they end with the block."""
    command = [*WORKER, storage.read_url, str(PROJECT / "build" / "models"), str(size)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(PROJECT), str(PROJECT / "lambdas")]),
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_REGION": "ap-southeast-2",
        # One function has one processor.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    with ExitStack() as stack:
        workers = []
        for _ in range(count):
            process = stack.enter_context(
                subprocess.Popen(
                    command,
                    cwd=PROJECT,
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            workers.append(Worker(process))
        for worker in workers:
            worker.wait_until_ready()
        yield workers


def measure(count: int, ranges: Sequence[ByteRange], storage: Storages, size: int) -> Measured:
    """Codes all ranges with so many workers."""
    left: SimpleQueue[ByteRange] = SimpleQueue()
    for extent in ranges:
        left.put(extent)

    def run(worker: Worker) -> tuple[int, float, int]:
        records, cpu_seconds, peak = 0, 0.0, 0
        while True:
            try:
                extent = left.get_nowait()
            except Empty:
                return records, cpu_seconds, peak
            more, took, peak = worker.code(extent)
            records, cpu_seconds = records + more, cpu_seconds + took

    with started(count, storage, size) as workers, ThreadPoolExecutor(count) as executor:
        start = time.perf_counter()
        done = list(executor.map(run, workers))
        seconds = time.perf_counter() - start
    records, cpu_seconds, peaks = zip(*done, strict=True)
    return Measured(count, sum(records), seconds, sum(cpu_seconds), max(peaks))


def written(storage: Storages) -> list[Path]:
    """The files of all pieces, in order; the endpoint keeps parts as they came."""
    roots = (storage.directory / RESULTS, storage.directory / UPLOADS / RESULTS)
    files = [(path.relative_to(root), path) for root in roots for path in root.rglob("*")]
    return [path for _, path in sorted(files) if path.is_file()]


def run(megabytes: int, rounds: int) -> Run:
    """Measures; raises `RuntimeError` where what comes out differs between numbers of workers."""
    best: dict[int, Measured] = {}
    digests: set[str] = set()
    with TemporaryDirectory() as folder:
        directory = Path(folder)
        with storages(directory, nginx=None, tls=False, cores=()) as storage:
            file = directory / DROPS / INPUT_KEY
            size = megabytes * 1_000_000
            write_sample(file, size, distinct=size // LEAST_BYTES_OF_A_RECORD)
            content = file.read_bytes()
            ranges = cut_at_line_ends(
                len(content),
                range_bytes=-(-len(content) // RANGES),
                read=lambda first, end: content[first:end],
            )
            for _ in range(rounds):
                for count in WORKERS:
                    measured = measure(count, ranges, storage, len(content))
                    found = written(storage)
                    output_bytes = sum(path.stat().st_size for path in found)
                    digests.add(digest_of(found))
                    for path in found:
                        path.unlink()
                    if count not in best or measured.seconds < best[count].seconds:
                        best[count] = measured
    if len(digests) != 1:
        raise RuntimeError("the output depends on the number of workers")
    return Run(_setting(megabytes, rounds), len(content), output_bytes, list(best.values()))


def _setting(megabytes: int, rounds: int) -> str:
    return (
        f"`python -m bench.inference.workers --megabytes {megabytes} --rounds {rounds}` on "
        f"{os.cpu_count()} processors, Python {sys.version_info.major}.{sys.version_info.minor}, "
        f"at a load of {os.getloadavg()[0]:.1f} when it ended."
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.inference.workers")
    parser.add_argument("--megabytes", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="for the documents")
    chosen = parser.parse_args(arguments)
    measured = run(chosen.megabytes, chosen.rounds)
    print(measured.setting)
    print(measured.table(), end="")
    if chosen.keep:
        measured.keep()


if __name__ == "__main__":
    main()
