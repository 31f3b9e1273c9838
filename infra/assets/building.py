"""Builds one asset, or leaves it as it is when nothing that goes into it has changed."""

import fcntl
import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.assets.bytecode import TASK_ROOT, compile_beforehand, compiler_for
from infra.assets.dependencies import install, pinned
from infra.assets.errors import AssetError
from infra.assets.fitting import misfits
from infra.assets.models import ensure_models, model_files
from infra.assets.sources import codelist_files, requirements_file, source_files
from infra.assets.targets import Target, target_of
from infra.project_files import PROJECT
from infra.settings.settings import Settings

CODING_SERVICE = "coding_service"
PIPELINE = "pipeline"
TABLES = "tables"
"""Pipeline with the package `tables` and the large libraries that it loads."""
PACKAGES = (PIPELINE, TABLES, CODING_SERVICE)
# The runtime environment of the local cloud: what Lambda's has, and nothing else.
LAMBDA_PYTHON = PROJECT / ".venv-lambda" / "bin" / "python"
BOOTSTRAP = """#!/bin/sh
# Runs a handler under the genuine Lambda Runtime API.
python="{python}"
if [ ! -x "$python" ]; then
  echo "$python is missing: make it with 'make .venv-lambda'" >&2
  exit 1
fi
cd "$LAMBDA_TASK_ROOT" || exit 1
export PYTHONPATH="$LAMBDA_TASK_ROOT" PYTHONDONTWRITEBYTECODE=1
exec "$python" -m awslambdaric "$_HANDLER"
"""
# How the folder is made; a change here makes every asset anew.
RECIPE = "2"


Installer = Callable[[str, Path, Target], None]


def build(
    package: str,
    settings: Settings,
    *,
    say: Callable[[str], None],
    python: Path = LAMBDA_PYTHON,
    installer: Installer = install,
) -> Path:
    """Builds the asset of a package for the target of the settings, unless it is up to date.

    `say` gets a line for each step; `python` is what the local cloud's bootstrap runs handlers
    with; `installer` puts pinned requirements into a folder for a target. Returns the asset's
    folder. Raises `AssetError` if it cannot be built; nothing half built is left behind.
    """
    started = time.monotonic()
    target = target_of(settings)
    root = PROJECT / settings.assets
    root.mkdir(parents=True, exist_ok=True)
    folder, stamp = root / package, root / f"{package}.inputs"
    with _alone(root):
        files = dict(_own_files(package, settings, say))
        requirements = pinned(_read_requirements(package))
        bootstrap = BOOTSTRAP.format(python=python) if target.is_host else ""
        compiler = compiler_for(target)
        inputs = _digest(files, requirements, bootstrap, repr(target), f"compiler: {compiler}")
        if folder.is_dir() and stamp.is_file() and stamp.read_text("utf-8") == inputs:
            say(f"{package}: up to date for {target.name}")
            return folder
        say(f"{package}: building for {target.name}")
        stamp.unlink(missing_ok=True)
        partial = folder.with_name(f".{package}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        installer(requirements, partial, target)
        _add(partial, files, bootstrap)
        if found := misfits(partial, target):
            raise AssetError(f"files that {target.name} cannot load:\n" + "\n".join(found))
        if compiler is None:
            say(
                f"{package}: cold starts will compile: no python{target.python} on the PATH does it"
            )
        else:
            task_root = str(folder) if target.is_host else TASK_ROOT
            compile_beforehand(partial, python=compiler, task_root=task_root)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
        stamp.write_text(inputs, "utf-8")
    say(f"{package}: built in {time.monotonic() - started:.1f} s")
    return folder


def _own_files(
    package: str, settings: Settings, say: Callable[[str], None]
) -> Iterator[tuple[str, Path]]:
    yield from source_files(package)
    if package == CODING_SERVICE:
        models = PROJECT / settings.models_dir
        ensure_models(models, say)
        yield from model_files(models)
    if package in (PIPELINE, TABLES):
        yield from codelist_files(settings)


def _read_requirements(package: str) -> str:
    path = requirements_file(package)
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise AssetError(f"{path}: {error.strerror}: run `make pins`") from error


def _add(folder: Path, files: dict[str, Path], bootstrap: str) -> None:
    for place, path in files.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / place)
    if bootstrap:
        (folder / "bootstrap").write_text(bootstrap, "utf-8")
        (folder / "bootstrap").chmod(0o755)


def _digest(files: dict[str, Path], *texts: str) -> str:
    digest = hashlib.sha256(RECIPE.encode())
    for text in texts:
        digest.update(b"\0" + text.encode())
    for place, path in files.items():
        digest.update(f"\0{place}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keeps a second build of the same folder waiting; ends with the process at the latest."""
    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
