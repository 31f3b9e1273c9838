"""The step that codes a range of an operation's file, as the state machine calls it."""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from coding_service.byte_ranges.cut import ByteRange
from coding_service.byte_ranges.process import RangeLineFault, code_range
from coding_service.errors import (
    CodingServiceError,
    Final,
    InputRefused,
    LineNotCoded,
    OperationLost,
)
from coding_service.inference.json_lines import (
    JsonLinesCoder,
    check_size,
    line_not_coded,
    line_refused,
)
from coding_service.inference.state import Coded
from coding_service.models.registry import DeployedModels
from coding_service.observability import logger, metrics
from coding_service.operations.files import OutputFiles, input_of
from coding_service.operations.operation import Operation, OperationFault
from coding_service.operations.table import OperationTable, current_operation
from protocol.records import RecordForm

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


@dataclass(frozen=True, slots=True)
class CodeStep:
    """Codes a range of an operation's file, or all of a small file."""

    s3: "S3Client"
    operations: OperationTable
    input_bucket: str
    output_bucket: str
    models: DeployedModels
    max_file_bytes: int
    """The largest file that is coded."""
    clock: Callable[[], float]
    """Epoch seconds."""

    def run(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Codes the range, stores its output, and returns its counts as a state.

        Raises `InputRefused`, `InputGone`, `ModelGone`, `LineNotCoded`, which end the operation and
        are noted in the table as its fault; `AwsBusy`, `OperationLost`.
        """
        check_size(event["bytes"], at_most=self.max_file_bytes)
        operation = current_operation(self.operations, event, now=int(self.clock()))
        extent = extent_of(event)
        try:
            return self._code(event, operation, extent).to_state()
        except RangeLineFault as fault:
            error = _error_of(fault, extent)
            self._note(event, OperationFault(type(error).__name__, fault.at))
            raise error from None
        except Final as error:
            self._note(event, OperationFault(type(error).__name__, extent.first, str(error)))
            raise

    def _code(self, event: Mapping[str, Any], operation: Operation, extent: ByteRange) -> Coded:
        output = OutputFiles(self.s3, self.output_bucket, operation.operation_id)
        model = self.models.model(operation.topic, operation.model.model_id)
        done = code_range(
            input_of(event, s3=self.s3, bucket=self.input_bucket),
            extent,
            coder=JsonLinesCoder(
                model, RecordForm(operation.model.input_format, event.get("has_record_id"))
            ),
            to=output.piece_writer(extent.index) if "range" in event else output.writer(),
        )
        records = done.counts["records"]
        counted = self.operations.note_coded(
            operation.operation_id,
            execution=event["execution"],
            index=extent.index,
            records=records,
        )
        if not counted:
            self._check_still_wanted(event, output, extent)
        metrics.add_metric("RecordsInferred", MetricUnit.Count, records)
        logger.info("range coded", range=extent.index, records=records)
        return Coded(
            records=records,
            coded=done.counts.get("coded", 0),
            suggested=done.counts.get("suggested", 0),
            nothing=done.counts.get("nothing", 0),
            output_bytes=done.output_bytes,
        )

    def _check_still_wanted(
        self, event: Mapping[str, Any], output: OutputFiles, extent: ByteRange
    ) -> None:
        """Deletes the piece where the operation ended while it was written."""
        try:
            current_operation(self.operations, event, now=int(self.clock()))
        except OperationLost:
            output.delete_piece(extent.index)
            raise

    def _note(self, event: Mapping[str, Any], fault: OperationFault) -> None:
        self.operations.note_fault(event["operation_id"], execution=event["execution"], fault=fault)


def extent_of(event: Mapping[str, Any]) -> ByteRange:
    """The range that a state names; the whole file where it names none."""
    if "range" in event:
        return ByteRange.from_state(event["range"])
    return ByteRange(0, 0, event["bytes"])


def _error_of(fault: RangeLineFault, extent: ByteRange) -> CodingServiceError:
    """The error for a line's fault; the line's number is known in the first range only."""
    if fault.reason is None:
        # The text of the coder's error may quote the line; its frames do not.
        cause = fault.__cause__
        frames = traceback.format_tb(cause.__traceback__) if cause else []
        logger.error("the coder failed on a line", error=type(cause).__name__, frames=frames)
    if extent.first:
        return (
            LineNotCoded(f"the coder failed on the line at byte {fault.at:,}")
            if fault.reason is None
            else InputRefused(f"The line at byte {fault.at:,} {fault.reason}.")
        )
    if fault.reason is None:
        return line_not_coded(fault.line)
    return line_refused(fault.line, fault.reason)
