"""The step that cuts an operation's file into ranges, as the state machine calls it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from coding_service.byte_ranges.cut import cut_at_line_ends
from coding_service.coder.model_card import TWO_READERS
from coding_service.inference.json_lines import check_size, line_refused, lines_of
from coding_service.inference.state import StepStatus
from coding_service.observability import logger
from coding_service.operations.files import InputFile, input_of
from coding_service.operations.table import OperationTable, current_operation
from protocol.messages import Model
from protocol.records import MAX_LINE_BYTES, RecordFault, RecordForm

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

SLOWER_WITH_SENTENCES = 8
"""A range of a model with two readers is so much smaller. Where the second is asked about every
record, 4 MB of titles and tasks take it five of a function's fifteen minutes (docs/coder.md)."""


def range_bytes_for(model: Model, range_bytes: int) -> int:
    """About how many bytes one function codes with a model; `range_bytes` with one that is fast."""
    if model.model_type.endswith(TWO_READERS):
        return max(range_bytes // SLOWER_WITH_SENTENCES, 1)
    return range_bytes


def cut_input(
    event: Mapping[str, Any],
    *,
    s3: "S3Client",
    operations: OperationTable,
    input_bucket: str,
    max_file_bytes: int,
    range_bytes: int,
    clock: Callable[[], float],
) -> dict[str, Any]:
    """The ranges, and whether the file's lines have recordIds, which its first line says.

    At most `max_file_bytes` are coded, and about `range_bytes` by one function (fewer with a model
    that reads sentences); `clock` gives epoch seconds. Raises `InputRefused`, `InputGone`, which
    end the operation; `AwsBusy`, `OperationLost`.
    """
    check_size(event["bytes"], at_most=max_file_bytes)
    operation = current_operation(operations, event, now=int(clock()))
    source = input_of(event, s3=s3, bucket=input_bucket)
    form = RecordForm(operation.model.input_format)
    try:
        form.parse(_first_line(source))
    except RecordFault as fault:
        raise line_refused(1, str(fault)) from None
    range_bytes = range_bytes_for(operation.model, range_bytes)
    ranges = cut_at_line_ends(source.size, range_bytes=range_bytes, read=source.read)
    operations.note_ranges(operation.operation_id, execution=event["execution"], ranges=len(ranges))
    logger.info("file cut into ranges", ranges=len(ranges))
    return {
        "status": str(StepStatus.CUT),
        "has_record_id": form.has_record_id,
        "ranges": [extent.to_state() for extent in ranges],
    }


def _first_line(source: InputFile) -> bytes:
    """The first line, or enough of it to exceed a line's length."""
    return lines_of(source.read(0, min(source.size, MAX_LINE_BYTES + 2)))[0]
