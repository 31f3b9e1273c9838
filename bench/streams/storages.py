"""The storages of one measurement: what they hold, where they answer, and what was written.

The drop bucket and the service's storage are read from nginx, and uploads go to it, where there
is an nginx; the results bucket is `bench.streams.endpoint`, for every competitor. Without nginx the
endpoint stands for all of them.
"""

import hashlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import urllib3

from bench.streams.endpoint import UPLOADS
from bench.streams.nginx import INCOMING, configuration
from infra.project_files import PROJECT
from localcloud.certificate import Certificate, make_certificate
from localcloud.processes import stop_group

DROPS, SERVICE, RESULTS = "drops", "service", "results"
"""Buckets, which are folders."""
UPLOAD_KEY, RESULT_KEY = "upload.jsonl", "output.jsonl"
GUARD = PROJECT / "localcloud" / "guard.py"
START_SECONDS = 10.0  # ours
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Storages:
    """Where a competitor reads and writes."""

    directory: Path
    read_url: str
    """Of nginx, or of the endpoint that stands for it."""
    write_url: str
    """Of the endpoint."""
    ca_bundle: Path | None
    """Trusted certificates where the addresses are https."""

    @property
    def upload_url(self) -> str:
        """Stands for the presigned PUT."""
        return f"{self.read_url}/{INCOMING}/{UPLOAD_KEY}"

    def download_url(self, name: str) -> str:
        """Stands for the presigned GET of a file of the service."""
        return f"{self.read_url}/{SERVICE}/{name}"

    def etag(self, bucket: str, name: str) -> str:
        """Of an object, without quotes."""
        pool = urllib3.PoolManager(ca_certs=None if self.ca_bundle is None else str(self.ca_bundle))
        answer = pool.request("HEAD", f"{self.read_url}/{bucket}/{name}")
        return answer.headers["ETag"].strip('"')

    def uploaded(self) -> list[Path]:
        """The files that hold what was uploaded."""
        return sorted(path for path in (self.directory / INCOMING).rglob("*") if path.is_file())

    def copied(self) -> list[Path]:
        """The files that hold, in this order, what was written to the results bucket."""
        parts = self.directory / UPLOADS / RESULTS
        found = sorted(path for path in parts.rglob("*") if path.is_file())
        whole = self.directory / RESULTS / RESULT_KEY
        return [*found, whole] if whole.is_file() else found

    def forget(self) -> None:
        """Removes what competitors wrote."""
        for path in (*self.uploaded(), *self.copied()):
            path.unlink()


def digest_of(files: Sequence[Path]) -> str:
    """Of the bytes of all files, one after the other."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest()


@contextmanager
def storages(
    directory: Path, *, nginx: str | None, tls: bool, cores: Sequence[int]
) -> Iterator[Storages]:
    """Starts the servers on free ports of loopback, and ends them with the block.

    `nginx` is the program; without one the endpoint stands for it. The servers use `cores`; all
    where that is empty.
    """
    for name in (DROPS, SERVICE, RESULTS, INCOMING):
        (directory / name).mkdir(parents=True, exist_ok=True)
    made = make_certificate(directory, now=datetime.now(UTC)) if tls else None
    with ExitStack() as stack:
        write_url = stack.enter_context(_endpoint(directory, made, cores))
        read_url = write_url
        if nginx is not None:
            read_url = stack.enter_context(_nginx(directory, nginx, made, cores))
        yield Storages(directory, read_url, write_url, made.bundle if made else None)


@contextmanager
def _endpoint(directory: Path, made: Certificate | None, cores: Sequence[int]) -> Iterator[str]:
    command = [sys.executable, "-m", "bench.streams.endpoint", str(directory)]
    if made is not None:
        command += ["--certificate", str(made.certificate), "--key", str(made.key)]
    with _server(command, directory / "endpoint.log", cores) as process:
        line = process.stdout.readline() if process.stdout else b""
        if not line.strip().isdigit():
            said = (directory / "endpoint.log").read_text()
            raise RuntimeError(f"the endpoint did not start:\n{said}")
        yield f"{'https' if made else 'http'}://127.0.0.1:{int(line)}"


@contextmanager
def _nginx(
    directory: Path, program: str, made: Certificate | None, cores: Sequence[int]
) -> Iterator[str]:
    port, inner_port = _free_ports(2)
    file = directory / "nginx.conf"
    file.write_text(
        configuration(
            directory,
            port=port,
            inner_port=inner_port,
            certificate=made.certificate if made else None,
            key=made.key if made else None,
        )
    )
    command = [program, "-p", str(directory), "-c", str(file), "-e", str(directory / "nginx.log")]
    with _server(command, directory / "nginx-out.log", cores):
        url = f"{'https' if made else 'http'}://127.0.0.1:{port}"
        _wait_for(url, directory / "nginx.log")
        yield url


@contextmanager
def _server(
    command: list[str], log: Path, cores: Sequence[int]
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a server on some cores; it ends with the block, or with this process however that
    ends: then the guard's input closes."""
    pinned = ["taskset", "--cpu-list", ",".join(map(str, cores))] if cores else []
    if shutil.which("taskset") is None:
        pinned = []
    with log.open("wb") as kept:
        process = subprocess.Popen(
            [*pinned, sys.executable, str(GUARD), *command],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=kept,
            start_new_session=True,
        )
    with process:
        try:
            yield process
        finally:
            stop_group(process.pid)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        listening = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [each.getsockname()[1] for each in listening]


def _wait_for(url: str, log: Path) -> None:
    parts = urlsplit(url)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection((parts.hostname or "", parts.port or 0)).close()
        except OSError:
            if time.monotonic() > deadline:
                said = log.read_text() if log.exists() else "nothing"
                raise RuntimeError(f"nginx did not start; {log} says:\n{said}") from None
            time.sleep(0.05)
        else:
            return
