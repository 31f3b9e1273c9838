"""How fast, and in how much memory, a large CSV is prepared and given back, over S3's own client.

    PYTHONPATH=lambdas python -m bench.tables.storage [--megabytes MB]

The storage is `bench.streams.endpoint` on loopback. Each step is a process of its own on one core;
rates are by its processor time, with its start and imports.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.report.runs import MEASURED, core_shares
from bench.tables.sample_csv import write_csv
from bench.tables.storage_worker import TablePlaces
from infra.project_files import LAMBDAS, PROJECT
from localcloud.processes import stop_group

BUCKET, TABLE, INPUT, OUTPUT = "bench", "sample.csv", "input.jsonl", "output.jsonl"
MOST_MIB = 256  # of a function of 512 MB, say, half; ours
RECORD_ID = re.compile(rb'\{"recordId":("(?:[^"\\]|\\.)*")')
RESULT = (
    b'"result": {"codeCategory": "254499", "codeLabel": "Nurses nec", "codeConfidence": 0.9123}'
)
ENVIRONMENT = {
    "PYTHONPATH": f"{PROJECT}:{LAMBDAS}",
    "PYTHONDONTWRITEBYTECODE": "1",
    "AWS_DEFAULT_REGION": "ap-southeast-2",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "POWERTOOLS_TRACE_DISABLED": "true",
}


@contextmanager
def endpoint(folder: Path) -> Iterator[str]:
    """The address of a storage that holds `folder`, until the context ends."""
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.streams.endpoint", str(folder)],
        cwd=PROJECT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        if server.stdout is None:
            raise AssertionError("the server's output is a pipe")
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
    finally:
        stop_group(server.pid)
        server.communicate()


def measured(step: str, places: TablePlaces) -> tuple[float, float]:
    """Processor seconds and peak MiB of a step."""
    described = json.dumps({name: getattr(places, name) for name in places.__slots__})
    command = [sys.executable, "-m", "bench.tables.storage_worker", step, described]
    mine, _ = core_shares()
    done = subprocess.run(
        [sys.executable, "-I", "-S", MEASURED, json.dumps({"commands": [command], "cores": mine})],
        env=ENVIRONMENT,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{step} failed:\n{done.stderr[-2_000:]}")
    (taken,) = json.loads(done.stdout)["processes"]
    return taken["cpu_seconds"], taken["peak_bytes"] / 2**20


def write_output(folder: Path) -> None:
    """What a service could have said of the prepared lines: the same for each."""
    uploads = next(folder.glob(f"**/{INPUT}"))
    parts = sorted(uploads.iterdir()) if uploads.is_dir() else [uploads]
    with (folder / BUCKET / OUTPUT).open("wb") as output:
        for part in parts:
            with part.open("rb") as lines:
                output.writelines(map(_coded, lines))
            part.unlink()


def _coded(line: bytes) -> bytes:
    found = RECORD_ID.match(line)
    if found is None:
        raise SystemExit(f"a prepared line has no recordId: {line[:80]!r}")
    return b'{"recordId": ' + found[1] + b", " + RESULT + b"}\n"


def main(arguments: Sequence[str]) -> int:
    """0, or 1 where a step took more memory than it may."""
    parser = argparse.ArgumentParser(prog="python -m bench.tables.storage", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=200)
    chosen = parser.parse_args(arguments)
    most = 0.0
    with TemporaryDirectory(prefix="dropcoder-bench-") as name:
        folder = Path(name)
        (folder / BUCKET).mkdir()
        rows = write_csv(folder / BUCKET / TABLE, chosen.megabytes * 1_000_000)
        size = (folder / BUCKET / TABLE).stat().st_size
        print(f"{size / 1e6:,.0f} MB, {rows:,} rows", flush=True)
        with endpoint(folder) as url:
            places = TablePlaces(url, BUCKET, TABLE, OUTPUT, str(folder / "plan.json"))
            for step in ("prepare", "join"):
                seconds, mib = measured(step, places)
                most = max(most, mib)
                print(f"{step:8} {size / seconds / 1e6:6.1f} MB/s, peak {mib:4.0f} MiB", flush=True)
                if step == "prepare":
                    write_output(folder)
    return 0 if most <= MOST_MIB else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
