"""What one operation codes, in the state of an execution."""

from dataclasses import dataclass
from typing import Any, Self

from pipeline.domain.state_fields import (
    MalformedState,
    field_of,
    optional_text,
    state_of,
    text_of,
    whole_list,
    whole_number,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A byte range of one object version; `last_byte` is included, as in HTTP ranges."""

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

    @property
    def length(self) -> int:
        """The segment's bytes."""
        return self.last_byte - self.first_byte + 1

    @classmethod
    def from_state(cls, state: Any) -> Self:
        segment = cls(
            drop_id=text_of(state, "drop_id"),
            bucket=text_of(state, "bucket"),
            key=text_of(state, "key"),
            version_id=text_of(state, "version_id"),
            etag=text_of(state, "etag"),
            first_byte=whole_number(state, "first_byte"),
            last_byte=whole_number(state, "last_byte"),
            results_prefix=text_of(state, "results_prefix"),
        )
        if not 0 <= segment.first_byte <= segment.last_byte:
            raise MalformedState("a segment's first_byte must not be behind its last_byte")
        return segment

    def to_state(self) -> dict[str, Any]:
        return state_of(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one operation codes: segments, in order."""

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

    @classmethod
    def from_state(cls, state: Any) -> Self:
        part = cls(
            part_id=text_of(state, "part_id"),
            topic=text_of(state, "topic"),
            model=optional_text(state, "model"),
            bytes=whole_number(state, "bytes"),
            segments=tuple(Segment.from_state(each) for each in whole_list(state, "segments")),
            piece=None if field_of(state, "piece") is None else whole_number(state, "piece"),
        )
        if not part.segments:
            raise MalformedState("a part must have a segment")
        if part.bytes != sum(segment.length for segment in part.segments):
            raise MalformedState("a part's bytes must be the sum of its segments' lengths")
        return part

    def to_state(self) -> dict[str, Any]:
        segments = [segment.to_state() for segment in self.segments]
        return {**state_of(self, "piece"), "segments": segments}
