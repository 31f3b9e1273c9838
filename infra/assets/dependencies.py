"""Puts a package's pinned dependencies into an asset, as wheels for its target."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.assets.errors import AssetError
from infra.assets.targets import Target

# The runtime brings boto3 and what must match it exactly; a second copy in the asset would
# shadow one half of the pair (AWS Lambda developer guide, "Working with Python runtimes").
PROVIDED_BY_RUNTIME = frozenset({"boto3", "botocore", "s3transfer"})
# What stays of *.dist-info: the version for importlib.metadata, the wheel's tags, licences.
# The rest names this machine or is of use to pip alone.
KEPT_METADATA = ("METADATA", "WHEEL", "LICEN*", "NOTICE*", "licenses/**/*")
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^\]]*\])?==")
MAX_SHOWN_CHARACTERS = 2_000


def pinned(requirements: str) -> str:
    """The requirements without those that the Lambda runtime provides.

    `requirements` is the text of a file compiled with hashes.
    """
    kept: list[str] = []
    wanted = True
    for line in requirements.splitlines():
        if pin := PIN.match(line):
            wanted = pin["name"].lower().replace("_", "-") not in PROVIDED_BY_RUNTIME
        if wanted:
            kept.append(line)
    return "\n".join(kept) + "\n"


def install(requirements: str, folder: Path, target: Target) -> None:
    """Installs pinned wheels into `folder`: hashes checked, nothing compiled, nothing run.

    Raises `AssetError` if a wheel for the target cannot be had.
    """
    with tempfile.TemporaryDirectory(prefix="dropcoder-assets-") as scratch:
        file = Path(scratch) / "requirements.txt"
        file.write_text(requirements, "utf-8")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input"]
        command += ["--disable-pip-version-check", "--require-hashes", "--no-deps"]
        command += ["--only-binary=:all:", "--no-compile", "--target", str(folder)]
        command += [*target.pip_options, "--requirement", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssetError(
            f"pip could not fetch wheels for {target.name}:\n"
            f"{done.stderr.strip()[-MAX_SHOWN_CHARACTERS:]}\n"
            "Check the connection to the package registry, or pin a version that has such a"
            " wheel in lambdas/*/requirements.in and run `make pins`."
        )
    tidy(folder)


def tidy(folder: Path) -> None:
    """Leaves only what runs, so that the same inputs give the same asset anywhere."""
    shutil.rmtree(folder / "bin", ignore_errors=True)  # scripts that name this machine's Python
    for cache in sorted(folder.rglob("__pycache__")):
        shutil.rmtree(cache)
    for metadata in sorted(folder.glob("*.dist-info")):
        kept = {path for pattern in KEPT_METADATA for path in metadata.glob(pattern)}
        for path in sorted(metadata.rglob("*"), reverse=True):
            if path.is_file() and path not in kept:
                path.unlink()
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()
