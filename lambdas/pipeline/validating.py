"""Checks the lines of a dropped file as its bytes pass by.

Blocks come in, cut anywhere; the same bytes go out, cut at line ends, once their lines are good.
After the first fault nothing goes out any more, and the rest is only read for its faults. At no
time is more held than a block and one line of the greatest allowed length.
"""

import hashlib
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass

from pipeline.attempts import InputFacts
from pipeline.digest import SequenceDigest
from pipeline.errors import FileRejected
from pipeline.states import Segment
from protocol.records import MAX_LINE_BYTES, RECORD_ID, RecordFault, RecordForm

FAULTS_KEPT = 100  # the report's: more would not help the person who mends the file
NEWLINE = b"\n"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with line `line` (the first is 1)."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Faults:
    """The faults of a file: the first hundred, and how many there are in all."""

    first: tuple[Fault, ...]
    count: int
    whole_file: bool = True
    """False where there was no time to read on: there may be more faults."""

    def summary(self) -> str:
        """One sentence for the dropper."""
        counted = f"{self.count:,}" if self.whole_file else f"at least {self.count:,}"
        lines = "line is" if self.count == 1 else "lines are"
        fault = self.first[0]
        first = "it" if self.count == 1 else "the first"
        return f"{counted} {lines} faulty; {first} is line {fault.line}, which {fault.text}"


class Validation:
    """The check of one file's lines against a model's `inputFormat`."""

    def __init__(self, input_format: tuple[str, ...]) -> None:
        self._form = RecordForm(input_format)
        self._sha256 = hashlib.sha256()
        self._digest = SequenceDigest()
        self._bytes = 0
        self._line = 0
        self._faults: list[Fault] = []
        self._fault_count = 0
        self._rest = b""
        self._skipping = 0
        """Bytes so far of a line that is too long to be held; 0 outside of one."""

    def good_blocks(self, blocks: Iterable[bytes]) -> Generator[bytes, None, None]:
        """The bytes of `blocks`, in order, as blocks of whole good lines.

        The last line may lack its newline. Raises `FileRejected` at the first fault, when none
        of the faulty block has been given out; `read_on` then finds the other faults.
        """
        for block in blocks:
            good = self._checked(block)
            if self._fault_count:
                raise FileRejected("a line is faulty")
            if good:
                yield good
        last = self._rest
        self._finish()
        if self._fault_count:
            raise FileRejected("a line is faulty")
        if last:
            yield last

    def read_on(self, blocks: Iterable[bytes], *, has_time: Callable[[], bool]) -> Faults:
        """All faults, after `good_blocks` met the first: reads the rest of its `blocks`.

        Where `has_time` says no, the count is of the lines that were read."""
        for block in blocks:
            if not has_time():
                return self._faults_so_far(whole_file=False)
            self._checked(block)
        self._finish()
        return self._faults_so_far(whole_file=True)

    def _faults_so_far(self, *, whole_file: bool) -> Faults:
        return Faults(tuple(self._faults), self._fault_count, whole_file)

    def facts(self, source: Segment) -> InputFacts:
        """What went through, once all of it has."""
        return InputFacts(
            bytes=self._bytes,
            records=self._digest.count,
            sha256=self._sha256.hexdigest(),
            record_id_digest=self._digest.to_text(),
            first_byte=source.first_byte,
            last_byte=source.last_byte,
            has_record_id=self._form.has_record_id,
        )

    def _checked(self, block: bytes) -> bytes:
        """The whole lines that end in `block`; what follows them waits for the next block."""
        self._bytes += len(block)
        self._sha256.update(block)
        if self._skipping:
            block = self._after_long_line(block)
        whole, newline, rest = (self._rest + block).rpartition(NEWLINE)
        if newline:
            self._check_lines(whole.split(NEWLINE))
        self._rest = rest
        if len(rest) > MAX_LINE_BYTES:
            self._rest, self._skipping = b"", len(rest)
        return whole + newline

    def _after_long_line(self, block: bytes) -> bytes:
        """What follows the end of a line that is too long, if it ends in `block`."""
        more, newline, following = block.partition(NEWLINE)
        self._skipping += len(more)
        if newline:
            self._end_long_line()
        return following

    def _end_long_line(self) -> None:
        self._line += 1
        length, self._skipping = self._skipping, 0
        self._add_fault(f"is {length:,} bytes long; at most {MAX_LINE_BYTES:,} are allowed")

    def _finish(self) -> None:
        """The end of the file: a line without a newline is a line too."""
        if self._skipping:
            self._end_long_line()
        if self._rest:
            self._check_lines([self._rest])
            self._rest = b""

    def _check_lines(self, lines: list[bytes]) -> None:
        parse, ids = self._form.parse, []
        for line in lines:
            self._line += 1
            try:
                ids.append(parse(line).get(RECORD_ID, ""))
            except RecordFault as fault:
                self._add_fault(str(fault))
        self._digest = self._digest.extended(ids)

    def _add_fault(self, text: str) -> None:
        self._fault_count += 1
        if len(self._faults) < FAULTS_KEPT:
            self._faults.append(Fault(self._line, text))
