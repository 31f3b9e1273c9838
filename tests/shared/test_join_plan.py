from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.join_plan import (
    MAX_COPY_BYTES,
    MAX_PARTS,
    MIN_PART_BYTES,
    CopyStep,
    GatherStep,
    JoinSource,
    SourceRange,
    TooLargeToJoin,
    fingerprint,
    steps_of,
)

LEAST, MOST = 10, 25  # bytes, in place of S3's limits
GB = 10**9


def _sources(sizes: list[int]) -> list[JoinSource]:
    return [JoinSource(f"part {number}", size, f'"{number}"') for number, size in enumerate(sizes)]


@st.composite
def contents(draw: st.DrawFn) -> list[bytes]:
    """Of sources; those that do not end with a newline lack one."""
    letters = st.sampled_from(b"ab\n")
    return draw(st.lists(st.lists(letters, min_size=1, max_size=90).map(bytes), max_size=12))


@given(contents())
def should_take_every_byte_once_and_in_order_when_objects_are_joined(parts: list[bytes]) -> None:
    by_key = {f"part {number}": content for number, content in enumerate(parts)}
    sources = [
        JoinSource(key, len(content), '"1"', ends_line=content.endswith(b"\n"))
        for key, content in by_key.items()
    ]

    def content_of(piece: SourceRange | bytes) -> bytes:
        if isinstance(piece, bytes):
            return piece
        return by_key[piece.source.key][piece.first : piece.last + 1]

    steps = steps_of(sources, min_part_bytes=LEAST, copy_bytes=MOST)

    pieces = [step.pieces if isinstance(step, GatherStep) else (step.span,) for step in steps]
    written = [b"".join(map(content_of, step)) for step in pieces]
    ended = [part if part.endswith(b"\n") else part + b"\n" for part in parts[:-1]]
    assert b"".join(written) == b"".join(ended + parts[-1:])
    assert [len(content) for content in written] == [step.size for step in steps]


@given(st.lists(st.integers(1, 200), max_size=12))
def should_keep_to_the_limits_of_parts_when_objects_have_any_size(sizes: list[int]) -> None:
    steps = steps_of(_sources(sizes), min_part_bytes=LEAST, copy_bytes=MOST)

    assert all(step.size >= LEAST for step in steps[:-1])
    assert all(0 < step.size <= MOST for step in steps if isinstance(step, CopyStep))
    assert all(0 < step.size <= LEAST for step in steps if isinstance(step, GatherStep))


def should_read_at_the_seams_alone_when_objects_are_large() -> None:
    steps = steps_of(_sources([3 * GB + 1, 4 * GB, 5 * GB]))

    assert {type(step) for step in steps} == {CopyStep}


def should_read_five_mebibytes_when_a_newline_is_wanting() -> None:
    large = [JoinSource("a", 3 * GB, '"a"', ends_line=False), JoinSource("b", 3 * GB, '"b"')]

    gathered = [step for step in steps_of(large) if isinstance(step, GatherStep)]

    assert gathered == [GatherStep((b"\n", SourceRange(large[1], 0, MIN_PART_BYTES - 2)))]


def should_end_as_the_last_object_ends_when_it_lacks_a_newline() -> None:
    last = JoinSource("a", 3, '"a"', ends_line=False)

    assert steps_of([last]) == (GatherStep((SourceRange(last, 0, 2),)),)


def should_make_larger_copies_when_there_would_be_too_many() -> None:
    steps = steps_of(_sources([20 * GB] * 1000))

    assert len(steps) <= MAX_PARTS
    assert max(step.size for step in steps) <= MAX_COPY_BYTES


@pytest.mark.parametrize(
    "sizes",
    [
        [MAX_COPY_BYTES] * MAX_PARTS,
        [MIN_PART_BYTES] * MAX_PARTS,
        [1] * MAX_PARTS,
        [1, 5 * GB] * (MAX_PARTS // 2),
    ],
    ids=["full", "least", "tiny", "tiny and full"],
)
def should_join_ten_thousand_objects_when_s3_holds_the_whole(sizes: list[int]) -> None:
    steps = steps_of(_sources(sizes))

    assert len(steps) <= MAX_PARTS
    assert sum(step.size for step in steps) == sum(sizes)


@pytest.mark.parametrize(
    "sources",
    [
        _sources([100_000 * GB]),
        _sources([6 * GB] * MAX_PARTS),
        [JoinSource(f"{n}", 1 * GB, ends_line=False) for n in range(MAX_PARTS)],
    ],
    ids=["one", "many", "without newlines"],
)
def should_refuse_when_s3_can_not_hold_the_whole(sources: list[JoinSource]) -> None:
    with pytest.raises(TooLargeToJoin, match="more than S3 joins into one, of 10,000 parts"):
        steps_of(sources)


def should_give_plans_other_fingerprints_when_an_object_is_another() -> None:
    etags = count()
    plans = [steps_of([JoinSource("a", 3 * GB, f'"{next(etags)}"')]) for _ in range(2)]

    assert fingerprint(plans[0]) != fingerprint(plans[1])
    assert fingerprint(plans[0]) == fingerprint(steps_of([JoinSource("a", 3 * GB, '"0"')]))
