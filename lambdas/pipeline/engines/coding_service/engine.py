"""The engine that is a Coding Service: operations, presigned URLs, calls within its limits."""

from dataclasses import dataclass
from typing import Protocol

import urllib3

from pipeline.clock import Clock
from pipeline.engines.base import Engine, OperationRequest, ResultFiles, StorageAnswer, UploadBody
from pipeline.engines.coding_service.client import CodingServicePort
from pipeline.engines.coding_service.presigned import Downloader, PresignedHosts, Uploader
from pipeline.engines.coding_service.results import ServiceResults
from pipeline.rate_limit.polling import CallLoad
from pipeline.rate_limit.state import CallKind
from protocol.messages import CreatedOperation, Model, OperationState


class CallShare(Protocol):
    """What is asked of `limiter.Limiter` here; every call of the service takes a slot anyway."""

    def check_available(self, kind: CallKind, *, turn: str | None = None) -> None: ...

    def load(self) -> CallLoad: ...

    def release(self, started_at: float) -> None: ...


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
    """Drives the service behind `CodingServicePort`. `pool` is `presigned_pool`'s."""

    service: CodingServicePort
    pool: urllib3.PoolManager
    hosts: PresignedHosts
    clock: Clock
    limiter: CallShare

    def model(self, topic: str, model_id: str | None, *, turn: str | None = None) -> Model:
        return self.service.model(topic, model_id, turn=turn)

    def check_can_open(self, *, turn: str | None = None) -> None:
        self.limiter.check_available(CallKind.SUBMISSION, turn=turn)

    def open(self, request: OperationRequest, *, turn: str | None = None) -> _Upload:
        """Not idempotent: a repeated call makes a second operation, which gets no input."""
        created = self.service.create_operation(request.topic, request.model_id, turn=turn)
        return _Upload(created, Uploader(self.pool, self.hosts))

    def check(self, topic: str, operation_id: str, *, turn: str | None = None) -> OperationState:
        return self.service.operation(topic, operation_id, turn=turn)

    def load(self) -> CallLoad:
        return self.limiter.load()

    def release(self, started_at: float) -> None:
        self.limiter.release(started_at)

    def results(self, topic: str, operation_id: str, *, turn: str | None = None) -> ResultFiles:
        downloader = Downloader(self.pool, self.hosts, self.clock)
        return ServiceResults(self.service, downloader, topic, operation_id, turn)
