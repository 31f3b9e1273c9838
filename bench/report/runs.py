"""Runs competitors, each in processes of its own, and checks what they delivered."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.streams.competitors import Competitor, Name, Side
from bench.streams.storages import Storages, digest_of
from infra.project_files import PROJECT
from localcloud.processes import stop_group

MEASURED = PROJECT / "bench" / "report" / "measured.py"
MAX_SHOWN_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one competitor took for one file; of several runs the fastest."""

    side: Side
    name: Name
    file_bytes: int
    seconds: float
    """From the start of the first process to the end of the last: imports are in it."""
    cpu_seconds: float
    """Of all its processes and their children."""
    peak_bytes: int
    """Resident; of the processes of a pipe, the sum."""

    @property
    def rate(self) -> float:
        """MB (10^6 bytes) a second."""
        return self.file_bytes / self.seconds / 1e6


class Undelivered(Exception):
    """A competitor failed, or its bytes are not the file's."""


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs competitors on `cores`; on all where that is empty."""

    storages: Storages
    environment: Mapping[str, str]
    cores: Sequence[int]
    tries: int

    def fastest(self, competitor: Competitor, file: Path) -> Measurement:
        """Raises `Undelivered`."""
        return min(self._runs(competitor, file), key=lambda run: run.seconds)

    def _runs(self, competitor: Competitor, file: Path) -> Iterator[Measurement]:
        wanted = digest_of([file])
        for _ in range(self.tries):
            self.storages.forget()
            try:
                yield self._run(competitor, file)
                self._check(competitor, wanted)
            finally:
                self.storages.forget()

    def _run(self, competitor: Competitor, file: Path) -> Measurement:
        spec = json.dumps({"commands": competitor.commands, "cores": list(self.cores)})
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(MEASURED), spec],
            env={**self.environment, "RCLONE_CONFIG_BENCH_ENDPOINT": self._endpoint(competitor)},
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            printed, said = process.communicate()
        finally:
            stop_group(process.pid)  # where this was interrupted, competitors still run
        if process.returncode:
            raise Undelivered(
                f"{competitor.side} by {competitor.name} failed:\n"
                f"{said.strip()[-MAX_SHOWN_CHARACTERS:]}"
            )
        taken = json.loads(printed)
        return Measurement(
            side=competitor.side,
            name=competitor.name,
            file_bytes=file.stat().st_size,
            seconds=taken["seconds"],
            cpu_seconds=sum(each["cpu_seconds"] for each in taken["processes"]),
            peak_bytes=sum(each["peak_bytes"] for each in taken["processes"]),
        )

    def _endpoint(self, competitor: Competitor) -> str:
        submit = competitor.side is Side.SUBMIT
        return self.storages.read_url if submit else self.storages.write_url

    def _check(self, competitor: Competitor, wanted: str) -> None:
        submit = competitor.side is Side.SUBMIT
        delivered = self.storages.uploaded() if submit else self.storages.copied()
        if digest_of(delivered) != wanted:
            sizes = [path.stat().st_size for path in delivered]
            raise Undelivered(
                f"{competitor.side} by {competitor.name} delivered other bytes than the file's: "
                f"{sum(sizes)} bytes in {len(sizes)} files"
            )


def core_shares() -> tuple[list[int], list[int]]:
    """A core for the competitor, and the others for the storages; where there is one, for both."""
    cores = sorted(os.sched_getaffinity(0))
    return (cores[:1], cores[1:]) if len(cores) > 1 else ([], [])
