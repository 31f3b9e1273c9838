"""Cold starts are measured of every function."""

from bench.cold_start import FUNCTIONS
from infra.places import LAMBDAS


def should_measure_every_function_when_a_package_has_handlers() -> None:
    handlers = {
        package: {
            path.stem
            for path in (LAMBDAS / package).glob("*.py")
            if "\ndef handler(" in path.read_text("utf-8")
        }
        for package in ("pipeline", "coding_service")
    }
    assert {package: set(functions) for package, functions in FUNCTIONS.items()} == handlers
