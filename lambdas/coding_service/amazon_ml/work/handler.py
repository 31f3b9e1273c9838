"""The function behind the states of statemachine/predictions.asl.json."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from aws_lambda_powertools.metrics import MetricUnit

from coding_service.amazon_ml.prediction_log import Logs
from coding_service.amazon_ml.table import Store
from coding_service.amazon_ml.work.complete import Completion
from coding_service.amazon_ml.work.data_files import UserData
from coding_service.amazon_ml.work.inspect_data import Inspection
from coding_service.amazon_ml.work.join import Joining
from coding_service.amazon_ml.work.plan_ranges import Planning
from coding_service.amazon_ml.work.predict import Predicting
from coding_service.amazon_ml.work.ranges import Range, WorkFiles
from coding_service.amazon_ml.work.state import Clock, EntityRef
from coding_service.aws import s3, table
from coding_service.config import prediction_environment, service_environment, storage_environment
from coding_service.models.registry import DeployedModels, ModelRegistry, model_registry
from coding_service.observability import logger, metrics, tracer

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_s3.client import S3Client

MARGIN_MS = 300_000  # what one file of 5 GB, 600 parts, takes to join with room to spare


@dataclass(frozen=True, slots=True)
class Steps:
    """Every step of the work."""

    inspection: Inspection
    planning: Planning
    predicting: Predicting
    joining: Joining
    completion: Completion

    @classmethod
    def of(
        cls,
        *,
        store: Store,
        s3: "S3Client",
        catalogue: ModelRegistry,
        output_bucket: str,
        max_file_bytes: int,
        clock: Clock,
        spent_ms: Callable[[], int],
    ) -> Self:
        data, files = UserData(s3, max_file_bytes), WorkFiles(s3, output_bucket)
        deployed = DeployedModels(catalogue)
        return cls(
            Inspection(store, data, clock, spent_ms),
            Planning(store, data, deployed, files, clock),
            Predicting(store, data, deployed, files, clock, spent_ms),
            Joining(store, s3, files, clock),
            Completion(store, s3, files, Logs(s3, output_bucket), clock),
        )

    def run(self, event: dict[str, Any], *, time_remains: Callable[[], bool]) -> dict[str, Any]:
        """The state after the step that the event names."""
        ref = EntityRef.from_state(event)
        match event["step"]:
            case "inspect":
                self.inspection.run(ref)
                return {}
            case "begin":
                return self.planning.run(ref)
            case "predict":
                self.predicting.run(ref, Range.from_state(event["range"]))
                return {}
            case "join":
                return self.joining.run(ref, event["progress"], time_remains=time_remains)
            case "complete":
                return self.completion.complete(ref, event["progress"])
            case "fail":
                return self.completion.fail(
                    ref, kind=event["kind"], error=event["error"], cause=event["cause"]
                )
            case unknown:
                raise ValueError(f"the state machine names a step that is none: {unknown!r}")


@cache
def steps() -> Steps:
    service = service_environment()
    return Steps.of(
        store=Store(table(prediction_environment().table)),
        s3=s3(),
        catalogue=model_registry(),
        output_bucket=storage_environment().output_bucket,
        max_file_bytes=service.max_file_bytes,
        clock=lambda: time.time_ns() // 1_000_000,
        spent_ms=lambda: time.process_time_ns() // 1_000_000,
    )


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    logger.append_keys(correlation_id=event["entity_id"], step=event["step"])
    metrics.add_metric("PredictionStepsBegun", MetricUnit.Count, 1)
    return steps().run(
        event, time_remains=lambda: context.get_remaining_time_in_millis() > MARGIN_MS
    )
