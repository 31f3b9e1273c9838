"""The words of a block get the numbers that they would get one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_service.coder.text import word_table
from coding_service.coder.text.normalise import FUNCTION_WORDS, folded, words
from coding_service.coder.text.vocabulary import NOTHING, TEXT_END, Lexicon
from coding_service.coder.text.word_table import ABSENT, CutBlock, NumberTable, WordTable

# Few letters and all lengths around those at which the next key begins, so that many words begin
# alike.
WORDS = st.lists(
    st.text(alphabet="ab", min_size=1, max_size=24).map(str.encode), unique=True, max_size=30
)
TEXTS = st.lists(
    st.one_of(
        st.text(alphabet=st.characters(), max_size=60),
        st.text(alphabet="aB .'`-_/\x1e\n1é’–…ā営ิ", max_size=40),
        st.sampled_from(["engineer", "engineers", "engineering work", "the nurse", "会社員 営"]),
    ),
    max_size=6,
)


@given(WORDS, WORDS, st.data())
def should_find_the_numbers_of_known_words_alone_when_others_begin_alike(
    known: list[bytes], others: list[bytes], data: st.DataObject
) -> None:
    block = data.draw(st.lists(st.sampled_from([*known, *others, b"c"]), max_size=40))
    spaces = data.draw(st.sampled_from([b" ", b"   "]))
    numbers = {word: 3 * place for place, word in enumerate(known)}
    cut = CutBlock.of(spaces.join(block))

    found, unknown = WordTable(list(numbers), list(numbers.values())).find(cut)

    assert unknown.tolist() == [n for n, word in enumerate(block) if word not in numbers]
    assert cut.words(unknown) == [word for word in block if word not in numbers]
    found[unknown] = ABSENT
    assert found.tolist() == [numbers.get(word, ABSENT) for word in block]


def should_find_every_key_when_all_want_the_last_slot() -> None:
    inverse = pow(int(word_table._SPREAD), -1, 1 << 64)
    wanted = [(-place * inverse) % (1 << 64) for place in range(1, 41)]
    keys = np.asarray(wanted, np.uint64)
    table = NumberTable(keys[:30], np.arange(30, dtype=np.uint32))

    assert len(set(table._slots(keys).tolist())) == 1
    assert table.find(keys).tolist() == [*range(30), *[ABSENT] * 10]


@given(TEXTS, st.sets(st.sampled_from(["engineer", "engineers", "nurse", "会社員", "a1", "aba"])))
def should_number_the_words_of_each_text_when_texts_are_cut_as_one_block(
    texts: list[str], known: set[str]
) -> None:
    taught = sorted(word.encode() for word in known)
    weights = np.ones(len(taught), np.float32)
    lexicon = Lexicon(taught, pairs=0, weights=weights, unseen_weight=1.0, room=4_096)

    numbers = lexicon.numbers(folded(texts))

    expected = list[int]()
    for text in texts:
        expected += [lexicon[word.encode()] for word in words(text)]
        expected.append(TEXT_END)
    assert numbers[numbers != NOTHING].tolist() == expected
    assert {word.encode() for word in FUNCTION_WORDS}.isdisjoint(lexicon.unseen)


@pytest.mark.parametrize("block", [b"", b"   "])
def should_find_no_word_when_a_block_has_none(block: bytes) -> None:
    found, unknown = WordTable([b"nurse"], [2]).find(CutBlock.of(block))

    assert not len(found)
    assert not len(unknown)


def should_refuse_more_words_than_numbers_have_bits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_table, "ABSENT", 5)

    WordTable([b"ab", b"cd"], [2, 3])
    with pytest.raises(ValueError, match="3 words are too many"):
        WordTable([b"ab", b"longer than thirteen", b"also longer than thirteen"], [1, 2, 3])
