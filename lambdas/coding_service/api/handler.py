"""The API function behind API Gateway: every path but those of `code_handler`."""

import time
from functools import cache
from typing import TYPE_CHECKING, Any

from coding_service.api.batch_coding import BatchApi
from coding_service.api.presigned_urls import Presigner
from coding_service.api.rate_limit import call_counter
from coding_service.api.routes import ROUTES, Routes
from coding_service.aws import operations_table, s3
from coding_service.config import service_environment, storage_environment
from coding_service.models.registry import model_registry
from coding_service.observability import logger, metrics, tracer
from coding_service.operations.table import OperationTable

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def routes() -> Routes[BatchApi]:
    storage, service = storage_environment(), service_environment()
    return Routes(
        served=BatchApi(
            registry=model_registry(),
            operations=OperationTable(operations_table()),
            presigner=Presigner(
                s3=s3(),
                input_bucket=storage.input_bucket,
                output_bucket=storage.output_bucket,
                input_key_arn=storage.input_key_arn,
            ),
            upload_window_seconds=service.upload_window_seconds,
            clock=time.time,
        ),
        routes=ROUTES,
        counter=call_counter(),
        clock=time.time,
    )


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:  # noqa: ARG001
    return routes().answer(event).to_gateway()
