"""One pass over a dropped file: read, checked, and given out for the upload."""

from collections.abc import Callable, Iterator
from itertools import chain, islice

from pipeline.attempts import InputFacts
from pipeline.parts import Segment
from pipeline.reading import BlockReader
from pipeline.validating import Faults, Validation

HEAD_BLOCKS = 1  # it comes when the block after it, or the end of a small file, is checked too


class CheckedDrop:
    """The good blocks of a segment, and what is known of them. Close it at the end."""

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
        self._validation = Validation(input_format)
        self._has_time = has_time
        self._blocks = reader.blocks(source, has_time=has_time)
        self._good = self._validation.good_blocks(self._blocks)
        self.good: Iterator[bytes] = self._good
        """The bytes as they are, checked; raises as `Validation` and
        `BlockReader` do."""

    @property
    def length(self) -> int:
        """Bytes."""
        return self.source.length

    def check_head(self) -> None:
        """Checks the beginning (of a small file: all) before anything is asked of the service.

        Raises `FileRejected`."""
        self.good = chain(list(islice(self.good, HEAD_BLOCKS)), self.good)

    def facts(self) -> InputFacts:
        """Once all blocks have been given out."""
        return self._validation.facts(self.source)

    def all_faults(self) -> Faults:
        """After `FileRejected`: reads on to count the other faults."""
        return self._validation.read_on(self._blocks, has_time=self._has_time)

    def close(self) -> None:
        """Ends the threads that read and hash."""
        self._good.close()
        self._blocks.close()
