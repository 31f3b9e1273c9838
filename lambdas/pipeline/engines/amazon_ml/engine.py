"""The engine that is Amazon ML: each operation is a batch prediction on a data source of its own.

The id of both is chosen here, from the part and its attempt, so that creating them again changes
nothing: what a cut connection or a function that died left half done is done again.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pipeline.engines.amazon_ml.api import AmazonMlClient, NotFound
from pipeline.engines.amazon_ml.codelist import ScoreRollup
from pipeline.engines.amazon_ml.convert_output import OutputConversion
from pipeline.engines.amazon_ml.csv_input import Rows, data_schema
from pipeline.engines.amazon_ml.models import AmazonMlModels
from pipeline.engines.base import (
    Engine,
    Keep,
    OperationRequest,
    ResultFiles,
    StorageAnswer,
    UploadBody,
)
from pipeline.engines.exchange_bucket import INPUT, OUTPUT, ExchangeBucket, delete_if_possible
from pipeline.engines.exchanged_results import DONE, ExchangedResults
from pipeline.errors import ResultsGone, ServiceRefused
from pipeline.observability import quoted
from protocol.messages import Model, OperationState
from protocol.records import input_format_of
from protocol.short_texts import cut
from protocol.statuses import OperationStatus
from shared.codelist import Codelist

MAX_ID = 64  # Amazon ML's limit of an id
PREFIX = "dropcoder-"  # the functions' roles may create and delete records of such ids alone
DELETED = "the batch prediction was deleted before its results were collected"

STATUSES = {
    "PENDING": OperationStatus.IN_PROGRESS,  # it has its input, and waits for its turn
    "INPROGRESS": OperationStatus.IN_PROGRESS,
    "COMPLETED": OperationStatus.COMPLETE,
    "FAILED": OperationStatus.FAILED,
    "DELETED": OperationStatus.FAILED,
}


def prediction_id(name: str) -> str:
    """The id of the prediction for a request's name: the same for the same name."""
    plain = f"{PREFIX}{name}"
    if len(plain) <= MAX_ID:
        return plain
    return f"{PREFIX}{hashlib.sha256(name.encode()).hexdigest()[:40]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AmazonMlEngine(Engine):
    """Answers `Engine` over Amazon ML. Its calls take no slots of the Coding Service's limits."""

    api: AmazonMlClient
    models: AmazonMlModels
    exchange: ExchangeBucket
    codelist_of: Callable[[str], Codelist]
    """By topic. Raises `SettingInvalid`."""
    threshold: float
    """The least confidence of a result, above 0 and at most 1; below it there are suggestions."""

    def model(self, topic: str, model_id: str | None, *, turn: str | None = None) -> Model:
        return self.models.of(topic, model_id)

    def open(self, request: OperationRequest, *, turn: str | None = None) -> "_Prediction":
        """Makes no call: the prediction is created when its input is there."""
        return _Prediction(prediction_id(request.name), request.model, self)

    def check(self, topic: str, operation_id: str, *, turn: str | None = None) -> OperationState:
        try:
            found = self.api.prediction(operation_id)
        except NotFound:
            return OperationState(OperationStatus.TIMED_OUT)
        status = STATUSES.get(found["Status"])
        if status is None:
            raise ServiceRefused(
                "the batch prediction has an undocumented status: "
                f"{quoted(cut(found['Status'], 100))}"
            )
        if status is not OperationStatus.FAILED:
            return OperationState(status)
        deleted = found["Status"] == "DELETED"
        return OperationState(status, error=DELETED if deleted else self._why(operation_id, found))

    def _why(self, operation_id: str, found: Mapping[str, Any]) -> str | None:
        """A prediction fails with its data source, and only that says why."""
        try:
            source = self.api.data_source(operation_id)
        except NotFound:
            source = {}
        failed = source.get("Message") if source.get("Status") == "FAILED" else None
        return " ".join(each for each in (found.get("Message"), failed) if each) or None

    def recover(self, topic: str, operation_id: str, *, turn: str | None = None) -> OperationState:
        """As `check`; creates the prediction first where its input is there and it is not."""
        state = self.check(topic, operation_id, turn=turn)
        if state.status is not OperationStatus.TIMED_OUT:
            return state
        model = self.exchange.model(operation_id)
        if model is None or self.exchange.length(f"{operation_id}/{INPUT}") is None:
            return state
        self.create(operation_id, model)
        return OperationState(OperationStatus.IN_PROGRESS)

    def create(self, operation_id: str, model: Model) -> None:
        """Creates the data source and the prediction, for an input that is there."""
        self.api.create(
            operation_id,
            model_id=model.model_id,
            name=operation_id,
            source={
                "DataLocationS3": self.exchange.uri(operation_id, INPUT),
                "DataSchema": data_schema(input_format_of(model.input_format)),
            },
            to=self.exchange.uri(operation_id),
        )

    def results(self, topic: str, operation_id: str, *, turn: str | None = None) -> ResultFiles:
        return _Results(
            exchange=self.exchange,
            output=f"{operation_id}/{OUTPUT}",
            operation_id=operation_id,
            topic=topic,
            engine=self,
        )

    def rollup(self, topic: str, classes: Sequence[str]) -> ScoreRollup:
        return ScoreRollup(self.codelist_of(topic), classes, self.threshold)

    def delete_results(self, topic: str, operation_id: str) -> None:
        delete_if_possible(
            operation_id,
            lambda: self.api.delete(operation_id),
            lambda: self.exchange.delete_all(operation_id),
        )


@dataclass(frozen=True, slots=True)
class _Prediction:
    """A batch prediction that waits for its input, and then is created."""

    operation_id: str
    model: Model
    engine: AmazonMlEngine

    def send(self, body: UploadBody) -> StorageAnswer:
        exchange, rows = self.engine.exchange, Rows(input_format_of(self.model.input_format))
        exchange.put_model(self.operation_id, self.model)
        with exchange.input_of(self.operation_id) as writer:
            writer.add(rows.header())
            while block := body.read():
                writer.add(rows.of(bytes(block)))
            writer.add(rows.finish())
        self.engine.create(self.operation_id, self.model)
        return DONE


@dataclass(slots=True, kw_only=True)
class _Results(ExchangedResults):
    """The output that `OutputConversion` makes, and metadata out of what is known of the model."""

    operation_id: str
    topic: str
    engine: AmazonMlEngine

    def make(
        self, kept: Mapping[str, Any] | None, keep: Keep, has_time: Callable[[], bool]
    ) -> bool:
        conversion = OutputConversion(
            exchange=self.exchange,
            prediction_id=self.operation_id,
            rollup_of=partial(self.engine.rollup, self.topic),
            keep=keep,
            has_time=has_time,
        )
        return conversion.run(kept)

    def metadata(self) -> bytes:
        """What is known of the model, under the names of the Coding Service's metadata file."""
        model = self.exchange.model(self.operation_id)
        if model is None:
            raise ResultsGone(
                f"it is no longer known which model coded {self.operation_id}; drop the file again"
            )
        known = {
            "modelId": model.model_id,
            "modelReleaseDate": model.model_release_date,
            "modelType": model.model_type,
            "inputFormat": list(model.input_format),
            "topic": self.topic,
            "threshold": self.engine.threshold,
            "engine": "amazon-ml",
        }
        return json.dumps(known, indent=2).encode()
