"""The last step of the work: it writes the manifest and the counts, or why there are none."""

import json
from collections.abc import Mapping
from typing import Any

from coding_service.amazon_ml.entities import BatchPrediction, DataSource, Status
from coding_service.amazon_ml.errors import WorkRefused
from coding_service.amazon_ml.s3_uris import ResultPlaces
from coding_service.amazon_ml.work.data_files import in_owners_words
from coding_service.amazon_ml.work.join import abandon_upload
from coding_service.amazon_ml.work.step import WorkDependencies, WorkStage
from coding_service.errors import caught_text, leaves
from coding_service.observability import logger

UNEXPECTED = (
    "The service failed, and its operators have been told. Create the request again later, with "
    "another id"
)


def complete_prediction(deps: WorkDependencies, state: Mapping[str, Any]) -> dict[str, Any]:
    """Writes the manifest, then says COMPLETED. May be repeated.

    Raises `AccessDenied`, `AwsBusy`.
    """
    progress = state["progress"]
    prediction = deps.find(BatchPrediction, state)
    if prediction is None or prediction.status is Status.DELETED:
        return {"status": str(WorkStage.UNWANTED)}
    if prediction.status is Status.INPROGRESS:
        _complete(deps, prediction, progress)
    deps.files.clear(prediction)
    logger.info("completed", total=progress["total"], invalid=progress["invalid"])
    return {"status": str(Status.COMPLETED)}


def _complete(
    deps: WorkDependencies, prediction: BatchPrediction, progress: Mapping[str, Any]
) -> None:
    places = ResultPlaces.of(prediction.output_uri, prediction.entity_id)
    files = dict.fromkeys(part.data.location for part in deps.files.plan(prediction))
    lines = ",\n".join(
        f"{json.dumps(str(file))}: {json.dumps(str(places.result(file)))}" for file in files
    )
    with in_owners_words(places.manifest, "s3:PutObject"):
        deps.s3.put_object(
            Bucket=places.manifest.bucket,
            Key=places.manifest.key,
            Body=f"{{{lines}}}\n".encode(),
            ContentType="application/json",
        )
    deps.logs.write(
        prediction,
        f"Batch prediction {prediction.entity_id} with the MLModel {prediction.model_id}\n"
        f"{len(files):,} files, {progress['total']:,} records, "
        f"{progress['invalid']:,} of them invalid\n" + deps.files.faults(prediction),
    )
    deps.store.complete(
        prediction,
        now_ms=deps.now_ms(),
        total_count=progress["total"],
        invalid_count=progress["invalid"],
        compute_ms=progress["compute_ms"],
    )


def fail_work(deps: WorkDependencies, state: Mapping[str, Any]) -> dict[str, Any]:
    """FAILED, with the reason where the owner can mend it and no internals of any other."""
    reason = caught_text(state["error"], state["cause"], leaves(WorkRefused))
    if state["kind"] == DataSource.kind:
        source = deps.find(DataSource, state)
        if source is not None:
            deps.store.fail(source, reason or UNEXPECTED, now_ms=deps.now_ms())
    elif (prediction := deps.find(BatchPrediction, state)) is not None:
        reason = prediction.refusal or reason
        _fail(deps, prediction, reason or UNEXPECTED)
    return {"status": str(WorkStage.BROKEN if reason is None else WorkStage.FAILED)}


def _fail(deps: WorkDependencies, prediction: BatchPrediction, message: str) -> None:
    deps.logs.write(
        prediction,
        f"Batch prediction {prediction.entity_id} with the MLModel {prediction.model_id}\n"
        f"{message}\n",
    )
    deps.store.fail(prediction, message, now_ms=deps.now_ms())
    abandon_upload(deps.s3, prediction)
    deps.files.clear(prediction)
    logger.info("failed", reason=message)
