from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tables.rows import Cell, Written
from tables.text.plain_text import (
    NULL_WORDS,
    NotOneText,
    encodable,
    joined_texts,
    plain_texts,
)

TEXTS = st.lists(st.text(st.characters() | st.sampled_from(" \n\t\0\ud800\u200b\ufeff\xa0na")))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("  bus \t driver\r\n(casual)\xa0", "bus driver (casual)"),
        ("n\0ur\0se", "nurse"),
        ("\x1bcook\x07", "cook"),
        ("\ufeffcook\u200b", "cook"),
        ("half \ud83d of it", "half \ufffd of it"),
        ("می‌خواهم", "می‌خواهم"),  # keeps the joiner within a word
        (None, ""),
        (True, "true"),
        (7.0, "7"),
        (Written("1e400"), "1e400"),
        (Written("NaN"), ""),
        (date(2024, 2, 29), "2024-02-29"),
        (b"cook", "cook"),
        ("nanny", "nanny"),
    ],
)
def should_make_plain_text_of_any_cell(cell: Cell, text: str) -> None:
    assert plain_texts([cell]) == [text]
    assert plain_texts(["cook", cell, ""]) == ["cook", text, ""]
    assert type(plain_texts([cell])[0]) is str


@pytest.mark.parametrize("word", [*NULL_WORDS, *map(str.upper, NULL_WORDS), " Null ", "nAn"])
def should_take_words_for_nothing_as_nothing(word: str) -> None:
    assert plain_texts(["cook", word]) == ["cook", ""]


@given(texts=TEXTS)
@example(["a  b", " c", "d ", "  ", ""])
@settings(max_examples=40)
def should_clean_a_column_as_each_cell_alone(texts: list[Any]) -> None:
    found = plain_texts(list(texts))

    assert found == [plain_texts([text])[0] for text in texts]
    assert found == plain_texts(list(found))
    assert "\n".join(found).encode().decode().splitlines() is not None
    assert all(" ".join(text.split()) == text for text in found)
    msgspec.json.encode(found)


@pytest.mark.parametrize(("cell", "words"), [(["nurse"], "a list"), ({"a": 1}, "an object")])
def should_refuse_what_is_not_one_text(cell: Cell, words: str) -> None:
    with pytest.raises(NotOneText, match=words):
        plain_texts(["cook", cell])


@given(texts=TEXTS)
def should_make_ids_encodable_and_change_no_others(texts: list[str]) -> None:
    found = encodable(list(texts))

    msgspec.json.encode(found)
    for before, after in zip(texts, found, strict=True):
        kept = "\0" not in before and before.encode("utf-8", "replace").decode() == before
        assert not kept or after == before


def should_join_columns_without_empty_ones() -> None:
    columns = [["a", "", "a", ""], ["b", "b", "", ""]]

    assert joined_texts(columns) == ["a, b", "b", "a", ""]
