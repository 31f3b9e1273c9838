"""The package, installed where nothing of the checkout is, codes the sample."""

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from infra.project_files import PROJECT

pytestmark = pytest.mark.slow
SOURCES = ("dropcoder", "erasure", "training", "infra", "simulation", "topics", "lambdas")
FILES = ("pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the built wheel, and its command; libraries are those of this one."""
    root = tmp_path_factory.mktemp("installed")
    for name in SOURCES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / name, root / "sources" / name, ignore=ignored)
    for name in FILES:
        shutil.copy(PROJECT / name, root / "sources")
    built = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", "wheels", "sources"]
    checked(built, root)
    (wheel,) = (root / "wheels").glob("*.whl")
    venv.create(root / "venv", with_pip=True)
    (packages,) = (root / "venv").glob("lib/python*/site-packages")
    own = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    (packages / "libraries.pth").write_text(f"{own}\n")
    python = root / "venv" / "bin" / "python"
    checked([str(python), "-m", "pip", "install", "--quiet", "--no-index", str(wheel)], root)
    return root / "venv" / "bin" / "dropcoder"


def checked(command: list[str], where: Path, **more: str) -> str:
    """What the command prints; nothing of this checkout is on its path."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PWD")
    }
    done = subprocess.run(
        command, cwd=where, env=environment | more, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def should_code_the_sample_when_installed_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    shutil.copy(PROJECT / "samples" / "survey.csv", tmp_path)
    caches = {"XDG_CACHE_HOME": str(tmp_path / "caches")}
    said = checked([str(installed), "code", "survey.csv", "--json"], tmp_path, **caches)
    assert sum(json.loads(said)["rows"].values()) == 50
    assert (tmp_path / "survey-coded" / "results.csv").is_file()
    assert list((tmp_path / "caches" / "dropcoder" / "models" / "anzsco").iterdir())
    planned = checked([str(installed), "plan", "survey.csv", "--json"], tmp_path, **caches)
    assert json.loads(planned)["review"]["coverage"] is not None
    assert "dropcoder, version" in checked([str(installed), "--version"], tmp_path)


def should_code_a_thousand_rows_in_ten_seconds_once_it_is_trained(
    installed: Path, tmp_path: Path
) -> None:
    head, *rows = (PROJECT / "samples" / "survey.csv").read_text("utf-8").splitlines(True)
    (tmp_path / "survey.csv").write_text(head + "".join(rows * 20), encoding="utf-8")
    caches = {"XDG_CACHE_HOME": str(tmp_path / "caches")}
    checked([str(installed), "code", "survey.csv"], tmp_path, **caches)
    said = checked([str(installed), "code", "survey.csv", "--force", "--json"], tmp_path, **caches)
    document = json.loads(said)
    assert sum(document["rows"].values()) == 1_000
    assert document["seconds"] < 10
