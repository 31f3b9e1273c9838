"""Create-, Get-, Describe-, Update- and DeleteBatchPrediction."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from coding_service.amazon_ml.api.data_sources import DataSources
from coding_service.amazon_ml.api.models import KIND as MODEL
from coding_service.amazon_ml.api.models import MlModels
from coding_service.amazon_ml.describe_filters import Entry, described
from coding_service.amazon_ml.entities import BatchPrediction, DataSource, Status
from coding_service.amazon_ml.errors import invalid_input, not_found, parameter_mismatch
from coding_service.amazon_ml.prediction_log import Logs
from coding_service.amazon_ml.s3_uris import check_foreign, check_output
from coding_service.amazon_ml.start_execution import Starter
from coding_service.amazon_ml.table import Store


@dataclass(frozen=True, slots=True)
class Predictions:
    """A client's batch predictions."""

    store: Store
    sources: DataSources
    models: MlModels
    starter: Starter
    logs: Logs
    account: str
    now_ms: Callable[[], int]
    """Milliseconds since the epoch."""

    def create(self, client: str, request: Mapping[str, Any]) -> dict[str, Any]:
        there = self._find(client, request["BatchPredictionId"])
        if there is None:
            prediction = self._asked_for(client, request)
            there = prediction if self.store.create(prediction) else None
        there = there or self._known(client, request["BatchPredictionId"])
        if there.parameters != _parameters(request):
            raise parameter_mismatch(BatchPrediction.kind, there.entity_id)
        if there.status is Status.PENDING:
            self.starter.start(there)
        return {"BatchPredictionId": there.entity_id}

    def get(self, client: str, request: Mapping[str, Any]) -> dict[str, Any]:
        prediction = self._known(client, request["BatchPredictionId"])
        shown = prediction.shown(self.account)
        log_uri = self.logs.uri(prediction, now_ms=self.now_ms())
        return shown if log_uri is None else {**shown, "LogUri": log_uri}

    def describe(self, client: str, request: Mapping[str, Any]) -> dict[str, Any]:
        return described(self._entries(client, request), request)

    def update(self, client: str, request: Mapping[str, Any]) -> dict[str, Any]:
        prediction = self._known(client, request["BatchPredictionId"])
        renamed = self.store.rename(
            prediction, request["BatchPredictionName"], now_ms=self.now_ms()
        )
        if not renamed:
            raise invalid_input(
                f"The {BatchPrediction.kind} {prediction.entity_id} is deleted and cannot change"
            )
        return {"BatchPredictionId": prediction.entity_id}

    def delete(self, client: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Marks it as deleted. One that runs ends by itself and writes nothing more."""
        prediction = self._known(client, request["BatchPredictionId"])
        self.store.delete(prediction, now_ms=self.now_ms())
        return {"BatchPredictionId": prediction.entity_id}

    def _find(self, client: str, prediction_id: str) -> BatchPrediction | None:
        return self.store.find(BatchPrediction, client, prediction_id, now_ms=self.now_ms())

    def _known(self, client: str, prediction_id: str) -> BatchPrediction:
        found = self._find(client, prediction_id)
        if found is None:
            raise not_found(BatchPrediction.kind, prediction_id)
        return found

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

    def _entries(self, client: str, request: Mapping[str, Any]) -> Iterator[Entry]:
        by_status = request.get("FilterVariable") == "Status"
        for prediction in self.store.all(BatchPrediction, client, now_ms=self.now_ms()):
            if prediction.status is Status.DELETED and not by_status:
                continue
            shown = prediction.shown(self.account)
            yield Entry(
                entry_id=prediction.entity_id,
                created=shown["CreatedAt"],
                variables={
                    "CreatedAt": shown["CreatedAt"],
                    "LastUpdatedAt": shown["LastUpdatedAt"],
                    "Status": shown["Status"],
                    "Name": prediction.name or "",
                    "IAMUser": shown["CreatedByIamUser"],
                    "MLModelId": prediction.model_id,
                    "DataSourceId": prediction.data_source_id,
                    "DataURI": prediction.input_location,
                },
                shown=shown,
            )


def _parameters(request: Mapping[str, Any]) -> tuple[Any, ...]:
    """As `BatchPrediction.parameters` has them."""
    return (
        request.get("BatchPredictionName"),
        request["MLModelId"],
        request["BatchPredictionDataSourceId"],
        request["OutputUri"],
    )
