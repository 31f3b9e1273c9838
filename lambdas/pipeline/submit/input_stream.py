"""The input of an operation as a stream: one pass over a dropped file, read, checked, given out."""

from collections.abc import Callable, Generator, Iterator
from itertools import chain, islice
from typing import Protocol

from pipeline.domain.facts import InputFacts
from pipeline.domain.part import Segment
from pipeline.storage.block_reader import BlockReader
from pipeline.validation.input_lines import InputFaults, Validation

HEAD_BLOCKS = 1  # it comes when the block after it, or the end of a small file, is checked too


class InputStream(Protocol):
    """What is uploaded. A pass over it can be begun again."""

    @property
    def length(self) -> int:
        """Bytes."""

    @property
    def valid_blocks(self) -> Iterator[bytes]:
        """The bytes of this pass, checked, in blocks."""

    def facts(self) -> InputFacts:
        """The facts of the input, once all blocks of the pass have been given out."""

    def restart(self) -> None:
        """Begins another pass."""

    def close(self) -> None:
        """Releases what the pass holds."""


class ValidatedFile:
    """A segment whose lines are checked as its bytes pass by. Close it at the end.

    `valid_blocks` gives the bytes as they are; it raises as `Validation` and `BlockReader` do."""

    def __init__(
        self,
        reader: BlockReader,
        source: Segment,
        input_format: tuple[str, ...],
        *,
        has_time: Callable[[], bool],
    ) -> None:
        """`has_time` is asked while S3 is waited for; when it says no, reading ends."""
        self.source = source
        self.input_format = input_format
        self._reader = reader
        self._has_time = has_time
        self._open()

    def _open(self) -> None:
        self._validation = Validation(self.input_format)
        self._blocks = self._reader.blocks(self.source, has_time=self._has_time)
        self._checked: Generator[bytes, None, None] = self._validation.valid_blocks(self._blocks)
        self.valid_blocks: Iterator[bytes] = self._checked

    @property
    def length(self) -> int:
        """Bytes."""
        return self.source.length

    def check_head(self) -> None:
        """Checks the beginning (of a small file: all) before the service is asked for anything.

        Raises `FileRejected`."""
        self.valid_blocks = chain(list(islice(self.valid_blocks, HEAD_BLOCKS)), self.valid_blocks)

    def facts(self) -> InputFacts:
        """The facts of the segment, once all blocks have been given out."""
        return self._validation.facts(self.source)

    def all_faults(self) -> InputFaults:
        """Every fault of the segment, after `FileRejected`: reads on to count the others."""
        return self._validation.read_on(self._blocks, has_time=self._has_time)

    def restart(self) -> None:
        """Begins another pass, which reads and checks everything again."""
        self.close()
        self._open()

    def close(self) -> None:
        """Ends the threads that read and hash."""
        self._checked.close()
        self._blocks.close()
