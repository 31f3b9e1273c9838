"""The work on a data source: what is there, how much of it, and whether the schema fits."""

from collections.abc import Callable
from dataclasses import dataclass

from coding_service.amazon_ml.entities import DataSource
from coding_service.amazon_ml.s3_uris import Location
from coding_service.amazon_ml.schema import Schema
from coding_service.amazon_ml.table import Store
from coding_service.amazon_ml.work.data_files import UserData
from coding_service.amazon_ml.work.state import Clock, EntityRef


@dataclass(frozen=True, slots=True)
class Inspection:
    """Brings a data source from PENDING to COMPLETED."""

    store: Store
    data: UserData
    clock: Clock
    spent_ms: Callable[[], int]
    """Processor time of this process, in milliseconds."""

    def run(self, ref: EntityRef) -> None:
        """Raises leaves of `WorkRefused`, `AwsBusy`. May be repeated."""
        before = self.spent_ms()
        source = ref.find(self.store, DataSource, now_ms=self.clock())
        if source is None or not self.store.begin(source, now_ms=self.clock()):
            return  # deleted meanwhile
        schema = Schema.parse(self._schema_text(source))
        files = self.data.files(Location.of(source.location))
        for file in files:
            self.data.check_header(file, schema)
        self.store.complete(
            source,
            now_ms=self.clock(),
            file_count=len(files),
            data_bytes=sum(file.size for file in files),
            compute_ms=self.spent_ms() - before,
        )

    def _schema_text(self, source: DataSource) -> str:
        if source.schema_location is None:
            return self.store.schema(source) or ""
        text = self.data.schema_text(Location.of(source.schema_location))
        self.store.note_schema(source, text)
        return text
