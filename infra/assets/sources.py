"""Which of the project's own files go into an asset."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from infra.places import LAMBDAS

SHARED_PACKAGE = "protocol"
# What trains, measures and reads topics runs where models are made, never in a function; it
# needs packages that the asset does not have. A test imports every file that stays.
MADE_BEFOREHAND = {
    "coding_service": (
        "coding_service/coder/__main__.py",
        "coding_service/coder/command_line.py",
        "coding_service/coder/evaluation.py",
        "coding_service/coder/fitting.py",
        "coding_service/coder/learning_terms.py",
        "coding_service/coder/plot.py",
        "coding_service/coder/report.py",
        "coding_service/coder/topic_*.py",
        "coding_service/coder/training*.py",
        "coding_service/publishing.py",
    )
}


def source_files(package: str) -> Iterator[tuple[str, Path]]:
    """The files of the handlers' package and of `protocol`.

    :returns: pairs of (place in the asset, file), in order of place.
    """
    left_out = MADE_BEFOREHAND.get(package, ())
    for root in sorted({SHARED_PACKAGE, package}):
        for path in sorted((LAMBDAS / root).rglob("*.py")):
            place = path.relative_to(LAMBDAS).as_posix()
            if not any(fnmatch(place, pattern) for pattern in left_out):
                yield place, path


def requirements_file(package: str) -> Path:
    """The pinned dependencies of a package."""
    return LAMBDAS / package / "requirements.txt"
