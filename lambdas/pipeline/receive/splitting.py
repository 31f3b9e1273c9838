"""The parts of one drop: one, or several where its file is larger than an operation takes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

from pipeline.domain.drop import Drop, Rejection
from pipeline.domain.execution import Execution
from pipeline.domain.identity import part_id
from pipeline.domain.part import Part, Segment, whole_file, whole_files
from pipeline.errors import FileRejected, Rejected
from pipeline.storage.block_reader import BlockReader
from protocol.records import MAX_LINE_BYTES
from shared.line_ends import LineEnds, Read

MAX_PARTS = 10_000  # of one file: S3 joins as many results into one (docs/limits.md)
MANY_PARTS = 100  # a hundredth more is no matter then, and to cut one by one takes minutes; ours
READERS = 8  # even cuts do not wait for each other; ours


def split_file(drop: Drop, *, reader: BlockReader, max_part_bytes: int) -> Execution:
    """The execution of one drop, its file cut at line ends where it is larger than a part.

    A drop that is rejected or has failed, or whose file can't be cut, has no part. Raises
    `StorageBusy`.
    """
    if not drop.is_to_be_coded:
        return Execution(drops=(drop,), parts=())
    if drop.sent.size <= max_part_bytes:
        return Execution(drops=(drop,), parts=(whole_files(part_id(drop.drop_id), (drop,)),))
    whole = whole_file(drop)
    try:
        segments = cut(whole, max_part_bytes=max_part_bytes, read=ranges_of(whole, reader))
    except Rejected as rejected:
        refused = Rejection(rejected.reason, rejected.next_step)
        return Execution(drops=(replace(drop, rejection=refused),), parts=())
    parts = (
        Part(
            part_id=part_id(drop.drop_id, number),
            topic=drop.topic or "",
            model=drop.model,
            bytes=segment.length,
            segments=(segment,),
            piece=number,
        )
        for number, segment in enumerate(segments, start=1)
    )
    return Execution(drops=(drop,), parts=tuple(parts))


def cut(source: Segment, *, max_part_bytes: int, read: Read) -> tuple[Segment, ...]:
    """The parts of `source`, in order, as few as line ends allow; a few more where they are many.

    Each has at most `max_part_bytes` and all but the last end with a newline. Raises
    `FileRejected` where a line is too long to be cut behind, or the parts would be too many;
    and whatever `read` raises.
    """
    file = _File(source.first_byte, source.last_byte + 1, max_part_bytes, LineEnds(read))
    count = file.least_count()
    cuts = file.even_cuts(count)
    if cuts is None and count >= MANY_PARTS:
        cuts = file.even_cuts(min(count + count // MANY_PARTS, MAX_PARTS))
    if cuts is None:
        cuts = file.fewest_cuts()
    bounds = pairwise((file.start, *cuts, file.end))
    return tuple(replace(source, first_byte=first, last_byte=end - 1) for first, end in bounds)


def ranges_of(source: Segment, reader: BlockReader) -> Read:
    """A reader of ranges of this object version, for `cut`; each is at most a block of `reader`."""

    def read(first: int, last: int) -> bytes:
        return reader.first_block(replace(source, first_byte=first, last_byte=last))

    return read


@dataclass(frozen=True, slots=True)
class _File:
    """The bytes from `start` up to, and without, `end`, to be cut into parts of `limit` bytes."""

    start: int
    end: int
    limit: int
    line_ends: LineEnds

    def least_count(self) -> int:
        """The fewest parts thinkable, wherever lines end."""
        count = ceil((self.end - self.start) / self.limit)
        if count > MAX_PARTS:
            raise self._too_many(count)
        return count

    def even_cuts(self, count: int) -> list[int] | None:
        """Cuts near the even places of so many parts; None if a part is too large."""
        if count == 1:
            return []
        places = [self._even_place(number, count) for number in range(1, count)]
        with ThreadPoolExecutor(READERS, thread_name_prefix="cut") as executor:
            found = list(executor.map(self._last_cut, [self.start] * len(places), places))
        cuts = [each for each in found if each is not None]
        lengths = [end - first for first, end in pairwise((self.start, *cuts, self.end))]
        good = len(cuts) == len(places) and min(lengths) > 0 and max(lengths) <= self.limit
        return cuts if good else None

    def fewest_cuts(self) -> list[int]:
        """Cuts into the fewest parts that line ends allow, as even as these can be."""
        latest = self._latest_cuts()
        count = len(latest) + 1
        cuts = [self.end]
        # From the end, each cut lies where the part behind it is not too large, and not behind
        # its latest place, where those in front of it are full.
        for number in range(count - 1, 0, -1):
            low = max(self._even_place(number, count), cuts[-1] - self.limit)
            cuts.append(self._first_cut(low, latest[number - 1]))
        return cuts[:0:-1]

    def _latest_cuts(self) -> list[int]:
        """The cuts if each part is as large as can be: no other way has fewer."""
        cuts: list[int] = []
        start = self.start
        while self.end - start > self.limit:
            found = self._last_cut(start, start + self.limit)
            if found is None:
                raise self._line_too_long(start + self.limit)
            cuts.append(found)
            start = found
            if len(cuts) == MAX_PARTS:
                raise self._too_many(MAX_PARTS + 1)
        return cuts

    def _last_cut(self, start: int, high: int) -> int | None:
        """The last cut after `start`, up to `high`; None where a line is too long."""
        return self.line_ends.last(max(start + 1, high - MAX_LINE_BYTES), high)

    def _first_cut(self, low: int, high: int) -> int:
        """The first cut from `low` up to `high`, which is a cut itself."""
        if low >= high:
            return high
        found = self.line_ends.first(low, min(high, low + MAX_LINE_BYTES))
        if found is None:
            raise self._line_too_long(low)
        return found

    def _even_place(self, number: int, count: int) -> int:
        return self.start + (self.end - self.start) * number // count

    def _line_too_long(self, place: int) -> FileRejected:
        most = min(self.limit, MAX_LINE_BYTES)
        return FileRejected(
            f"The line around byte {place:,} of the file is longer than {most:,} bytes.",
            next_step="Put each record on a line of its own, and drop the file again.",
        )

    def _too_many(self, count: int) -> FileRejected:
        return FileRejected(
            f"The file would need {count:,} parts or more, of at most {self.limit:,} bytes each; "
            f"at most {MAX_PARTS:,} are coded as one file.",
            next_step="Cut it at line ends into smaller files, and drop each of them.",
        )
