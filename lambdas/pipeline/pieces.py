"""The parts of one drop: one, or several where its file is larger than an operation takes."""

from dataclasses import dataclass, replace

from pipeline.cutting import cut, ranges_of
from pipeline.dropped import Drop, Rejection
from pipeline.errors import Rejected
from pipeline.identity import part_id
from pipeline.parts import Part, Segment
from pipeline.reading import BlockReader
from pipeline.sharing import whole_file, whole_files
from pipeline.states import Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """Cuts the files that are too large at line ends, reading only around the cuts."""

    reader: BlockReader
    max_file_bytes: int
    """That one operation takes."""

    def execution_of(self, drop: Drop) -> Execution:
        """The execution of one drop; one that is refused has no part. Raises `StorageBusy`."""
        if drop.rejection is not None or drop.topic is None:
            return Execution(drops=(drop,), parts=())
        if drop.size <= self.max_file_bytes:
            return Execution(drops=(drop,), parts=(whole_files(part_id(drop.drop_id), (drop,)),))
        whole = whole_file(drop)
        try:
            segments = cut(
                whole,
                max_part_bytes=self.max_file_bytes,
                read=ranges_of(whole, self.reader),
            )
        except Rejected as rejected:
            refused = Rejection(rejected.reason, rejected.next_step)
            return Execution(drops=(replace(drop, rejection=refused),), parts=())
        parts = tuple(_piece(drop, number, each) for number, each in enumerate(segments, start=1))
        return Execution(drops=(drop,), parts=parts)


def _piece(drop: Drop, number: int, segment: Segment) -> Part:
    return Part(
        part_id=part_id(drop.drop_id, number),
        topic=drop.topic or "",
        model=drop.model,
        bytes=segment.length,
        segments=(segment,),
        piece=number,
    )
