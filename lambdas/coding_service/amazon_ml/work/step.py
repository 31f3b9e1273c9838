"""What every step of the work is given, and the statuses that steps return."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from coding_service.amazon_ml.entities import BatchPrediction, DataSource
from coding_service.amazon_ml.prediction_log import Logs
from coding_service.amazon_ml.table import EntityT, Store
from coding_service.amazon_ml.work.data_files import UserData
from coding_service.amazon_ml.work.ranges import RANGE_BYTES, WorkFiles
from coding_service.models.registry import DeployedModels

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class WorkStage(StrEnum):
    """The status that a step returns; the state machine chooses the next state by it."""

    WAITING = "waiting"
    """The data source is not ready yet."""
    BEGUN = "begun"
    UNWANTED = "unwanted"
    """Deleted meanwhile: nothing more is to be done."""
    JOINING = "joining"
    """Files remain to be joined."""
    JOINED = "joined"
    FAILED = "failed"
    """Its `Message` says why; the service itself did its work."""
    BROKEN = "broken"
    """Failed for a reason that its owner cannot mend."""


@dataclass(frozen=True, slots=True)
class WorkDependencies:
    """The storage, models and clocks that the steps use."""

    store: Store
    s3: "S3Client"
    deployed: DeployedModels
    output_bucket: str
    """Holds what the service keeps while it works."""
    max_file_bytes: int
    """The most that one data file may have."""
    now_ms: Callable[[], int]
    """Milliseconds since the epoch."""
    spent_ms: Callable[[], int]
    """Processor time of this process, in milliseconds."""
    range_bytes: int = RANGE_BYTES

    @property
    def data(self) -> UserData:
        return UserData(self.s3, self.max_file_bytes)

    @property
    def files(self) -> WorkFiles:
        return WorkFiles(self.s3, self.output_bucket)

    @property
    def logs(self) -> Logs:
        return Logs(self.s3, self.output_bucket)

    def find(self, kind: type[EntityT], state: Mapping[str, Any]) -> EntityT | None:
        """The entity that a state names; None where it is gone, or its id was taken by a later."""
        found = self.store.find(kind, state["client"], state["entity_id"], now_ms=self.now_ms())
        return found if found and found.created_ms == state["created_ms"] else None

    def source_of(self, prediction: BatchPrediction) -> DataSource | None:
        """The data source of a prediction, with its schema where that is known."""
        source = self.store.find(
            DataSource, prediction.client, prediction.data_source_id, now_ms=self.now_ms()
        )
        return source and self.store.with_schema(source)
