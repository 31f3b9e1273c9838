"""A batch is encoded in pieces, which no answer may tell."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_service.coder.text import encode as encoding
from coding_service.coder.text.encode import Encoded, Stream, encode
from coding_service.coder.text.vocabulary import FIRST_WORD, Lexicon

KNOWN = [b"bus", b"driver", b"nurse"]
FIELDS = [1.0, 0.5, 0.3]
TEXT = st.lists(
    st.sampled_from(["bus", "driver", "the", "nurse", "alpha", "beta", "gamma", "", "é"]),
    max_size=5,
).map(" ".join)


def lexicon(pairs: int) -> Lexicon:
    weights = np.arange(1, len(KNOWN) + pairs + 1, dtype=np.float32)
    return Lexicon(KNOWN, pairs=pairs, weights=weights, unseen_weight=9.0, room=50)


def of_each(encoded: Encoded) -> list[tuple[object, ...]]:
    """The terms of each record by field, its length and its title."""
    return [
        (
            *(
                bag.terms[bag.starts[row] : bag.starts[row] + bag.lengths[row]].tolist()
                for bag in encoded.bags
            ),
            float(encoded.lengths[row]),
            int(encoded.titles[row]),
        )
        for row in range(len(encoded.lengths))
    ]


@given(st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=9))
def should_be_the_same_numbers_when_a_batch_is_cut_into_pieces(
    records: list[tuple[str, str, str]],
) -> None:
    texts = [text for record in records for text in record]
    pairs = np.unique(Stream.of(["bus driver", "nurse the driver"], lexicon(0)).pairs(1)[1])
    whole = encode(texts, FIELDS, lexicon(len(pairs)), pairs)

    with patch.object(encoding, "PIECE_RECORDS", 2):
        pieces = encode(texts, FIELDS, lexicon(len(pairs)), pairs)

    assert of_each(pieces) == of_each(whole)
    assert len(whole.lengths) == len(records)
    for bag in pieces.bags:
        assert (bag.starts == np.cumsum(bag.lengths) - bag.lengths).all()


def should_count_pairs_over_words_that_are_passed_over_when_they_are_in_the_title() -> None:
    pairs = np.unique(
        Stream.of(["nurse driver"], lexicon(0)).pairs(1)[1]
    )  # and "driver" at the end
    words = lexicon(len(pairs))

    title, tasks, _ = encode(["nurse of the driver", "nurse driver", ""], FIELDS, words, pairs).bags

    assert title.terms.tolist() == [FIRST_WORD + 1, FIRST_WORD + 2, *words_of_pairs(words)]
    assert not len(tasks.terms)


def words_of_pairs(words: Lexicon) -> range:
    return range(words.first_pair, words.first_unseen)


def should_cut_smaller_pieces_when_there_are_many_numbers() -> None:
    layout = encoding._Layout.of(1 << 24, 3)

    assert layout.most_records == 64
    widest = encoding._Layout.of(1 << 24, 256)
    assert widest.most_records == 1
    keys = np.asarray([(7 << 8) | 3, (((1 << 24) - 1) << 8) | 255], np.uint32)
    assert widest.terms(keys).tolist() == [7, (1 << 24) - 1]
    assert widest.in_field(keys, 255).tolist() == keys[1:].tolist()


@pytest.mark.parametrize("texts", [[], ["", "", ""], ["!", "the", "\x1e"]])
def should_have_no_terms_when_texts_hold_no_words(texts: list[str]) -> None:
    encoded = encode(texts, FIELDS, lexicon(0), np.zeros(0, np.int64))

    assert [len(bag.terms) for bag in encoded.bags] == [0, 0, 0]
    assert encoded.lengths.tolist() == [1.0] * (len(texts) // 3)
