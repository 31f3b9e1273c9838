"""What the API does: topics, models, and operations from creation to their results.

Every method returns the body of a success or raises `Refusal` with the documented row.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from coding_service.api.named_models import model_of, models_of
from coding_service.api.presigned_urls import Presigner
from coding_service.coder.errors import NoModelsError, UnknownTopicError
from coding_service.coder.model_card import ModelCard
from coding_service.errors import Refusal
from coding_service.models.registry import ModelRegistry
from coding_service.operations.operation import Operation, as_guid
from coding_service.operations.table import OperationTable
from protocol.errors import ServiceAnswer
from protocol.messages import CreatedOperation, Model, OperationState
from protocol.statuses import OperationStatus
from shared.received_json import JsonFault, read_json

MOST_LISTED = 1_000  # of topics, or models of one: the protocol has no pages; ours
RESULTS_DELETED = (
    "The results were deleted, as they are within 24 hours of success; create a new operation."
)


@dataclass(frozen=True, slots=True)
class BatchApi:
    """The service's batch coding."""

    registry: ModelRegistry
    operations: OperationTable
    presigner: Presigner
    upload_window_seconds: int
    clock: Callable[[], float]
    """Epoch seconds."""
    new_id: Callable[[], uuid.UUID] = uuid.uuid4
    """A GUID never used before."""

    def topics(self) -> list[dict[str, Any]]:
        """The topics by name, as many as an answer has room for."""
        return [topic.to_json() for topic in self.registry.topics()[:MOST_LISTED]]

    def models(self, topic: str) -> list[dict[str, Any]]:
        """The models of a topic, newest first, as many as an answer has room for."""
        cards = models_of(self.registry, topic)[:MOST_LISTED]
        return [_message(card).to_json() for card in cards]

    def latest_model(self, topic: str) -> dict[str, Any]:
        return _message(models_of(self.registry, topic)[0]).to_json()

    def create(
        self, *, client_id: str, topic: str, model_id: str | None, body: str | None
    ) -> CreatedOperation:
        """A new operation of `client_id`; `model_id` None takes the latest model."""
        if not _is_empty(body):
            raise Refusal(ServiceAnswer.INVALID_BODY)
        card = model_of(self.registry, topic, model_id)
        operation = Operation.created(
            operation_id=str(self.new_id()),
            client_id=client_id,
            topic=topic,
            model=_message(card),
            now=int(self.clock()),
            window=self.upload_window_seconds,
        )
        self.operations.create(operation)
        return CreatedOperation(
            operation_id=operation.operation_id,
            request_upload_url=self.presigner.upload_url(
                operation.operation_id, seconds=self.upload_window_seconds
            ),
            bucket_kms_key_arn=self.presigner.input_key_arn,
        )

    def state(self, *, client_id: str, topic: str, operation_id: str) -> OperationState:
        """The state of an operation; its URLs are signed anew each time."""
        try:
            self.registry.models(topic)
        except UnknownTopicError:
            raise Refusal(ServiceAnswer.TOPIC_UNKNOWN) from None
        except NoModelsError:
            pass  # they may have been deleted since the operation was created
        operation = self._own_operation(client_id, operation_id)
        # An operation is found under its own topic only.
        if operation.topic != topic:
            raise Refusal(ServiceAnswer.OPERATION_UNKNOWN)
        overdue = self.clock() >= operation.times_out_at
        if overdue and operation.status is OperationStatus.AWAITING_INPUT:
            # An upload may have begun the operation just now: the item says which it was.
            self.operations.time_out(operation.operation_id)
            operation = self._own_operation(client_id, operation_id)
        return self._shown(operation)

    def _own_operation(self, client_id: str, operation_id: str) -> Operation:
        guid = as_guid(operation_id)
        operation = guid and self.operations.find(guid, now=int(self.clock()))
        if not operation:
            raise Refusal(ServiceAnswer.OPERATION_UNKNOWN)
        if operation.client_id != client_id:
            raise Refusal(ServiceAnswer.NOT_YOUR_OPERATION)
        return operation

    def _shown(self, operation: Operation) -> OperationState:
        if operation.status is OperationStatus.FAILED:
            return OperationState(status=operation.status, error=operation.error)
        if operation.status is not OperationStatus.COMPLETE:
            return OperationState(status=operation.status)
        until = operation.results_until
        if operation.results_deleted or (until is not None and self.clock() >= until):
            return OperationState(status=operation.status, error=RESULTS_DELETED)
        return OperationState(
            status=operation.status,
            response_download_url=self.presigner.output_url(operation.operation_id),
            metadata_download_url=self.presigner.metadata_url(operation.operation_id),
        )


def _message(card: ModelCard) -> Model:
    return Model.from_json(card.metadata())


def _is_empty(body: str | None) -> bool:
    """Whether a request has no body, as documented; `{}` and `null` count as none."""
    if body is None or not body.strip():
        return True
    try:
        content = read_json(body)
    except JsonFault:
        return False
    return content is None or content == {}
