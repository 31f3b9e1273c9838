"""The function that codes while its caller waits: it has models in memory, the API's has none.

A model is loaded by the first call that needs it, and kept for those that follow.
"""

import time
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from coding_service.api.rate_limit import call_counter
from coding_service.api.real_time import RealTimeApi
from coding_service.api.routes import MODEL, TOPIC, Request, Route, Routes
from coding_service.models.registry import DeployedModels, model_registry
from coding_service.observability import logger, metrics, tracer

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


CODE = "/code"


def code(api: RealTimeApi, request: Request) -> Any:
    return api.code(
        topic=request.topic, model_id=request.parameters.get("model"), body=request.body
    )


CODE_ROUTES: Mapping[tuple[str, str], Route[RealTimeApi]] = {
    ("POST", TOPIC + CODE): code,
    ("POST", MODEL + CODE): code,
}
"""By method and path, as `ROUTES` are."""


@cache
def routes() -> Routes[RealTimeApi]:
    return Routes(
        served=RealTimeApi(DeployedModels(model_registry())),
        routes=CODE_ROUTES,
        counter=call_counter(),
        clock=time.time,
    )


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:  # noqa: ARG001
    return routes().answer(event).to_gateway()
