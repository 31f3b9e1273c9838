"""The function behind Amazon ML's API: `POST`, signed, in JSON 1.1."""

import time
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from coding_service.amazon_ml.api.access_keys import AccessKeys, IssuedKey
from coding_service.amazon_ml.api.batch_predictions import Predictions
from coding_service.amazon_ml.api.data_sources import DataSources
from coding_service.amazon_ml.api.dispatch import Operations
from coding_service.amazon_ml.api.models import MlModels
from coding_service.amazon_ml.api.signature_v4 import SignatureCheck
from coding_service.amazon_ml.prediction_log import Logs
from coding_service.amazon_ml.start_execution import Starter
from coding_service.amazon_ml.table import Store
from coding_service.api.rate_limit import call_counter
from coding_service.aws import s3, secrets, step_functions, table
from coding_service.config import (
    machine_learning_environment,
    machine_learning_table,
    storage_environment,
)
from coding_service.models.registry import model_registry
from coding_service.observability import logger, metrics, tracer

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def operations() -> Operations:
    own = machine_learning_environment()
    kept: dict[str, Any] = {
        "store": Store(table(machine_learning_table())),
        "account": own.account,
        "now_ms": _now_ms,
        "starter": Starter(step_functions(), own.state_machine_arn),
    }
    models = MlModels(model_registry(), own.account)
    storage = storage_environment()
    buckets = frozenset({storage.input_bucket, storage.output_bucket})
    sources = DataSources(**kept, own_buckets=buckets)
    logs = Logs(s3(), storage.output_bucket)
    keys = AccessKeys(IssuedKey.all_of(own.access_keys), secrets(), time.time)
    return Operations(
        models=models,
        sources=sources,
        predictions=Predictions(**kept, sources=sources, models=models, logs=logs),
        signatures=SignatureCheck(own.region, keys.secret_of, lambda: datetime.now(UTC)),
        keys=keys,
        counter=call_counter(),
        signed_path=own.signed_path,
        now_ms=_now_ms,
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:  # noqa: ARG001
    request_id = event["requestContext"]["requestId"]
    logger.append_keys(correlation_id=request_id)
    return operations().answer(event).to_gateway(request_id)
