"""Texts are cut as the sentence model's makers cut them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_service.coder.sentence.word_pieces import MOST_PIECES, WordPieces

VOCABULARY = [
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "bus",
    "driver",
    "drive",
    "##r",
    "##s",
    "cafe",
    ",",
    "看",
    "ß",
]
PIECES = WordPieces.of(VOCABULARY, lower_case=True)


def cut(text: str) -> list[str]:
    """The pieces between the two marks."""
    return [VOCABULARY[number] for number in PIECES.of_text(text)[1:-1]]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("bus driver", ["bus", "driver"]),
        ("BUS  drivers", ["bus", "driver", "##s"]),
        ("bus,driver", ["bus", ",", "driver"]),
        ("Café", ["cafe"]),
        ("bus看看", ["bus", "看", "看"]),
        ("xyz", ["[UNK]"]),
        ("busxyz bus", ["[UNK]", "bus"]),
        ("bu\u200bs\x07", ["bus"]),
        ("bus\u00a0driver\nbus", ["bus", "driver", "bus"]),
        ("b" * 101, ["[UNK]"]),
        ("", []),
    ],
)
def should_take_the_longest_pieces_when_a_word_is_cut(text: str, pieces: list[str]) -> None:
    assert cut(text) == pieces


def should_keep_accents_and_capitals_when_the_model_tells_them_apart() -> None:
    pieces = WordPieces.of([*VOCABULARY, "Café"], lower_case=False)

    assert pieces.of_text("Café")[1:-1] == (len(VOCABULARY),)
    assert pieces.of_text("BUS")[1:-1] == (0,)


def should_refuse_a_vocabulary_when_a_mark_is_missing() -> None:
    with pytest.raises(KeyError):
        WordPieces.of(["[CLS]", "[SEP]", "bus"], lower_case=True)


def should_refuse_a_vocabulary_when_a_piece_stands_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        WordPieces.of([*VOCABULARY, "bus"], lower_case=True)


@given(st.text(max_size=400))
def should_give_few_numbers_between_two_marks_when_any_text_comes(text: str) -> None:
    numbers = PIECES.of_text(text)

    assert 2 <= len(numbers) <= MOST_PIECES
    assert (VOCABULARY[numbers[0]], VOCABULARY[numbers[-1]]) == ("[CLS]", "[SEP]")
    assert not {"[CLS]", "[SEP]"} & {VOCABULARY[number] for number in numbers[1:-1]}
    assert numbers == PIECES.of_text(text)
