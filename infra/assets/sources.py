"""Which of the project's own files go into an asset: packages, pinned requirements, codelists."""

from collections.abc import Iterator
from pathlib import Path

from infra.assets.errors import AssetError
from infra.project_files import LAMBDAS, PROJECT
from infra.settings.settings import Settings

CODELIST = "codes.csv"
KINDS = ("py", "html", "css", "js")
"""The modules, and the parts of the review page, which lie beside the module that joins them."""
SHARED_PACKAGES = ("protocol", "shared")
# An asset is named after its package; that of `tables` has Pipeline too, whose functions use it.
WITH_PACKAGES = {"tables": ("pipeline",)}


def source_files(package: str) -> Iterator[tuple[str, Path]]:
    """The files of the handlers' package and of what both packages use.

    Returns pairs of (place in the asset, file), in order of place.
    """
    for root in sorted({*SHARED_PACKAGES, *WITH_PACKAGES.get(package, ()), package}):
        paths = (path for kind in KINDS for path in (LAMBDAS / root).rglob(f"*.{kind}"))
        for path in sorted(paths):
            yield path.relative_to(LAMBDAS).as_posix(), path


def requirements_file(package: str) -> Path:
    """The pinned dependencies of a package."""
    return LAMBDAS / package / "requirements.txt"


def codelist_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """The codelists as (place in the asset, file), in order of place.

    Raises `AssetError` if a topic of Amazon ML has none; others may go without.
    """
    folder = PROJECT / settings.codelists
    needed = set(settings.topics_of("amazon-ml"))
    for topic in sorted(needed | {path.parent.name for path in folder.glob(f"*/{CODELIST}")}):
        path = folder / topic / CODELIST
        if not path.is_file():
            raise AssetError(
                f"{path} is not there: Amazon ML gives scores for classes, and this file (a CSV of"
                " code, label and parent) makes codes of them. Write it, or set codelists."
            )
        yield f"codelists/{topic}.csv", path
