"""Cold starts are measured of every function."""

import sys
from pathlib import Path

import pytest

from bench.cold_start import FUNCTIONS, PACKAGE_OF, VARIABLES, start
from infra.project_files import LAMBDAS


def should_measure_every_function_when_a_package_has_handlers() -> None:
    handlers = {
        package: {
            ".".join(path.relative_to(LAMBDAS / package).with_suffix("").parts)
            for path in (LAMBDAS / package).rglob("*.py")
            if "\ndef handler(" in path.read_text("utf-8")
        }
        for package in ("pipeline", "coding_service")
    }
    measured: dict[str, set[str]] = {}
    for asset, functions in FUNCTIONS.items():
        measured.setdefault(PACKAGE_OF.get(asset, asset), set()).update(functions)
    assert measured == handlers


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asset", "module"),
    [(asset, module) for asset, modules in FUNCTIONS.items() for module in modules],
)
def should_start_each_function_with_what_its_stack_sets(
    tmp_path: Path, asset: str, module: str
) -> None:
    imported, ready, cpu = start(
        LAMBDAS,
        asset,
        module,
        python=Path(sys.executable),
        variables=VARIABLES | {"MODELS_DIR": str(tmp_path)},
    )
    assert 0 < imported <= ready
    assert cpu > 0
