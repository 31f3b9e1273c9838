"""How fast lines are checked, beside the ways that come to mind first, all in one run.

    PYTHONPATH=lambdas python -m bench.validation.rates [MB] [rounds]

A rate is that of the best of the rounds, in time of the one thread that does the work (so another
process on the machine disturbs it less); SHA-256 runs in a thread beside it.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from bench.streams.sample_files import write_sample
from bench.streams.sample_results import write_results
from pipeline.validation.input_lines import Validation
from pipeline.validation.output_lines import OutputScan
from protocol.records import RecordForm

INPUT_FORMAT = ("occp_text", "tasks_text")
BLOCK_BYTES = 8 << 20  # as Submit reads

Check = Callable[[list[bytes]], object]


@dataclass(slots=True)
class Alternative:
    """A way to check a file that comes in blocks, and its best time so far."""

    name: str
    check: Check
    blocks: list[bytes]
    seconds: float = float("inf")

    def run(self) -> None:
        start = time.thread_time()
        self.check(self.blocks)
        self.seconds = min(self.seconds, time.thread_time() - start)

    @property
    def rate(self) -> float:
        """In MB a second."""
        return sum(map(len, self.blocks)) / self.seconds / 1e6


def by_line(decode: Callable[[bytes], object]) -> Check:
    """Only decodes: no field is looked at."""

    def check(blocks: list[bytes]) -> None:
        for line in _lines(blocks):
            decode(line)

    return check


def validation(blocks: list[bytes]) -> None:
    """What Submit does: fields, text limit, recordId digest, SHA-256, exact faults."""
    for _ in Validation(INPUT_FORMAT).valid_blocks(blocks):
        pass


def careful_validation(blocks: list[bytes]) -> None:
    """The path of faulty and unusual lines alone, without digest and SHA-256."""
    form = RecordForm(INPUT_FORMAT)
    for line in _lines(blocks):
        form.parse(line)


def output_scan(blocks: list[bytes]) -> None:
    """What Collect does: counts, recordId digest, CRC-32."""
    scan = OutputScan()
    for block in blocks:
        scan.add(block)
    scan.finish()


def alternatives(inputs: list[bytes], outputs: list[bytes]) -> tuple[list[Alternative], ...]:
    """For input and for output, the naive way first."""
    decoders: list[tuple[str, Callable[[bytes], object]]] = [("json.loads a line", json.loads)]
    try:
        decoders.append(("orjson.loads a line", importlib.import_module("orjson").loads))
    except ImportError:
        print("orjson is not installed here: left out")
    decoders.append(("msgspec a line", msgspec.json.Decoder().decode))
    return (
        [
            *(Alternative(f"input: {name}", by_line(decode), inputs) for name, decode in decoders),
            Alternative("input: the careful path alone", careful_validation, inputs),
            Alternative("input: Validation", validation, inputs),
        ],
        [
            *(
                Alternative(f"output: {name}", by_line(decode), outputs)
                for name, decode in decoders
            ),
            Alternative("output: OutputScan", output_scan, outputs),
        ],
    )


def _blocks(path: Path) -> list[bytes]:
    content = path.read_bytes()
    return [content[at : at + BLOCK_BYTES] for at in range(0, len(content), BLOCK_BYTES)]


def _lines(blocks: list[bytes]) -> Iterable[bytes]:
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        yield from lines
    if rest:
        yield rest


def main(megabytes: int = 64, rounds: int = 5) -> None:
    with TemporaryDirectory() as folder:
        sample, results = Path(folder) / "sample.jsonl", Path(folder) / "output.jsonl"
        write_sample(sample, megabytes * 1_000_000)
        write_results(results, megabytes * 1_000_000)
        groups = alternatives(_blocks(sample), _blocks(results))
    for _ in range(rounds):
        for group in groups:
            for alternative in group:
                alternative.run()
    print(f"{'':30}{'MB/s':>6}{'ratio':>8}")
    for group in groups:
        for alternative in group:
            ratio = alternative.rate / group[0].rate
            print(f"{alternative.name:30}{alternative.rate:6.0f}{ratio:8.1f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
