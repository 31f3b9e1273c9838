"""The beginning of a prediction: is everything there that it needs, and what is to be done?"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coding_service.amazon_ml.entities import BatchPrediction, DataSource, Status
from coding_service.amazon_ml.errors import DataRefused
from coding_service.amazon_ml.s3_uris import Location, ResultPlaces
from coding_service.amazon_ml.schema import Schema
from coding_service.amazon_ml.table import Store
from coding_service.amazon_ml.work.data_files import UserData, in_owners_words
from coding_service.amazon_ml.work.ranges import RANGE_BYTES, WorkFiles, ranges_of
from coding_service.amazon_ml.work.state import Clock, EntityRef, WorkStage
from coding_service.models.registry import DeployedModels

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


@dataclass(frozen=True, slots=True)
class Planning:
    """Brings a prediction from PENDING to INPROGRESS, with a plan of its ranges."""

    store: Store
    data: UserData
    deployed: DeployedModels
    files: WorkFiles
    clock: Clock
    range_bytes: int = RANGE_BYTES

    def run(self, ref: EntityRef) -> dict[str, Any]:
        """Raises leaves of `WorkRefused`, `AwsBusy`. May be repeated."""
        prediction = ref.find(self.store, BatchPrediction, now_ms=self.clock())
        if prediction is None:
            return {"status": str(WorkStage.UNWANTED)}
        source = self._source(prediction)
        if source.status is not Status.COMPLETED:
            return {"status": str(WorkStage.WAITING)}
        if not self.store.begin(prediction, now_ms=self.clock()):
            return {"status": str(WorkStage.UNWANTED)}
        schema = Schema.parse(source.schema or "")
        schema.columns(model_fields(self.deployed, prediction))
        files = self.data.files(Location.of(source.location))
        for file in files:
            self.data.check_header(file, schema)
        places = ResultPlaces.of(prediction.output_uri, prediction.entity_id)
        check_writable(self.data.s3, places.manifest)
        self.files.write_plan(prediction, list(ranges_of(files, self.range_bytes)))
        return {
            "status": str(WorkStage.BEGUN),
            "bucket": self.files.bucket,
            "key": self.files.plan_key(prediction),
        }

    def _source(self, prediction: BatchPrediction) -> DataSource:
        source = self.store.find(
            DataSource, prediction.client, prediction.data_source_id, now_ms=self.clock()
        )
        if source is None or source.status in (Status.FAILED, Status.DELETED):
            state = "gone" if source is None else str(source.status)
            raise DataRefused(f"The data source {prediction.data_source_id} is {state}")
        return self.store.with_schema(source)


def model_fields(deployed: DeployedModels, prediction: BatchPrediction) -> tuple[str, ...]:
    """The fields of a prediction's model. Raises `DataRefused` where it is deployed no more."""
    card = deployed.registry.find(prediction.model_id)
    if card is None:
        raise DataRefused(
            f"The MLModel {prediction.model_id} is no longer offered. "
            "Create a prediction with the latest one"
        )
    return card.input_format


def check_writable(s3: "S3Client", place: Location) -> None:
    """Whether results may be written, before anything is coded. Leaves nothing behind."""
    with in_owners_words(place, "s3:PutObject and s3:AbortMultipartUpload"):
        begun = s3.create_multipart_upload(Bucket=place.bucket, Key=place.key)
        s3.abort_multipart_upload(Bucket=place.bucket, Key=place.key, UploadId=begun["UploadId"])
