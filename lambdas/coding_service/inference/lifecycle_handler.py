"""The function behind the states that begin, cut, join, complete, fail and expire an operation."""

import time
from typing import TYPE_CHECKING, Any

from coding_service.aws import operations_table, s3
from coding_service.config import service_environment, storage_environment
from coding_service.inference.cut import cut_input
from coding_service.inference.lifecycle import OperationLifecycle, Upload
from coding_service.inference.state import Coded, StepStatus
from coding_service.observability import logger, tracer
from coding_service.operations.table import OperationTable

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def lifecycle() -> OperationLifecycle:
    storage = storage_environment()
    return OperationLifecycle(
        operations=OperationTable(operations_table()),
        s3=s3(),
        input_bucket=storage.input_bucket,
        output_bucket=storage.output_bucket,
        results_seconds=service_environment().results_seconds,
        range_bytes=service_environment().range_bytes,
        clock=time.time,
    )


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:  # noqa: ARG001
    logger.append_keys(correlation_id=event["operation_id"])
    if event["step"] == "cut":
        return cut_input(
            event,
            s3=s3(),
            operations=OperationTable(operations_table()),
            input_bucket=storage_environment().input_bucket,
            max_file_bytes=service_environment().max_file_bytes,
            range_bytes=service_environment().range_bytes,
            clock=time.time,
        )
    return advance(event, lifecycle())


def advance(event: dict[str, Any], lifecycle: OperationLifecycle) -> dict[str, Any]:
    """Runs the step that the state names; returns the state's new `progress`."""
    upload = Upload(event["operation_id"], event["version_id"], event["bytes"], event["execution"])
    match event["step"]:
        case "begin":
            return {"status": str(lifecycle.begin(upload))}
        case "join":
            ranges = [Coded.from_state(each) for each in event["coded"]]
            return lifecycle.join(upload, ranges).to_state()
        case "complete":
            kept = lifecycle.complete(upload, Coded.from_state(event["progress"]))
            return {"status": str(StepStatus.COMPLETE), "results_seconds": kept}
        case "fail":
            lifecycle.fail(upload, error=event["error"], cause=event["cause"])
            return {"status": str(StepStatus.FAILED)}
        case "expire":
            lifecycle.expire(upload)
            return {"status": str(StepStatus.EXPIRED)}
        case unknown:
            raise ValueError(f"the state machine names a step that is none: {unknown!r}")
