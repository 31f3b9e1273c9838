"""What one operation codes, in the state of an execution."""

from dataclasses import dataclass
from typing import ClassVar

from pipeline.domain.drop import Drop
from pipeline.domain.state_fields import MalformedState, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment(State):
    """A byte range of one object version; `last_byte` is included, as in HTTP ranges."""

    LEFT_OUT: ClassVar = frozenset({"distinct"})
    drop_id: str
    bucket: str
    key: str
    version_id: str
    etag: str
    """The ETag of the whole object version, without quotes."""
    first_byte: int
    last_byte: int
    results_prefix: str
    """The results prefix of the segment's drop; ends with a slash."""
    distinct: bool | None = None
    """As the drop's."""

    @property
    def length(self) -> int:
        """The segment's bytes."""
        return self.last_byte - self.first_byte + 1

    def __post_init__(self) -> None:
        if not 0 <= self.first_byte <= self.last_byte:
            raise MalformedState("a segment's first_byte must not be behind its last_byte")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(State):
    """What one operation codes: segments, in order."""

    LEFT_OUT: ClassVar = frozenset({"piece"})
    part_id: str
    topic: str
    model: str | None
    bytes: int
    """The bytes of all segments together: the upload's Content-Length."""
    segments: tuple[Segment, ...]
    piece: int | None = None
    """Which piece of its drop's file the part is, from 1; None where it is whole files."""

    @property
    def is_shared(self) -> bool:
        """Whether several drops share the part's operation."""
        return len(self.segments) > 1

    def __post_init__(self) -> None:
        if not self.segments:
            raise MalformedState("a part must have a segment")
        if self.bytes != sum(segment.length for segment in self.segments):
            raise MalformedState("a part's bytes must be the sum of its segments' lengths")


def whole_files(part_id: str, drops: tuple[Drop, ...]) -> Part:
    """A part of the whole files of drops, which have the same topic and model."""
    first = drops[0]
    return Part(
        part_id=part_id,
        topic=first.topic or "",
        model=first.model,
        bytes=sum(drop.sent.size for drop in drops),
        segments=tuple(whole_file(drop) for drop in drops),
    )


def whole_file(drop: Drop) -> Segment:
    """The segment of all bytes that are sent of a drop."""
    sent = drop.sent
    return Segment(
        drop_id=drop.drop_id,
        bucket=sent.bucket,
        key=sent.key,
        version_id=sent.version_id,
        etag=sent.etag,
        first_byte=0,
        last_byte=sent.size - 1,
        results_prefix=drop.results_prefix,
        distinct=drop.distinct,
    )
