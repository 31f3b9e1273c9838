"""The steps of an operation beside the coding itself: begin, join, complete, fail and expire.

Each step may be repeated: it leaves the same data behind and returns the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from coding_service.aws import busy_is_retried
from coding_service.errors import (
    Final,
    LineNotCoded,
    OperationLost,
    OutputMismatch,
    caught_text,
    leaves,
)
from coding_service.inference.cut import SLOWER_WITH_SENTENCES, range_bytes_for
from coding_service.inference.state import Coded, StepStatus
from coding_service.observability import logger
from coding_service.operations.files import OutputFiles
from coding_service.operations.operation import Operation, input_key
from coding_service.operations.table import OperationTable
from protocol.messages import RECORD_COUNTS

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

FOR_OWNERS = leaves(Final) | leaves(LineNotCoded)
UNEXPECTED = (
    "Error performing request: the service could not code this file, and its operators have been "
    "told. Create a new operation later."
)


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload of one operation, as an execution works on it."""

    operation_id: str
    version_id: str
    size: int
    """Bytes."""
    execution: str


@dataclass(frozen=True, slots=True)
class OperationLifecycle:
    """Moves operations between statuses, together with their files."""

    operations: OperationTable
    s3: "S3Client"
    input_bucket: str
    output_bucket: str
    results_seconds: int
    range_bytes: int
    """The largest file that one function codes alone."""
    clock: Callable[[], float]
    """Epoch seconds."""

    def begin(self, upload: Upload) -> StepStatus:
        """`small` or `large`; `unwanted` for a late or a second upload, which is deleted."""
        begun = self.operations.begin(
            upload.operation_id,
            execution=upload.execution,
            version_id=upload.version_id,
            size=upload.size,
            now=self._now(),
        )
        if not begun:
            logger.info("upload came too late or twice; deleted")
            self._delete_input(upload)
            return StepStatus.UNWANTED
        return StepStatus.SMALL if self._is_small(upload) else StepStatus.LARGE

    def _is_small(self, upload: Upload) -> bool:
        """Whether one function codes the whole; the model is looked up only where it matters."""
        if upload.size > self.range_bytes:
            return False
        if upload.size <= self.range_bytes // SLOWER_WITH_SENTENCES:
            return True
        return upload.size <= range_bytes_for(self._operation(upload).model, self.range_bytes)

    def join(self, upload: Upload, ranges: Sequence[Coded]) -> Coded:
        """Joins the ranges' outputs, in order; returns the sums of their counts."""
        self._output(upload).join([each.output_bytes for each in ranges])
        logger.info("ranges joined", ranges=len(ranges))
        return Coded.together(ranges)

    def complete(self, upload: Upload, coded: Coded) -> int:
        """Makes an operation `complete`; returns how many seconds the results are kept.

        Raises `OutputMismatch` when the stored output is not what was written, `OperationLost`
        when the operation is no longer this execution's.
        """
        operation = self._operation(upload)
        output = self._output(upload)
        if (size := output.size()) != coded.output_bytes:
            raise OutputMismatch(
                f"the stored output has {size} bytes; {coded.output_bytes} were written"
            )
        counts = {RECORD_COUNTS: coded.record_counts()}
        output.write_metadata(msgspec.json.encode(operation.model.to_json() | counts))
        now = self._now()
        completed = self.operations.complete(
            upload.operation_id,
            execution=upload.execution,
            counts=coded.counts(),
            now=now,
            until=now + self.results_seconds,
        )
        if not completed:
            raise OperationLost(f"the operation {upload.operation_id} is not this execution's")
        output.clear_pieces(operation.ranges)
        self._delete_input(upload)
        logger.info("operation complete", extra=coded.counts())
        return self.results_seconds

    def fail(self, upload: Upload, *, error: str, cause: str) -> None:
        """Makes an operation `failed`, with the cause's text where it is for the owner."""
        reason = reason_of(error, cause)
        failed = self.operations.fail(
            upload.operation_id, execution=upload.execution, error=reason, now=self._now()
        )
        logger.info("operation failed", reason=reason, changed=failed)
        if not failed:
            return  # the operation and its files are another execution's
        output = self._output(upload)
        output.clear_pieces(self._operation(upload).ranges)
        output.delete_results()
        self._delete_input(upload)

    def expire(self, upload: Upload) -> None:
        """Deletes the results when their time is over."""
        self._output(upload).delete_results()
        self.operations.results_deleted(upload.operation_id, execution=upload.execution)
        logger.info("results deleted")

    def _now(self) -> int:
        return int(self.clock())

    def _operation(self, upload: Upload) -> Operation:
        operation = self.operations.find(upload.operation_id, now=self._now())
        if operation is None:
            raise OperationLost(f"the operation {upload.operation_id} is not in the table")
        return operation

    def _output(self, upload: Upload) -> OutputFiles:
        return OutputFiles(self.s3, self.output_bucket, upload.operation_id)

    def _delete_input(self, upload: Upload) -> None:
        with busy_is_retried():
            self.s3.delete_object(
                Bucket=self.input_bucket,
                Key=input_key(upload.operation_id),
                VersionId=upload.version_id,
            )


def reason_of(error: str, cause: str) -> str:
    """The text for the owner: an error's own where it is for them, no internals of any other."""
    return caught_text(error, cause, FOR_OWNERS) or UNEXPECTED
