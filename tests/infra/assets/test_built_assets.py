"""The assets as they are deployed: built with the pinned wheels, and imported on their own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.assets import build, misfits, target_of
from infra.assets.building import LAMBDA_PYTHON, PACKAGES
from infra.assets.sources import WITH_PACKAGES
from infra.settings.readers import Architecture
from infra.settings.settings import Settings

pytestmark = pytest.mark.cloud

# Lambda takes at most 250 MB unpacked (Lambda quotas).
MAX_UNPACKED_BYTES = 250 * 1024**2
# Imports every module of the asset with nothing beside it but the runtime's own packages.
IMPORT_ALL = """
import importlib, pathlib, sys
NEED_TABLES = (
    *("pipeline.prepare", "pipeline.finish"),
    *("pipeline.storage.prepared_table", "pipeline.storage.dictionaries"),
)
asset, runtime = sys.argv[1:3]
sys.path[:0] = [asset]
sys.path.append(runtime)
for package in sys.argv[3:]:
    for path in sorted(pathlib.Path(asset, package).rglob("*.py")):
        parts = path.relative_to(asset).with_suffix("").parts
        module = ".".join(part for part in parts if part != "__init__")
        if "tables" in sys.argv[3:] or not module.startswith(NEED_TABLES):
            importlib.import_module(module)
foreign = [
    module.__file__
    for module in list(sys.modules.values())
    if "site-packages" in (getattr(module, "__file__", None) or "")
    and not module.__file__.startswith((asset, runtime))
]
assert not foreign, foreign
"""


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Settings], Path]:
    """Builds an asset once for each sort of target."""
    root = tmp_path_factory.mktemp("assets")

    def build_one(package: str, settings: Settings) -> Path:
        folder = root / ("local" if settings.local_cloud else settings.architecture)
        chosen = Settings(
            assets=str(folder),
            architecture=settings.architecture,
            local_cloud=settings.local_cloud,
        )
        return build(package, chosen, say=lambda line: print(line, file=sys.stderr))

    return build_one


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
@pytest.mark.parametrize("package", PACKAGES)
def should_hold_only_files_for_the_lambda_runtime(
    built: Callable[[str, Settings], Path], package: str, architecture: Architecture
) -> None:
    settings = Settings(architecture=architecture)
    folder = built(package, settings)
    assert misfits(folder, target_of(settings)) == []
    assert list(folder.rglob("*.so*")), "no compiled file at all: the check would prove nothing"
    other = Settings(architecture="x86_64" if architecture == "arm64" else "arm64")
    assert misfits(folder, target_of(other)) != []
    foreign = {path for path in folder.rglob("*.pyc") if ".cpython-314." not in path.name}
    assert not foreign, "bytecode of a Python that the runtime is not"
    assert sum(path.stat().st_size for path in folder.rglob("*")) < MAX_UNPACKED_BYTES


@pytest.mark.parametrize("package", PACKAGES)
def should_import_every_module_from_the_asset_alone(
    built: Callable[[str, Settings], Path], package: str
) -> None:
    if not LAMBDA_PYTHON.exists():
        pytest.skip(f"{LAMBDA_PYTHON} is missing: make it with `make .venv-lambda/.installed`")
    folder = built(package, Settings(local_cloud="https://localhost:4566"))
    (runtime,) = LAMBDA_PYTHON.parents[1].glob("lib/python3.*/site-packages")
    done = subprocess.run(
        [
            *(str(LAMBDA_PYTHON), "-I", "-S", "-B", "-c", IMPORT_ALL),
            *(str(folder), str(runtime), "protocol", "shared", package),
            *WITH_PACKAGES.get(package, ()),
        ],
        env={"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "ap-southeast-2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("package", PACKAGES)
def should_be_the_same_when_it_is_built_again(
    built: Callable[[str, Settings], Path], tmp_path: Path, package: str
) -> None:
    def content(folder: Path) -> dict[str, bytes]:
        files = (path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    once = built(package, Settings())
    again = build(
        package, Settings(assets=str(tmp_path)), say=lambda line: print(line, file=sys.stderr)
    )
    assert content(once) == content(again)


def should_hold_the_trained_models(built: Callable[[str, Settings], Path]) -> None:
    folder = built("coding_service", Settings())
    assert list(folder.glob("models/*/*/*"))
