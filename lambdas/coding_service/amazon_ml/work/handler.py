"""The function behind the states of statemachine/predictions.asl.json."""

import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from coding_service.amazon_ml.table import Store
from coding_service.amazon_ml.work.check_data import inspect_data, plan_ranges
from coding_service.amazon_ml.work.complete import complete_prediction, fail_work
from coding_service.amazon_ml.work.join import join_files
from coding_service.amazon_ml.work.predict import predict_range
from coding_service.amazon_ml.work.ranges import Range
from coding_service.amazon_ml.work.step import WorkDependencies
from coding_service.aws import s3, table
from coding_service.config import machine_learning_table, service_environment, storage_environment
from coding_service.models.registry import DeployedModels, model_registry
from coding_service.observability import logger, metrics, tracer

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MARGIN_MS = 300_000  # what one file of 5 GB, 600 parts, takes to join with room to spare


@cache
def dependencies() -> WorkDependencies:
    return WorkDependencies(
        store=Store(table(machine_learning_table())),
        s3=s3(),
        deployed=DeployedModels(model_registry()),
        output_bucket=storage_environment().output_bucket,
        max_file_bytes=service_environment().max_file_bytes,
        now_ms=lambda: time.time_ns() // 1_000_000,
        spent_ms=lambda: time.process_time_ns() // 1_000_000,
    )


def run_step(
    deps: WorkDependencies, event: dict[str, Any], *, time_remains: Callable[[], bool]
) -> dict[str, Any]:
    """Runs the step that the event names; returns the state after it."""
    match event["step"]:
        case "inspect":
            inspect_data(deps, event)
            return {}
        case "begin":
            return plan_ranges(deps, event)
        case "predict":
            predict_range(deps, event, Range.from_state(event["range"]))
            return {}
        case "join":
            return join_files(deps, event, time_remains=time_remains)
        case "complete":
            return complete_prediction(deps, event)
        case "fail":
            return fail_work(deps, event)
        case unknown:
            raise ValueError(f"the state machine names a step that is none: {unknown!r}")


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    logger.append_keys(correlation_id=event["entity_id"], step=event["step"])
    metrics.add_metric("PredictionStepsBegun", MetricUnit.Count, 1)
    return run_step(
        dependencies(),
        event,
        time_remains=lambda: context.get_remaining_time_in_millis() > MARGIN_MS,
    )
