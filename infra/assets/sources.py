"""Which of the project's own files go into an asset."""

from collections.abc import Iterator
from pathlib import Path

from infra.project_files import LAMBDAS

SHARED_PACKAGES = ("protocol", "shared")


def source_files(package: str) -> Iterator[tuple[str, Path]]:
    """The files of the handlers' package and of what both packages use.

    Returns pairs of (place in the asset, file), in order of place.
    """
    for root in sorted({*SHARED_PACKAGES, package}):
        for path in sorted((LAMBDAS / root).rglob("*.py")):
            yield path.relative_to(LAMBDAS).as_posix(), path


def requirements_file(package: str) -> Path:
    """The pinned dependencies of a package."""
    return LAMBDAS / package / "requirements.txt"
