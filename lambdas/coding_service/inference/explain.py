"""The step that finds out why a file's ranges could not all be coded, and which line did it.

Functions that code ranges don't know how many lines are in front of theirs. Only when one of them
has failed is the file read once from its start, line by line, up to the fault; so the error names
the file's first fault, whichever function failed first.
"""

from typing import NoReturn

from coding_service import errors
from coding_service.byte_ranges.cut import ByteRange
from coding_service.byte_ranges.process import RangeSource, whole_lines
from coding_service.errors import Final, InputRefused, LineNotCoded, RangesFailed, leaves
from coding_service.inference.json_lines import line_not_coded, line_refused, lines_of
from coding_service.operations.operation import Operation
from protocol.quick_lines import QuickRecords
from protocol.records import RecordFault, RecordForm


def explain_failure(operation: Operation, source: RangeSource) -> NoReturn:
    """Raises the error that ended the coding, with the line's number in the whole file.

    Raises `RangesFailed` where no function noted a fault; what `source`, its input, raises.
    """
    fault = operation.fault
    if fault is None:
        raise RangesFailed("functions that coded ranges failed again and again; see their log")
    form = RecordForm(operation.model.input_format)
    if fault.error == LineNotCoded.__name__:
        raise line_not_coded(lines_before(source, fault.at, form) + 1)
    if fault.error == InputRefused.__name__ and not fault.text:
        lines_before(source, source.size, form)
    if fault.error in leaves(Final):
        raise getattr(errors, fault.error)(fault.text)
    raise RangesFailed(f"a range failed with {fault.error}")


def lines_before(source: RangeSource, end: int, form: RecordForm) -> int:
    """The number of lines before the offset `end`. Raises `InputRefused` at the first bad one."""
    quick = QuickRecords(form)
    seen = 0
    for _, block in whole_lines(source, ByteRange(0, 0, end)):
        lines = lines_of(block)
        if quick.record_ids(lines) is None:
            _check_each(lines, form, seen)
        seen += len(lines)
    return seen


def _check_each(lines: list[bytes], form: RecordForm, lines_before: int) -> None:
    for number, line in enumerate(lines, start=lines_before + 1):
        try:
            form.parse(line)
        except RecordFault as fault:
            raise line_refused(number, str(fault)) from None
