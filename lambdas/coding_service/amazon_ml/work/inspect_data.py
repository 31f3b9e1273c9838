"""The work on a data source: what is there, how much of it, and whether the schema fits."""

from collections.abc import Mapping
from typing import Any

from coding_service.amazon_ml.entities import DataSource
from coding_service.amazon_ml.s3_uris import Location
from coding_service.amazon_ml.schema import Schema
from coding_service.amazon_ml.work.step import WorkDependencies


def inspect_data(deps: WorkDependencies, state: Mapping[str, Any]) -> None:
    """Brings a data source from PENDING to COMPLETED. May be repeated.

    Raises leaves of `WorkRefused`, `AwsBusy`.
    """
    before = deps.spent_ms()
    source = deps.find(DataSource, state)
    if source is None or not deps.store.begin(source, now_ms=deps.now_ms()):
        return  # deleted meanwhile
    schema = Schema.parse(_schema_text(deps, source))
    files = deps.data.files(Location.of(source.location))
    for file in files:
        deps.data.check_header(file, schema)
    deps.store.complete(
        source,
        now_ms=deps.now_ms(),
        file_count=len(files),
        data_bytes=sum(file.size for file in files),
        compute_ms=deps.spent_ms() - before,
    )


def _schema_text(deps: WorkDependencies, source: DataSource) -> str:
    if source.schema_location is None:
        return deps.store.schema(source) or ""
    text = deps.data.schema_text(Location.of(source.schema_location))
    deps.store.note_schema(source, text)
    return text
