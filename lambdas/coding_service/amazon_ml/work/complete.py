"""The last step of the work: it writes the manifest and the counts, or why there are none."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coding_service.amazon_ml.entities import BatchPrediction, DataSource, Status
from coding_service.amazon_ml.errors import WorkRefused
from coding_service.amazon_ml.prediction_log import Logs
from coding_service.amazon_ml.s3_uris import ResultPlaces
from coding_service.amazon_ml.table import Store
from coding_service.amazon_ml.work.data_files import in_owners_words
from coding_service.amazon_ml.work.join import abandon_upload
from coding_service.amazon_ml.work.ranges import WorkFiles
from coding_service.amazon_ml.work.state import Clock, EntityRef, WorkStage
from coding_service.errors import leaves
from coding_service.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

UNEXPECTED = (
    "The service failed, and its operators have been told. Create the request again later, with "
    "another id"
)


@dataclass(frozen=True, slots=True)
class Completion:
    """Brings data sources and predictions to their last status. Each step may be repeated."""

    store: Store
    s3: "S3Client"
    files: WorkFiles
    logs: Logs
    clock: Clock

    def complete(self, ref: EntityRef, progress: Mapping[str, Any]) -> dict[str, Any]:
        """Writes the manifest, then says COMPLETED. Raises `AccessDenied`, `AwsBusy`."""
        prediction = ref.find(self.store, BatchPrediction, now_ms=self.clock())
        if prediction is None or prediction.status is Status.DELETED:
            return {"status": str(WorkStage.UNWANTED)}
        if prediction.status is Status.INPROGRESS:
            self._complete(prediction, progress)
        self.files.clear(prediction)
        logger.info("completed", total=progress["total"], invalid=progress["invalid"])
        return {"status": str(Status.COMPLETED)}

    def _complete(self, prediction: BatchPrediction, progress: Mapping[str, Any]) -> None:
        places = ResultPlaces.of(prediction.output_uri, prediction.entity_id)
        files = dict.fromkeys(part.data.location for part in self.files.plan(prediction))
        lines = ",\n".join(
            f"{json.dumps(str(file))}: {json.dumps(str(places.result(file)))}" for file in files
        )
        with in_owners_words(places.manifest, "s3:PutObject"):
            self.s3.put_object(
                Bucket=places.manifest.bucket,
                Key=places.manifest.key,
                Body=f"{{{lines}}}\n".encode(),
                ContentType="application/json",
            )
        self.logs.write(
            prediction,
            f"Batch prediction {prediction.entity_id} with the MLModel {prediction.model_id}\n"
            f"{len(files):,} files, {progress['total']:,} records, "
            f"{progress['invalid']:,} of them invalid\n" + self.files.faults(prediction),
        )
        self.store.complete(
            prediction,
            now_ms=self.clock(),
            total_count=progress["total"],
            invalid_count=progress["invalid"],
            compute_ms=progress["compute_ms"],
        )

    def fail(self, ref: EntityRef, *, kind: str, error: str, cause: str) -> dict[str, Any]:
        """FAILED, with the reason where the owner can mend it and no internals of any other."""
        if kind == DataSource.kind:
            source = ref.find(self.store, DataSource, now_ms=self.clock())
            reason = refusal_text(error, cause)
            if source is not None:
                self.store.fail(source, reason or UNEXPECTED, now_ms=self.clock())
            return _failed(reason)
        prediction = ref.find(self.store, BatchPrediction, now_ms=self.clock())
        if prediction is None:
            return _failed(refusal_text(error, cause))
        reason = prediction.refusal or refusal_text(error, cause)
        self._fail(prediction, reason or UNEXPECTED)
        return _failed(reason)

    def _fail(self, prediction: BatchPrediction, message: str) -> None:
        self.logs.write(
            prediction,
            f"Batch prediction {prediction.entity_id} with the MLModel {prediction.model_id}\n"
            f"{message}\n",
        )
        self.store.fail(prediction, message, now_ms=self.clock())
        abandon_upload(self.s3, prediction)
        self.files.clear(prediction)
        logger.info("failed", reason=message)


def refusal_text(error: str, cause: str) -> str | None:
    """The message of a leaf of `WorkRefused`; None for any other error.

    `error` is the name that the state machine caught, `cause` Lambda's JSON with it.
    """
    if error not in leaves(WorkRefused):
        return None
    try:
        return str(json.loads(cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return None


def _failed(reason: str | None) -> dict[str, Any]:
    return {"status": str(WorkStage.BROKEN if reason is None else WorkStage.FAILED)}
