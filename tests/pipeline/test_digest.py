import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.digest import SequenceDigest

IDS = st.lists(st.text(max_size=8), max_size=20)


@given(IDS, IDS)
def should_equal_the_whole_when_two_pieces_are_joined(first: list[str], second: list[str]) -> None:
    joined = SequenceDigest().extended(first).joined(SequenceDigest().extended(second))

    assert joined == SequenceDigest().extended(first + second)


@given(IDS, IDS)
def should_resume_when_only_its_text_was_kept(first: list[str], second: list[str]) -> None:
    kept = SequenceDigest().extended(first).to_text()

    resumed = SequenceDigest.from_text(kept).extended(second)

    assert resumed == SequenceDigest().extended(first + second)


@pytest.mark.parametrize(
    "other",
    [
        ["b", "a", "c"],
        ["a", "b"],
        ["a", "b", "c", "c"],
        ["a", "b", ""],
        ["ab", "c", ""],
        ["", "a", "b", "c"],
        [],
    ],
)
def should_differ_when_a_line_was_moved_lost_doubled_or_changed(other: list[str]) -> None:
    digest = SequenceDigest().extended(["a", "b", "c"])

    assert SequenceDigest().extended(other).to_text() != digest.to_text()


def should_tell_lengths_apart_when_no_record_has_an_id() -> None:
    assert SequenceDigest().extended([""] * 3).value != SequenceDigest().extended([""] * 4).value


def should_take_half_a_surrogate_pair_as_it_stands() -> None:
    assert SequenceDigest().extended(["\ud800"]) != SequenceDigest().extended(["\ud801"])


def should_refuse_a_digest_of_another_construction() -> None:
    with pytest.raises(ValueError, match="poly127"):
        SequenceDigest.from_text("sha256:1:00")
