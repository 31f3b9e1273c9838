"""The function behind the state "Code": one slice of an operation's file."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from coding_service.aws_calls import operations_table, s3
from coding_service.coder.catalogue import Catalogue
from coding_service.coder.errors import CatalogueError
from coding_service.coder.model import Model
from coding_service.environment import service_environment, storage_environment
from coding_service.errors import ModelGone, OperationLost
from coding_service.files import InputFile, OutputFile
from coding_service.inference import Slice, check_size
from coding_service.observability import logger, metrics, tracer
from coding_service.operation_table import OperationTable
from coding_service.operations import Operation, input_key
from coding_service.progress import Progress

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MARGIN_MS = 120_000  # a part takes seconds; the margin is for the slowest function and S3's worst
MODELS_KEPT = 2  # in memory: the latest, and the one that someone still asks for


@cache
def catalogue() -> Catalogue:
    return Catalogue.read(service_environment().models)


@lru_cache(maxsize=MODELS_KEPT)
def loaded_model(topic: str, model_id: str) -> Model:
    """A model with its weights. Raises `ModelGone` where it is no longer deployed."""
    try:
        return catalogue().load(catalogue().model(topic, model_id))
    except CatalogueError:
        raise ModelGone(
            f"The model {model_id} is no longer offered. Create an operation for the latest model."
        ) from None


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    logger.append_keys(correlation_id=event["operation_id"])
    remaining = context.get_remaining_time_in_millis
    return infer(event, time_remains=lambda: remaining() > MARGIN_MS).to_state()


def infer(event: dict[str, Any], *, time_remains: Callable[[], bool]) -> Progress:
    """The progress after one slice; raises what `Slice.run`, `check_size`, `loaded_model` do."""
    storage, now = storage_environment(), int(time.time())
    check_size(event["bytes"], at_most=service_environment().max_file_bytes)
    operations = OperationTable(operations_table())
    operation = _operation(operations, event["operation_id"], now)
    start = Progress.from_state(event["progress"])
    reached = Slice(
        source=InputFile(
            s3=s3(),
            bucket=storage.input_bucket,
            key=input_key(operation.operation_id),
            version_id=event["version_id"],
            size=event["bytes"],
        ),
        output=OutputFile(
            s3=s3(),
            bucket=storage.output_bucket,
            operations=operations,
            operation_id=operation.operation_id,
        ),
        model=loaded_model(operation.topic, operation.model.model_id),
        input_format=operation.model.input_format,
        time_remains=time_remains,
        now=now,
    ).run(start)
    metrics.add_metric("RecordsInferred", MetricUnit.Count, reached.records - start.records)
    logger.info("slice coded", records=reached.records, offset=reached.offset, of=event["bytes"])
    return reached


def _operation(operations: OperationTable, operation_id: str, now: int) -> Operation:
    operation = operations.find(operation_id, now=now)
    if operation is None:
        raise OperationLost(f"the operation {operation_id} is not in the table")
    return operation
