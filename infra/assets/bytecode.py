"""Compiles an asset's modules beforehand, so that cold starts don't.

Lambda's `/var/task` can't be written, so without bytecode in the asset every cold start compiles
each module that it imports, which about doubles the time of the import. Bytecode fits one version
of Python only, so it takes a Python of the target's version to make it.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from infra.assets.errors import AssetError
from infra.assets.targets import Target
from infra.settings.command_line import child_environment

TASK_ROOT = "/var/task"  # where Lambda unpacks an asset (AWS Lambda developer guide)
MAX_SHOWN_CHARACTERS = 2_000
THIS_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def compiler_for(target: Target) -> str | None:
    """A Python of the target's version: this one, or one on the PATH; None where there is none."""
    if target.python == THIS_VERSION:
        return sys.executable
    found = shutil.which(f"python{target.python}")
    if found is None:
        return None
    # A version manager may put a command on the PATH that only says what is not installed.
    works = subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0
    return found if works else None


def compile_beforehand(folder: Path, *, python: str, task_root: str = TASK_ROOT) -> None:
    """Puts the bytecode of every module below `folder` beside it.

    `python` is the interpreter that compiles, of the version that will run it; `task_root` is where
    the functions will find the folder, and tracebacks name it. Raises `AssetError` if a module
    can't be compiled.
    """
    # Unchecked: the asset's files never change, and an archive may alter their times. The fixed
    # seed orders sets among constants, so that the same sources give the same bytes.
    command = [python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    done = subprocess.run(
        [*command, "-s", str(folder), "-p", task_root, str(folder)],
        env=child_environment({"PYTHONHASHSEED": "0"}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        shown = (done.stdout + done.stderr).strip()[-MAX_SHOWN_CHARACTERS:]
        raise AssetError(f"{python} could not compile the asset's modules:\n{shown}")
