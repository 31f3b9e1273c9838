"""What each step of Submit's check costs, beside other ways to take it, all in one run.

    PYTHONPATH=lambdas python -m bench.validation.alternatives [MB] [rounds]

Seconds of one thread for a gigabyte, the best of the rounds, over batches that fit a core's cache;
what was made of it, and which ways were taken, stands in docs/scale.md.
"""

import hashlib
import json
import re
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import numpy as np

from bench.streams.sample_files import write_sample
from pipeline.validation.digest import SequenceDigest
from shared.lines import BATCH_BYTES, NEWLINE

CLOSING = ord("}")
SEAM = b'}\n{"recordId": "'
AS_PYTHON_WRITES_IT = re.compile(
    rb'(?m)^\{"recordId": "([^"]*+)", "occp_text": "[^"]*+", "tasks_text": "[^"]*+"\}\n'
)
ID = attrgetter("recordId")

Step = Callable[[bytes], object]


def _decoder(*names: str, strict: bool = True) -> msgspec.json.Decoder[Any]:
    record = msgspec.defstruct(
        "Record", [(name, str) for name in names], forbid_unknown_fields=strict, gc=False
    )
    return msgspec.json.Decoder(record)


WHOLE = _decoder("recordId", "occp_text", "tasks_text")
ID_ALONE = _decoder("recordId", strict=False)


def ends_by_numpy(batch: bytes) -> tuple[bool, int]:
    """Whether each line ends with a brace, and the length of the longest."""
    seen = np.frombuffer(batch, np.uint8)
    ends = np.flatnonzero(seen == NEWLINE[0])
    return bool((seen[ends - 1] == CLOSING).all()), int(np.diff(ends, prepend=-1).max())


def steps() -> dict[str, Step]:
    """Each takes a batch of whole lines. What must be made before it is part of it."""

    def split(batch: bytes) -> list[bytes]:
        return batch[:-1].split(NEWLINE)

    def digest(batch: bytes) -> object:
        return SequenceDigest().extended(map(ID, WHOLE.decode_lines(batch)))

    return {
        "json.loads a line": lambda batch: list(map(json.loads, split(batch))),
        "taken: lines cut": split,
        "taken: cut, each line decoded": lambda batch: list(map(WHOLE.decode, split(batch))),
        "taken: SHA-256": lambda batch: hashlib.sha256(batch).digest(),
        "batch decoded at once": WHOLE.decode_lines,
        "  and the digest of the ids": digest,
        "batch decoded, recordId alone": ID_ALONE.decode_lines,
        "newlines counted": lambda batch: batch.count(NEWLINE),
        "seams of lines counted": lambda batch: batch.count(SEAM),
        "numpy: line ends and lengths": ends_by_numpy,
        "regular expression": AS_PYTHON_WRITES_IT.findall,
        "CRC-32": zlib.crc32,
    }


def batches(content: bytes) -> list[bytes]:
    """Whole lines, about `BATCH_BYTES` of them each."""
    found, start = [], 0
    while start < len(content):
        end = content.rfind(NEWLINE, start, start + BATCH_BYTES) + 1
        found.append(content[start:end])
        start = end
    return found


def seconds(step: Step, parts: Sequence[bytes]) -> float:
    """Of this thread."""
    begun = time.thread_time()
    for part in parts:
        step(part)
    return time.thread_time() - begun


def main(megabytes: int = 64, rounds: int = 5) -> None:
    with TemporaryDirectory() as folder:
        sample = Path(folder) / "sample.jsonl"
        write_sample(sample, megabytes * 1_000_000)
        parts = batches(sample.read_bytes())
    size = sum(map(len, parts))
    best = {
        name: min(seconds(step, parts) for _ in range(rounds)) for name, step in steps().items()
    }
    naive = best["json.loads a line"]
    print(f"{'':32}{'s/GB':>6}{'ratio':>8}")
    for name, taken in best.items():
        print(f"{name:32}{taken / size * 1e9:6.2f}{naive / taken:8.1f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
