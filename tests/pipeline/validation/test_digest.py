import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.validation.digest import BASE, PRIME, SequenceDigest

IDS = st.lists(st.text(max_size=8) | st.sampled_from(["", "\n", "\\", "\\n", "\0"]), max_size=20)


def _of(ids: list[str]) -> SequenceDigest:
    return SequenceDigest().extended(ids)


def _is_prime(number: int) -> bool:
    """Miller and Rabin's test, wrong once in 10^24."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    chance = random.Random(1)  # noqa: S311  no secret
    for _ in range(40):
        power = pow(chance.randrange(2, number - 1), odd, number)
        if power not in (1, number - 1) and all(
            (power := power * power % number) != number - 1 for _ in range(twos - 1)
        ):
            return False
    return True


def should_shift_by_powers_that_hardly_ever_repeat() -> None:
    half = (PRIME - 1) // 2

    assert _is_prime(PRIME)
    assert _is_prime(half)
    assert pow(BASE, half, PRIME) == 1  # so they repeat after `half`, which is prime, or after 1
    assert BASE % PRIME != 1


@given(IDS, IDS)
def should_equal_the_whole_when_two_pieces_are_joined(first: list[str], second: list[str]) -> None:
    assert _of(first).joined(_of(second)) == _of(first + second)


@pytest.mark.parametrize("count", [1, 7, 300, 3000, 30_000])
def should_be_the_number_that_the_ids_are_modulo_the_prime(count: int) -> None:
    ids = [f"id-{number}" for number in range(count)]
    number = int.from_bytes("".join(f"{each}\n" for each in ids).encode(), "big")

    assert _of(ids).value == number % PRIME


@given(IDS, IDS)
def should_resume_when_only_its_text_was_kept(first: list[str], second: list[str]) -> None:
    kept = _of(first).to_text()

    assert SequenceDigest.from_text(kept).extended(second) == _of(first + second)


@given(IDS, IDS)
def should_tell_any_two_sequences_apart(first: list[str], second: list[str]) -> None:
    assert (_of(first).to_text() == _of(second).to_text()) == (first == second)


@pytest.mark.parametrize(
    "other",
    [
        ["b", "a", "c"],
        ["a", "b"],
        ["a", "b", "c", "c"],
        ["a", "b", ""],
        ["ab", "c", ""],
        ["", "a", "b", "c"],
        ["a\nb", "c"],
        ["a\\nb", "c"],
        [],
    ],
)
def should_differ_when_a_line_was_moved_lost_doubled_or_changed(other: list[str]) -> None:
    assert _of(other).to_text() != _of(["a", "b", "c"]).to_text()


def should_tell_ids_apart_that_changed_places_far_from_each_other() -> None:
    ids = [f"{number:08}" for number in range(2000)]
    for distance in (1, 127, 128, 1999):
        swapped = ids.copy()
        swapped[0], swapped[distance] = swapped[distance], swapped[0]
        assert _of(swapped) != _of(ids)


def should_tell_newlines_in_ids_from_the_ends_of_ids() -> None:
    lists = [["a\nb", "c"], ["a", "b\nc"], ["a\\nb", "c"], ["a", "b\\nc"], ["a\\\nb", "c"]]

    assert len({_of(ids).to_text() for ids in lists}) == len(lists)


def should_tell_lengths_apart_when_no_record_has_an_id() -> None:
    assert _of([""] * 3).value != _of([""] * 4).value


def should_take_half_a_surrogate_pair_as_it_stands() -> None:
    assert _of(["\ud800"]) != _of(["\ud801"])


@pytest.mark.parametrize("text", ["sha256:1:00", "poly127:1:00", "mod120:1:00", ""])
def should_refuse_a_digest_of_another_construction(text: str) -> None:
    with pytest.raises(ValueError, match=r"mod120|unpack"):
        SequenceDigest.from_text(text)
