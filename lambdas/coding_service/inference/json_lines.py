"""Codes blocks of JSON lines, and words the errors of lines and files for their owner."""

from dataclasses import dataclass
from typing import Protocol

from coding_service.byte_ranges.process import BlockFault, CodedBlock
from coding_service.coder.code_lines import CodedLines, RecordLineFault
from coding_service.errors import InputRefused, LineNotCoded
from protocol.records import RecordForm

NEXT_STEP = "Correct the file and create a new operation."


class Coder(Protocol):
    """A trained model."""

    def coded_lines(self, block: bytes, form: RecordForm) -> CodedLines: ...


def check_size(size: int, *, at_most: int) -> None:
    """Raises `InputRefused` for a file that can't be coded by its size (bytes)."""
    if size == 0:
        raise InputRefused(
            "The input file is empty. Create a new operation and upload at least one record."
        )
    if size > at_most:
        raise InputRefused(
            f"The input file has {size:,} bytes; at most {at_most:,} are allowed. "
            "Split it and create an operation for each piece."
        )


def line_refused(line: int, reason: str) -> InputRefused:
    """The error of a line that is no record; `line` is its number in the file, from 1."""
    return InputRefused(f"Line {line:,} {reason}. {NEXT_STEP}")


def line_not_coded(line: int) -> LineNotCoded:
    """The error of a good line on which the coder failed; `line` is its number, from 1."""
    return LineNotCoded(
        f"Line {line:,} could not be coded, and the service's operators have been told. "
        "Leave it out, or wait until they have mended it, and create a new operation."
    )


def lines_of(block: bytes) -> list[bytes]:
    """The lines of a block without their ends: LF or CRLF; the last may have none."""
    lines = block.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix(b"\r") for line in lines] if b"\r" in block else lines


@dataclass(frozen=True, slots=True)
class JsonLinesCoder:
    """Codes records of JSON, a line each."""

    model: Coder
    form: RecordForm
    """The fields of the file's lines; must know whether they have recordIds, unless the first block
    has the file's first line."""

    def code(self, block: bytes) -> CodedBlock:
        """Codes the lines of a block. Raises `BlockFault` at the first line that is no record."""
        try:
            done = self.model.coded_lines(block, self.form)
        except RecordLineFault as fault:
            raise BlockFault(fault.line, str(fault.fault)) from None
        return CodedBlock(
            output=done.output,
            counts={
                "records": done.records,
                "coded": done.coded,
                "suggested": done.records - done.coded - done.nothing,
                "nothing": done.nothing,
            },
        )
