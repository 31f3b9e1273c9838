"""A drop's results, downloaded to this machine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from dropcoder.deployed.reach import Pipeline
from tables.report.files import REPORT

NAMED = ("table", "page", "review", "report", "output", "metadata", "manifest")
"""Names in the notification's `results`, as docs/schemas/notification.json has them."""
NUMBERS = "numbers"
FILES = (*NAMED, NUMBERS)


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A drop's results on this machine; None for what it does not have."""

    directory: Path
    table: Path | None = None
    page: Path | None = None
    review: Path | None = None
    """The page to review uncoded texts on."""
    report: Path | None = None
    """Why the drop was rejected."""
    output: Path | None = None
    metadata: Path | None = None
    manifest: Path | None = None
    numbers: Path | None = None
    """The report's, `report.json`: `merge` needs it beside the table."""

    def to_json(self) -> dict[str, str | None]:
        """For programs."""
        files = {name: getattr(self, name) for name in FILES}
        return {name: None if path is None else str(path) for name, path in files.items()}

    def in_place(self, directory: Path) -> "Downloaded":
        """The same files in another folder."""
        files: dict[str, Path | None] = {name: getattr(self, name) for name in FILES}
        moved = {n: None if path is None else directory / path.name for n, path in files.items()}
        return Downloaded(directory, **moved)


def download(
    pipeline: Pipeline,
    results: Mapping[str, Any],
    directory: Path,
    advance: Callable[[int], None] = lambda _: None,
) -> Downloaded:
    """Downloads what a notification's `results` name into a folder; tells the bytes.

    With a report's page come its numbers, which lie beside it and are not named.
    """
    keys = {name: results[name] for name in NAMED if results.get(name)}
    if "page" in keys:
        keys[NUMBERS] = f"{results['prefix']}{REPORT}"
    found: dict[str, Path] = {}
    for name, key in keys.items():
        found[name] = directory / PurePosixPath(key).name
        pipeline.clients.s3.download_file(
            results["bucket"], key, str(found[name]), Callback=advance
        )
    return Downloaded(directory, **found)
