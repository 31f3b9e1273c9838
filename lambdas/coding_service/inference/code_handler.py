"""The function behind the states "Code", "Code range" and "Explain", which read records."""

import time
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from coding_service.aws import operations_table, s3
from coding_service.config import service_environment, storage_environment
from coding_service.inference.code import CodeStep
from coding_service.inference.explain import explain_failure
from coding_service.models.registry import DeployedModels, model_registry
from coding_service.observability import logger, metrics, tracer
from coding_service.operations.files import input_of
from coding_service.operations.table import OperationTable, current_operation

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def code_step() -> CodeStep:
    storage, service = storage_environment(), service_environment()
    return CodeStep(
        s3=s3(),
        operations=OperationTable(operations_table()),
        input_bucket=storage.input_bucket,
        output_bucket=storage.output_bucket,
        models=DeployedModels(model_registry()),
        max_file_bytes=service.max_file_bytes,
        clock=time.time,
    )


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:  # noqa: ARG001
    logger.append_keys(correlation_id=event["operation_id"])
    if event["step"] == "explain":
        table, bucket = OperationTable(operations_table()), storage_environment().input_bucket
        operation = current_operation(table, event, now=int(time.time()))
        explain_failure(operation, input_of(event, s3=s3(), bucket=bucket))
    metrics.add_metric("RangesBegun", MetricUnit.Count, 1)
    return code_step().run(event)
