"""The engine that is a Coding Service: its endpoints, and its storage behind presigned URLs."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

import urllib3

from pipeline.clock import Clock
from pipeline.engines.base import Engine, OperationRequest, ResultFiles, StorageAnswer, UploadBody
from pipeline.engines.coding_service.client import (
    NEXT_STEP_MODEL,
    NEXT_STEP_TOPIC,
    CodingServiceClient,
)
from pipeline.engines.coding_service.presigned import Downloader, PresignedHosts, Uploader
from pipeline.engines.coding_service.results import ServiceResults
from pipeline.errors import DropcoderError, ModelUnknown, ServiceRefused, TopicUnknown
from pipeline.ledger.table import Ledger
from pipeline.rate_limit.limiter import RateLimited
from pipeline.rate_limit.polling import CallLoad
from pipeline.rate_limit.state import CallKind
from protocol.messages import CreatedOperation, MalformedMessage, Model, OperationState, Topic
from protocol.short_texts import named

MODEL_KEPT_SECONDS = 3_600  # a new latest model is noticed within the hour; ours
TOPICS_KEPT_SECONDS = 3_600  # as above
MOST_TOPICS = 20  # in a message: the public service has two; ours

Message = TypeVar("Message")


@dataclass(frozen=True, slots=True)
class _Upload:
    """An operation, and the URL that takes its input."""

    created: CreatedOperation
    uploader: Uploader

    @property
    def operation_id(self) -> str:
        return self.created.operation_id

    def send(self, body: UploadBody) -> StorageAnswer:
        return self.uploader.put(self.created, body)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodingServiceEngine(Engine):
    """Answers `Engine` over the Coding Service's API. `pool` is `presigned_pool`'s."""

    client: CodingServiceClient
    pool: urllib3.PoolManager
    hosts: PresignedHosts
    ledger: Ledger
    """Keeps the models that the service has named."""
    clock: Clock

    def model(self, topic: str, model_id: str | None, *, turn: str | None = None) -> Model:
        key = f"model#{topic}#{model_id or 'latest'}"
        now = int(self.clock.seconds())
        kept = self.ledger.get(key, "model")
        if kept is not None and kept["expires_at"] > now:
            return Model.from_json(json.loads(kept["model"]))
        models = f"{_topic_path(topic)}/models"
        path = f"{models}/latest" if model_id is None else models
        body = self._call_of_topic("GET", path, CallKind.MODEL, topic, turn)
        found = _picked(body, model_id, topic) if model_id else body
        model = self._read(Model.from_json, found)
        self.ledger.put(
            {
                "pk": key,
                "sk": "model",
                "model": json.dumps(model.to_json()),
                "expires_at": now + MODEL_KEPT_SECONDS,
            }
        )
        return model

    def check_can_open(self, *, turn: str | None = None) -> None:
        self.client.limiter.check_available(CallKind.SUBMISSION, turn=turn)

    def open(self, request: OperationRequest, *, turn: str | None = None) -> _Upload:
        """Not idempotent: a repeated call makes a second operation, which gets no input."""
        path = _topic_path(request.topic)
        if request.model_id is not None:
            path += f"/models/{quote(request.model_id, safe='')}"
        path += "/batch-code"
        body = self._call_of_topic("POST", path, CallKind.SUBMISSION, request.topic, turn)
        created = self._read(CreatedOperation.from_json, body)
        return _Upload(created, Uploader(self.pool, self.hosts))

    def check(self, topic: str, operation_id: str, *, turn: str | None = None) -> OperationState:
        """As `Engine.check`; a complete operation's state has fresh download URLs."""
        path = f"{_topic_path(topic)}/batch-code/operations/{quote(operation_id, safe='')}"
        body = self.client.call("GET", path, CallKind.STATUS, turn=turn)
        return self._read(OperationState.from_json, body)

    def load(self) -> CallLoad:
        return self.client.limiter.load()

    def release(self, started_at: float) -> None:
        self.client.limiter.release(started_at)

    def results(self, topic: str, operation_id: str, *, turn: str | None = None) -> ResultFiles:
        return ServiceResults(
            operation_id=operation_id,
            state=partial(self.check, topic, operation_id, turn=turn),
            downloader=Downloader(self.pool, self.hosts, self.clock),
        )

    def _read(self, reader: Callable[[Any], Message], body: Any) -> Message:
        try:
            return reader(body)
        except MalformedMessage as error:
            raise ServiceRefused(
                f"{self.client.name} does not speak the documented form: {error}; check that the "
                "setting serviceUrl names the service"
            ) from None

    def _call_of_topic(
        self, method: str, path: str, kind: CallKind, topic: str, turn: str | None
    ) -> Any:
        """As the client's `call`; where the topic is unknown, says which there are."""
        try:
            return self.client.call(method, path, kind, turn=turn)
        except TopicUnknown:
            topics = self._topics()
            known = f"; its topics are {named(topics, most=MOST_TOPICS)}" if topics else ""
            raise TopicUnknown(
                f"{self.client.name} has no topic {named([topic])}{known}",
                next_step=NEXT_STEP_TOPIC,
            ) from None

    def _topics(self) -> list[str]:
        """The names of the service's topics, an hour old at most; none where it does not say.

        They only help the dropper, so no drop waits or fails for them."""
        now = int(self.clock.seconds())
        try:
            kept = self.ledger.get("topics", "topics")
            if kept is not None and kept["expires_at"] > now:
                return list(kept["names"])
            body = self.client.call("GET", "/v1/topics", CallKind.MODEL, turn=None)
            names = [
                Topic.from_json(each).uri_name for each in (body if isinstance(body, list) else [])
            ]
            self.ledger.put(
                {
                    "pk": "topics",
                    "sk": "topics",
                    "names": names,
                    "expires_at": now + TOPICS_KEPT_SECONDS,
                }
            )
        except (RateLimited, DropcoderError, MalformedMessage):
            return []
        return names


def _topic_path(topic: str) -> str:
    return f"/v1/topics/{quote(topic, safe='')}"


def _picked(body: Any, model_id: str, topic: str) -> Any:
    """The message of the model of that id out of the topic's models. Raises `ModelUnknown`."""
    models = body if isinstance(body, list) else []
    for each in models:
        if isinstance(each, dict) and str(each.get("modelId", "")).lower() == model_id.lower():
            return each
    ids = [str(each["modelId"]) for each in models if isinstance(each, dict) and "modelId" in each]
    known = f"; it has {named(ids)}" if ids else ""
    raise ModelUnknown(
        f"the topic {named([topic])} has no model {model_id}{known}", next_step=NEXT_STEP_MODEL
    )
