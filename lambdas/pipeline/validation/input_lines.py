"""Checks the lines of a dropped file as its bytes pass by.

Blocks come in, cut anywhere; the same blocks go out, each once all its lines are valid, the one
that ends in the next block too. After the first fault nothing goes out any more, and the rest is
only read for its faults. At no time is more held than two blocks and one line of the greatest
length.
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass

from pipeline.domain.facts import InputFacts
from pipeline.domain.part import Segment
from pipeline.errors import FileRejected, StorageBusy
from pipeline.validation.checksums import OverlappedSha256
from pipeline.validation.digest import SequenceDigest
from protocol.quick_lines import QuickRecords
from protocol.records import MAX_LINE_BYTES, RECORD_ID, RecordFault, RecordForm
from protocol.short_texts import LONGEST_FAULT, LONGEST_REASON, cut
from shared.lines import NEWLINE, batches, rest_after

FAULTS_KEPT = 100  # in the report: more would not help the person who mends the file; ours


@dataclass(frozen=True, slots=True)
class InputFault:
    """What is wrong with line `line` (the first is 1)."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class InputFaults:
    """The faults of a file: the first `FAULTS_KEPT`, and how many there are in all."""

    first: tuple[InputFault, ...]
    count: int
    whole_file: bool = True
    """False where there was no time to read on: there may be more faults."""
    lines: int | None = None
    """How many lines the file has; None where it was not read to its end."""

    def summary(self) -> str:
        """One sentence for the dropper, of at most `LONGEST_REASON` characters."""
        counted = f"{self.count:,}" if self.whole_file else f"at least {self.count:,}"
        lines = "line is" if self.count == 1 else "lines are"
        fault = self.first[0]
        first = "it" if self.count == 1 else "the first"
        text = cut(fault.text, LONGEST_FAULT)
        said = f"{counted} {lines} faulty; {first} is line {fault.line}, which {text}"
        return cut(said, LONGEST_REASON)


class Validation:
    """The check of one file's lines against a model's `inputFormat`."""

    def __init__(self, input_format: tuple[str, ...]) -> None:
        self._form = RecordForm(input_format)
        self._quick = QuickRecords(self._form)
        self._sha256 = OverlappedSha256()
        self._digest = SequenceDigest()
        self._bytes = 0
        self._line = 0
        self._faults: list[InputFault] = []
        self._fault_count = 0
        self._rest = b""
        self._skipping = 0
        """Bytes so far of a line that is too long to be held; 0 outside of one."""

    def valid_blocks(self, blocks: Iterable[bytes]) -> Generator[bytes, None, None]:
        """Gives the same `blocks`, each once all lines that it has a part in are valid. Call once.

        Raises `FileRejected` at the first fault, when nothing of the faulty line has been given
        out; `read_on` then finds the other faults. The last block comes when all is known.
        """
        checked = b""
        with self._sha256:
            for block in blocks:
                self._sha256.update(block)
                self._check(block)
                self._refuse_faults()
                if checked:
                    yield checked
                checked = block
            self._finish()
            self._refuse_faults()
            if checked:
                yield checked

    def _refuse_faults(self) -> None:
        if self._fault_count:
            raise FileRejected("a line is faulty")

    def read_on(self, blocks: Iterable[bytes], *, has_time: Callable[[], bool]) -> InputFaults:
        """Finds all faults, after `valid_blocks` met the first: reads the rest of its `blocks`.

        Where `has_time` says no, the count is of the lines that were read."""
        try:
            for block in blocks:
                if not has_time():
                    return self._faults_so_far(whole_file=False)
                self._check(block)
        except StorageBusy:
            if has_time():
                raise
            return self._faults_so_far(whole_file=False)
        self._finish()
        return self._faults_so_far(whole_file=True)

    def _faults_so_far(self, *, whole_file: bool) -> InputFaults:
        lines = self._line if whole_file else None
        return InputFaults(tuple(self._faults), self._fault_count, whole_file, lines)

    def facts(self, source: Segment) -> InputFacts:
        """The facts of what was checked, once `valid_blocks` has given out everything."""
        return InputFacts(
            bytes=self._bytes,
            records=self._digest.count,
            sha256=self._sha256.hexdigest(),
            record_id_digest=self._digest.to_text(),
            first_byte=source.first_byte,
            last_byte=source.last_byte,
            has_record_id=self._form.has_record_id,
        )

    def _check(self, block: bytes) -> None:
        """Checks the lines that end in `block`; what follows them waits for the next block."""
        self._bytes += len(block)
        if self._skipping:
            block = self._after_long_line(block)
        for lines in batches(self._rest, block):
            self._check_lines(lines)
        self._rest = rest_after(self._rest, block)
        if len(self._rest) > MAX_LINE_BYTES:
            self._rest, self._skipping = b"", len(self._rest)

    def _after_long_line(self, block: bytes) -> bytes:
        """Skips the rest of a line that is too long; what follows it in `block`."""
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
        """Checks the end of the file: a line without a newline is a line too."""
        if self._skipping:
            self._end_long_line()
        if self._rest:
            self._check_lines([self._rest])
            self._rest = b""

    def _check_lines(self, lines: list[bytes]) -> None:
        """Checks lines at once where all of them are valid and usual, otherwise one by one."""
        ids = self._quick.record_ids(lines)
        if ids is None:
            ids = self._ids_one_by_one(lines)
        else:
            self._line += len(lines)
        self._digest = self._digest.extended(ids)

    def _ids_one_by_one(self, lines: list[bytes]) -> list[str]:
        parse, ids = self._form.parse, []
        for line in lines:
            self._line += 1
            try:
                ids.append(parse(line).get(RECORD_ID, ""))
            except RecordFault as fault:
                self._add_fault(str(fault))
        return ids

    def _add_fault(self, text: str) -> None:
        self._fault_count += 1
        if len(self._faults) < FAULTS_KEPT:
            self._faults.append(InputFault(self._line, text))
