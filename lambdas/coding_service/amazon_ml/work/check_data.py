"""Whether a source's data, and all that a prediction needs, are there before the work begins."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from coding_service.amazon_ml.entities import BatchPrediction, DataSource, Status
from coding_service.amazon_ml.errors import DataRefused
from coding_service.amazon_ml.s3_uris import Location, ResultPlaces
from coding_service.amazon_ml.schema import Schema
from coding_service.amazon_ml.work.data_files import DataFile, in_owners_words
from coding_service.amazon_ml.work.ranges import ranges_of
from coding_service.amazon_ml.work.step import WorkDependencies, WorkStage
from coding_service.models.registry import DeployedModels

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


def inspect_data(deps: WorkDependencies, state: Mapping[str, Any]) -> None:
    """Brings a data source from PENDING to COMPLETED. May be repeated.

    Raises leaves of `WorkRefused`, `AwsBusy`.
    """
    before = deps.spent_ms()
    source = deps.find(DataSource, state)
    if source is None or not deps.store.begin(source, now_ms=deps.now_ms()):
        return  # deleted meanwhile
    schema = Schema.parse(_schema_text(deps, source))
    files = _checked_files(deps, source, schema)
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


def _checked_files(deps: WorkDependencies, source: DataSource, schema: Schema) -> list[DataFile]:
    files = deps.data.files(Location.of(source.location))
    for file in files:
        deps.data.check_header(file, schema)
    return files


def plan_ranges(deps: WorkDependencies, state: Mapping[str, Any]) -> dict[str, Any]:
    """Brings a prediction from PENDING to INPROGRESS, with a plan of its ranges. May be repeated.

    Raises leaves of `WorkRefused`, `AwsBusy`.
    """
    prediction = deps.find(BatchPrediction, state)
    if prediction is None:
        return {"status": str(WorkStage.UNWANTED)}
    source = _usable_source(deps, prediction)
    if source.status is not Status.COMPLETED:
        return {"status": str(WorkStage.WAITING)}
    if not deps.store.begin(prediction, now_ms=deps.now_ms()):
        return {"status": str(WorkStage.UNWANTED)}
    schema = Schema.parse(source.schema or "")
    schema.columns(model_fields(deps.deployed, prediction))
    files = _checked_files(deps, source, schema)
    places = ResultPlaces.of(prediction.output_uri, prediction.entity_id)
    check_writable(deps.data.s3, places.manifest)
    deps.files.write_plan(prediction, list(ranges_of(files, deps.range_bytes)))
    return {
        "status": str(WorkStage.BEGUN),
        "bucket": deps.files.bucket,
        "key": deps.files.plan_key(prediction),
    }


def _usable_source(deps: WorkDependencies, prediction: BatchPrediction) -> DataSource:
    source = deps.source_of(prediction)
    if source is None or source.status in (Status.FAILED, Status.DELETED):
        state = "gone" if source is None else str(source.status)
        raise DataRefused(f"The data source {prediction.data_source_id} is {state}")
    return source


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
