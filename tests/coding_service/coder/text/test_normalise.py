"""Words are found in whatever people write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_service.coder.text.normalise import END, FUNCTION_WORDS, folded, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R.N. (Aged Care)", ["rn", "aged", "care"]),
        ("Driver's mate / off-sider", ["drivers", "mate", "off", "sider"]),
        ("I am the CAFÉ owner", ["cafe", "owner"]),
        ("ＩＴ support", ["it", "support"]),
        ("会社員 営", ["会", "会社", "会社員", "社", "社員", "員", "営"]),
        ("3年 IT部", ["3", "年", "it", "部"]),
        ("ครูดี", ["ค", "คร", "ครด", "ร", "รด", "รดี", "ด", "ดี", "ี"]),
        ("медсестра", ["медсестра"]),
        ("snake_case", ["snake", "case"]),
        ("\u0000\u2028 \ud800 !!!", []),
        ("", []),
    ],
)
def should_find_the_words_when_a_text_is_written_as_people_do(
    text: str, expected: list[str]
) -> None:
    assert words(text) == expected


@given(st.text(alphabet=st.characters(), max_size=300))
def should_give_only_words_without_spaces_when_any_text_comes(text: str) -> None:
    assert all(word and " " not in word for word in words(text))


ANY_TEXTS = st.lists(
    st.one_of(
        st.text(alphabet=st.characters(), max_size=60),
        st.text(alphabet="aB .'`-_/\x1e\n1é’–…ā営ิ", max_size=40),
    ),
    max_size=6,
)


@given(ANY_TEXTS)
def should_find_the_same_words_when_texts_are_cut_as_one_block(texts: list[str]) -> None:
    found: list[list[str]] = [[]]
    for token in folded(texts).split():
        if token == END:
            found.append([])
        elif token.decode() not in FUNCTION_WORDS:
            found[-1].append(token.decode())

    assert found.pop() == []
    assert found == [words(text) for text in texts]
