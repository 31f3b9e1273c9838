"""From API Gateway's event to an answer in JSON 1.1: who signed, how often, and which operation."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from coding_service.amazon_ml.api.access_keys import AccessKeys
from coding_service.amazon_ml.api.batch_predictions import Predictions
from coding_service.amazon_ml.api.data_sources import DataSources
from coding_service.amazon_ml.api.models import MlModels
from coding_service.amazon_ml.api.request_shapes import INPUTS
from coding_service.amazon_ml.api.signature_v4 import SignatureCheck, SignedRequest
from coding_service.amazon_ml.errors import ApiError, internal, throttled
from coding_service.api.rate_limit import CallCounter
from coding_service.errors import CodingServiceError, Refusal
from coding_service.observability import logger, metrics
from protocol.errors import ServiceAnswer
from shared.received_json import JsonFault, read_json

TARGET_PREFIX = "AmazonML_20141212."
JSON_1_1 = "application/x-amz-json-1.1"
COUNTED_AS = "machinelearning#"

Operation = Callable[[str, Mapping[str, Any]], dict[str, Any]]
"""(client, checked request) → the body of a success."""


@dataclass(frozen=True, slots=True)
class AwsJsonAnswer:
    """An answer; its body may hold a link, so it is in no log."""

    status: int
    body: dict[str, Any] = field(repr=False)

    def to_gateway(self, request_id: str) -> dict[str, Any]:
        """As API Gateway's proxy integration expects it."""
        headers = {
            "Content-Type": JSON_1_1,
            "Cache-Control": "no-store",
            "x-amzn-RequestId": request_id,
        }
        if "__type" in self.body:
            headers["x-amzn-ErrorType"] = self.body["__type"]
        return {"statusCode": self.status, "headers": headers, "body": json.dumps(self.body)}


@dataclass(frozen=True, slots=True)
class Operations:
    """Answers calls of every operation that the service speaks."""

    models: MlModels
    sources: DataSources
    predictions: Predictions
    signatures: SignatureCheck
    keys: AccessKeys
    counter: CallCounter
    signed_path: str
    """The path of the address that clients sign; "" is the gateway's own."""
    now_ms: Callable[[], int]
    """Milliseconds since the epoch."""

    def answer(self, event: Mapping[str, Any]) -> AwsJsonAnswer:
        """The answer to any call; never raises."""
        try:
            answer = AwsJsonAnswer(HTTPStatus.OK, self._body(event))
        except ApiError as error:
            logger.info("refused", error=error.name)
            answer = AwsJsonAnswer(error.http_status, error.to_json())
        except CodingServiceError as error:
            logger.error("not answered", error=type(error).__name__, reason=str(error))
            answer = AwsJsonAnswer(HTTPStatus.INTERNAL_SERVER_ERROR, internal().to_json())
        except Exception:  # noqa: BLE001  whatever it was, the caller gets the documented 500
            logger.exception("not answered")
            answer = AwsJsonAnswer(HTTPStatus.INTERNAL_SERVER_ERROR, internal().to_json())
        logger.info("answered", status_code=int(answer.status))
        metrics.add_metric(f"Answers{answer.status // 100}xx", MetricUnit.Count, 1)
        return answer

    def _body(self, event: Mapping[str, Any]) -> dict[str, Any]:
        request = _signed(event, self.signed_path)
        client = self.keys.client_of(self.signatures.access_key_id(request))
        self._count(client)
        name = request.headers["x-amz-target"].removeprefix(TARGET_PREFIX)
        operation = self._operations().get(name)
        if operation is None or not request.headers["x-amz-target"].startswith(TARGET_PREFIX):
            raise ApiError("UnknownOperationException", f"{name[:64]} is not supported")
        content = _content(request.body)
        INPUTS[name].check("", content)
        logger.append_keys(operation=name, client=client)
        return operation(client, content)

    def _operations(self) -> Mapping[str, Operation]:
        return {
            "CreateDataSourceFromS3": self.sources.create,
            "GetDataSource": self.sources.get,
            "DescribeDataSources": self.sources.describe,
            "DeleteDataSource": self.sources.delete,
            "GetMLModel": lambda _, request: self.models.get(request),
            "DescribeMLModels": lambda _, request: self.models.describe(request),
            "CreateBatchPrediction": self.predictions.create,
            "GetBatchPrediction": self.predictions.get,
            "DescribeBatchPredictions": self.predictions.describe,
            "UpdateBatchPrediction": self.predictions.update,
            "DeleteBatchPrediction": self.predictions.delete,
        }

    def _count(self, client: str) -> None:
        try:
            self.counter.take(COUNTED_AS + client, self.now_ms())
        except Refusal as refusal:
            day = refusal.answer is ServiceAnswer.LIMIT_EXCEEDED
            raise throttled(
                "Rate exceeded: the calls of this UTC day are used up" if day else "Rate exceeded"
            ) from None


def _signed(event: Mapping[str, Any], signed_path: str) -> SignedRequest:
    body = event.get("body") or ""
    return SignedRequest(
        method=event["httpMethod"],
        path=signed_path or event["requestContext"]["path"],
        headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
        body=base64.b64decode(body) if event.get("isBase64Encoded") else body.encode(),
    )


def _content(body: bytes) -> Any:
    try:
        return read_json(body or b"{}")
    except JsonFault as fault:
        raise ApiError("SerializationException", f"The request {fault}") from None
