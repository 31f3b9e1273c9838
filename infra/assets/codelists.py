"""The codelists that go into Pipeline's asset: of the topics that Amazon ML codes."""

from collections.abc import Iterator
from pathlib import Path

from infra.assets.errors import AssetError
from infra.project_files import PROJECT
from infra.settings.settings import Settings

CODELIST = "codes.csv"


def codelist_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """The codelists as (place in the asset, file), in order of place.

    Raises `AssetError` if a topic has none.
    """
    for topic in settings.topics_of("amazon-ml"):
        path = PROJECT / settings.codelists / topic / CODELIST
        if not path.is_file():
            raise AssetError(
                f"{path} is not there: Amazon ML gives scores for classes, and this file (a CSV of"
                " code, label and parent) makes codes of them. Write it, or set codelists."
            )
        yield f"codelists/{topic}.csv", path
