"""What of a part the streams of this version can carry."""

from pipeline.states import MalformedState, Part, Segment


def only_segment(part: Part) -> Segment:
    """The part's segment. Raises `MalformedState` for a part of several: no stream carries them."""
    if len(part.segments) != 1:
        raise MalformedState(
            f"part {part.part_id} has {len(part.segments)} segments; a part has one until "
            "several files can share an operation"
        )
    return part.segments[0]
