"""From API Gateway's event to an answer: who calls, whether they may, and which path."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from aws_lambda_powertools.metrics import MetricUnit

from coding_service.api.batch_coding import BatchApi
from coding_service.api.rate_limit import CallCounter
from coding_service.errors import CodingServiceError, Refusal
from coding_service.observability import logger, metrics
from protocol.errors import ServiceAnswer

TOPIC = "/v1/topics/{topic}"
MODEL = TOPIC + "/models/{model}"
CREATE, OPERATION = "/batch-code", "/batch-code/operations/{operation_id}"


@dataclass(frozen=True, slots=True)
class Request:
    """A call by a known client, on one of the paths that the stack declares."""

    client_id: str
    is_public: bool
    """Whether the caller may code records and small batches, but no files."""
    parameters: Mapping[str, str]
    body: str | None

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> "Request":
        body = event.get("body")
        if body is not None and event.get("isBase64Encoded"):
            body = base64.b64decode(body).decode("utf-8", "replace")
        caller = event["requestContext"]["authorizer"]
        return cls(
            client_id=caller["client_id"],
            is_public=caller.get("is_public") == "true",
            parameters=event.get("pathParameters") or {},
            body=body,
        )

    @property
    def topic(self) -> str:
        return self.parameters["topic"]


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. Its body may hold presigned URLs, so it is in no log."""

    status: int
    body: Any

    def __repr__(self) -> str:
        return f"Answer({self.status})"

    @classmethod
    def refused(cls, answer: ServiceAnswer) -> "Answer":
        return cls(answer.http_status, answer.to_json())

    def to_gateway(self) -> dict[str, Any]:
        """The answer in the form of API Gateway's proxy integration."""
        return {
            "statusCode": self.status,
            "headers": {"Content-Type": "application/json", "Cache-Control": "no-store"},
            "body": json.dumps(self.body),
        }


Served = TypeVar("Served")
Route = Callable[[Served, Request], Any]


def create(batch: BatchApi, request: Request) -> Any:
    created = batch.create(
        client_id=request.client_id,
        topic=request.topic,
        model_id=request.parameters.get("model"),
        body=request.body,
    )
    logger.append_keys(correlation_id=created.operation_id)
    logger.info("operation created", topic=request.topic)
    return created.to_json()


def state(batch: BatchApi, request: Request) -> Any:
    """The path's model is not looked at: both forms are handled identically (batch page)."""
    operation_id = request.parameters["operation_id"]
    logger.append_keys(correlation_id=operation_id)
    found = batch.state(client_id=request.client_id, topic=request.topic, operation_id=operation_id)
    logger.info("status returned", status=str(found.status))
    return found.to_json()


OF_FILES = frozenset({create, state})
"""What public clients may not do ("Registration" of the guide)."""

ROUTES: Mapping[tuple[str, str], Route[BatchApi]] = {
    ("GET", "/v1/topics"): lambda batch, _: batch.topics(),
    ("GET", TOPIC + "/models"): lambda batch, request: batch.models(request.topic),
    ("GET", TOPIC + "/models/latest"): lambda batch, request: batch.latest_model(request.topic),
    ("POST", TOPIC + CREATE): create,
    ("POST", MODEL + CREATE): create,
    ("GET", TOPIC + OPERATION): state,
    ("GET", MODEL + OPERATION): state,
}
"""By method and path as API Gateway declares it. The stack declares exactly these and those of
`code_handler`; a test keeps both in step."""


def _call_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Who called what, without ids of topics and operations, header or body."""
    context = event.get("requestContext") or {}
    return {
        "request_id": context.get("requestId"),
        "client": (context.get("authorizer") or {}).get("client_id"),
        "method": event.get("httpMethod"),
        "path": event.get("resource"),
    }


@dataclass(frozen=True, slots=True)
class Routes(Generic[Served]):
    """Answers calls."""

    served: Served
    """What the routes ask."""
    routes: Mapping[tuple[str, str], Route[Served]]
    counter: CallCounter
    clock: Callable[[], float]
    """Epoch seconds."""

    def answer(self, event: Mapping[str, Any]) -> Answer:
        """The answer to any call; never raises."""
        try:
            answer = Answer(HTTPStatus.OK, self._body(event))
        except Refusal as refusal:
            logger.info("refused", answer=refusal.answer.name)
            answer = Answer.refused(refusal.answer)
        except CodingServiceError as error:
            logger.error("not answered", error=type(error).__name__, reason=str(error))
            answer = Answer.refused(ServiceAnswer.INTERNAL)
        except Exception:  # noqa: BLE001  whatever it was, the caller gets the documented 500
            logger.exception("not answered")
            answer = Answer.refused(ServiceAnswer.INTERNAL)
        logger.info("answered", **_call_of(event), status_code=answer.status)
        metrics.add_metric(f"Answers{answer.status // 100}xx", MetricUnit.Count, 1)
        return answer

    def _body(self, event: Mapping[str, Any]) -> Any:
        # API Gateway may keep the authorizer's policy a little longer than the token is valid.
        if self.clock() >= float(event["requestContext"]["authorizer"]["token_expires_at"]):
            raise Refusal(ServiceAnswer.DENIED)
        request = Request.of(event)
        route = self.routes[event["httpMethod"], event["resource"]]
        if request.is_public and route in OF_FILES:
            raise Refusal(ServiceAnswer.DENIED)
        now_ms = int(self.clock() * 1000)
        self.counter.take(request.client_id, now_ms, is_public=request.is_public)
        return route(self.served, request)
