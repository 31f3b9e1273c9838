"""Create-, Get-, Describe-, Update- and DeleteBatchPrediction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coding_service.amazon_ml.api.data_sources import DataSources
from coding_service.amazon_ml.api.entity_calls import EntityCalls
from coding_service.amazon_ml.api.models import KIND as MODEL
from coding_service.amazon_ml.api.models import MlModels
from coding_service.amazon_ml.entities import BatchPrediction, DataSource, Status
from coding_service.amazon_ml.errors import invalid_input, parameter_mismatch
from coding_service.amazon_ml.prediction_log import Logs
from coding_service.amazon_ml.s3_uris import check_foreign, check_output
from coding_service.amazon_ml.start_execution import Starter


@dataclass(frozen=True, kw_only=True)
class Predictions(EntityCalls[BatchPrediction]):
    """A client's batch predictions."""

    kind: type[BatchPrediction] = BatchPrediction
    sources: DataSources
    models: MlModels
    starter: Starter
    logs: Logs

    def create(self, client: str, request: Mapping[str, Any]) -> dict[str, Any]:
        there = self.find(client, request["BatchPredictionId"])
        if there is None:
            prediction = self._asked_for(client, request)
            there = prediction if self.store.create(prediction) else None
        there = there or self.known(client, request)
        if there.parameters != _parameters(request):
            raise parameter_mismatch(BatchPrediction.kind, there.entity_id)
        if there.status is Status.PENDING:
            self.starter.start(there)
        return {"BatchPredictionId": there.entity_id}

    def get(self, client: str, request: Mapping[str, Any]) -> dict[str, Any]:
        prediction = self.known(client, request)
        shown = prediction.shown(self.account)
        log_uri = self.logs.uri(prediction, now_ms=self.now_ms())
        return shown if log_uri is None else {**shown, "LogUri": log_uri}

    def update(self, client: str, request: Mapping[str, Any]) -> dict[str, Any]:
        prediction = self.known(client, request)
        renamed = self.store.rename(
            prediction, request["BatchPredictionName"], now_ms=self.now_ms()
        )
        if not renamed:
            raise invalid_input(
                f"The {BatchPrediction.kind} {prediction.entity_id} is deleted and cannot change"
            )
        return {"BatchPredictionId": prediction.entity_id}

    def _asked_for(self, client: str, request: Mapping[str, Any]) -> BatchPrediction:
        model_id, source_id = request["MLModelId"], request["BatchPredictionDataSourceId"]
        check_output(request["OutputUri"])
        check_foreign("OutputUri", request["OutputUri"], self.sources.own_buckets)
        if self.models.card(model_id) is None:
            raise invalid_input(f"No {MODEL} with id {model_id} exists")
        source = self.sources.find(client, source_id)
        if source is None:
            raise invalid_input(f"No {DataSource.kind} with id {source_id} exists")
        if source.status in (Status.FAILED, Status.DELETED):
            raise invalid_input(
                f"The {DataSource.kind} {source_id} is {source.status} and cannot be used"
            )
        now = self.now_ms()
        return BatchPrediction(
            client=client,
            entity_id=request["BatchPredictionId"],
            name=request.get("BatchPredictionName"),
            asked_name=request.get("BatchPredictionName"),
            created_ms=now,
            updated_ms=now,
            model_id=model_id,
            data_source_id=source_id,
            output_uri=request["OutputUri"],
            input_location=source.location,
        )


def _parameters(request: Mapping[str, Any]) -> tuple[Any, ...]:
    """As `BatchPrediction.parameters` has them."""
    return (
        request.get("BatchPredictionName"),
        request["MLModelId"],
        request["BatchPredictionDataSourceId"],
        request["OutputUri"],
    )
