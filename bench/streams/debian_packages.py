"""Programs of Debian that the measurements use, without installing anything.

A program on the PATH is taken. Otherwise its package is fetched with `apt-get download` and
unpacked below `build/bench/debian`, which needs no rights and starts no service.
"""

import os
import shutil
import subprocess
from pathlib import Path

from infra.project_files import PROJECT

UNPACKED = PROJECT / "build" / "bench" / "debian"
PLACES = ("usr/sbin", "usr/bin")


def program(name: str) -> str | None:
    """The path of `nginx` or `rclone`; None where there is neither it nor Debian's package."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *(str(UNPACKED / at) for at in PLACES)])
    found = shutil.which(name, path=path)
    return shutil.which(name, path=path) if found is None and _fetched(name) else found


def _fetched(package: str) -> bool:
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        return False
    UNPACKED.mkdir(parents=True, exist_ok=True)
    fetched = subprocess.run(
        ["apt-get", "download", "--quiet", package], cwd=UNPACKED, capture_output=True, check=False
    )
    archives = sorted(UNPACKED.glob(f"{package}_*.deb"))
    if fetched.returncode or not archives:
        return False
    subprocess.run(["dpkg", "-x", archives[-1].name, "."], cwd=UNPACKED, check=True)
    return True


def missing(name: str) -> str:
    """What to do where `program` found none."""
    return f"{name} is neither on the PATH nor to be had with apt-get; try: apt-get install {name}"


def version(path: str | Path, *arguments: str) -> str:
    """The first line of what a program says of itself."""
    said = subprocess.run([str(path), *arguments], capture_output=True, text=True, check=True)
    return (said.stdout or said.stderr).strip().splitlines()[0]
