"""The ends and beginnings of inference: what the state machine settles beside the coding itself.

Each step may be repeated: it leaves the same state behind, and says the same.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from coding_service.aws import busy_is_retried
from coding_service.errors import Final, LineNotCoded, OperationLost, OutputMismatch, leaves
from coding_service.inference.state import Coded, Stage
from coding_service.observability import logger
from coding_service.operations.files import OutputFiles
from coding_service.operations.operation import Operation, input_key
from coding_service.operations.table import OperationTable

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

TOLD = leaves(Final) | leaves(LineNotCoded)
UNEXPECTED = (
    "Error performing request: the service could not code this file, and its operators have been "
    "told. Create a new operation later."
)


@dataclass(frozen=True, slots=True)
class Work:
    """One upload of one operation, as an execution works on it."""

    operation_id: str
    version_id: str
    size: int
    """Bytes."""
    execution: str


@dataclass(frozen=True, slots=True)
class Transitions:
    """Moves operations between statuses, together with their files.

    :param clock: epoch seconds.
    """

    operations: OperationTable
    s3: "S3Client"
    input_bucket: str
    output_bucket: str
    results_seconds: int
    range_bytes: int
    clock: Callable[[], float]

    def begin(self, work: Work) -> Stage:
        """`small` or `large`; `unwanted` for an upload too late or second, which is deleted."""
        begun = self.operations.begin(
            work.operation_id,
            execution=work.execution,
            version_id=work.version_id,
            size=work.size,
            now=self._now(),
        )
        if not begun:
            logger.info("upload is not wanted any more; deleted")
            self._delete_input(work)
            return Stage.UNWANTED
        return Stage.SMALL if work.size <= self.range_bytes else Stage.LARGE

    def join(self, work: Work, ranges: Sequence[Coded]) -> Coded:
        """Makes the output of what came of each range, in order; what came of all of them."""
        self._output(work).join([each.output_bytes for each in ranges])
        logger.info("joined", ranges=len(ranges))
        return Coded.together(ranges)

    def complete(self, work: Work, coded: Coded) -> int:
        """Ends an operation well; returns how many seconds the results are kept.

        Raises `OutputMismatch` when the stored output is not what was written, `OperationLost`
        when the operation is no longer this execution's.
        """
        operation = self._operation(work)
        output = self._output(work)
        if (size := output.size()) != coded.output_bytes:
            raise OutputMismatch(
                f"the stored output has {size} bytes; {coded.output_bytes} were written"
            )
        output.write_metadata(msgspec.json.encode(operation.model.to_json()))
        now = self._now()
        completed = self.operations.complete(
            work.operation_id,
            execution=work.execution,
            counts=coded.counts(),
            now=now,
            until=now + self.results_seconds,
        )
        if not completed:
            raise OperationLost(f"the operation {work.operation_id} is not this execution's")
        output.clear_pieces(operation.ranges)
        self._delete_input(work)
        logger.info("complete", extra=coded.counts())
        return self.results_seconds

    def fail(self, work: Work, *, error: str, cause: str) -> None:
        """Ends an operation badly: with the cause where the owner can mend it."""
        reason = reason_of(error, cause)
        failed = self.operations.fail(
            work.operation_id, execution=work.execution, error=reason, now=self._now()
        )
        logger.info("failed", told=reason, failed=failed)
        if not failed:
            return  # not this execution's; its files are another's too
        output = self._output(work)
        output.clear_pieces(self._operation(work).ranges)
        output.delete_results()
        self._delete_input(work)

    def expire(self, work: Work) -> None:
        """Deletes the results when their time is over."""
        self._output(work).delete_results()
        self.operations.results_deleted(work.operation_id, execution=work.execution)
        logger.info("results deleted")

    def _now(self) -> int:
        return int(self.clock())

    def _operation(self, work: Work) -> Operation:
        operation = self.operations.find(work.operation_id, now=self._now())
        if operation is None:
            raise OperationLost(f"the operation {work.operation_id} is not in the table")
        return operation

    def _output(self, work: Work) -> OutputFiles:
        return OutputFiles(self.s3, self.output_bucket, work.operation_id)

    def _delete_input(self, work: Work) -> None:
        with busy_is_retried():
            self.s3.delete_object(
                Bucket=self.input_bucket,
                Key=input_key(work.operation_id),
                VersionId=work.version_id,
            )


def reason_of(error: str, cause: str) -> str:
    """What the owner is told: the text of an error that is for them, no internals of any other.

    :param error: the name that the state machine caught. :param cause: Lambda's JSON with it.
    """
    if error not in TOLD:
        return UNEXPECTED
    try:
        told = json.loads(cause)["errorMessage"]
    except (ValueError, KeyError, TypeError):
        return UNEXPECTED
    return str(told)
