"""Terms of records, and how much they count."""

import numpy as np
import pytest

from coding_service.coder.text.encode import encode
from coding_service.coder.text.features import Letters, grams
from coding_service.coder.text.vocabulary import (
    TEXT_END,
    WHOLE,
    Lexicon,
    LexiconFullError,
)
from coding_service.coder.text.word_table import NUMBER_BITS
from training.fit import term_counts as learning_terms
from training.fit.term_counts import Terms

NO_PAIRS = np.zeros(0, np.int64)


def lexicon(*words: bytes, room: int = 8) -> Lexicon:
    weights = np.arange(1, len(words) + 1, dtype=np.float32)
    return Lexicon(words, pairs=0, weights=weights, unseen_weight=9.0, room=room)


def should_count_a_term_once_in_its_weightiest_field_when_it_is_repeated() -> None:
    encoded = encode(
        ["bus driver bus", "drives the bus daily bus"],
        [1.0, 0.3],
        lexicon(b"bus", b"driver"),
        NO_PAIRS,
    )

    title, tasks = encoded.bags
    assert title.terms.tolist() == [2, 3]
    assert len(tasks.terms) == 2  # drives, daily
    assert encoded.lengths[0] == pytest.approx(np.sqrt(1 + 4 + 2 * (0.3 * 9) ** 2))


def should_know_a_title_by_its_words_in_any_order() -> None:
    words = lexicon(b"bus", b"driver", b"of", b"a")
    texts = ["Bus driver", "driver (bus)", "driver of a bus", "bus", "", "zyx"]

    titles = encode(texts, [1.0], words, NO_PAIRS).titles.tolist()

    assert titles[0] == titles[1] == titles[2]
    assert len(set(titles)) == 4
    assert titles[4] == 0


def should_make_room_when_it_forgets_unseen_words() -> None:
    words = lexicon(b"bus", room=2)
    texts = ["bus alpha beta"]

    encode(texts, [1.0], words, NO_PAIRS)
    with pytest.raises(LexiconFullError):
        encode(["gamma"], [1.0], words, NO_PAIRS)
    words.forget()

    assert len(encode(["gamma"], [1.0], words, NO_PAIRS).bags[0].terms) == 1
    assert words.unseen == [b"gamma"]


def should_keep_the_pairs_that_stand_in_the_most_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning_terms, "MOST_PAIRS", 2)
    texts = ["bus driver", "", "tram stop", "", "tram stop", "", "school bus driver", "bus driver"]
    texts += ["bus driver", "poet"]

    terms = Terms.of(texts, [1.0, 0.3], np.ones(5, np.bool_), room=0)

    # "bus driver" and "driver" at the end stand in three titles, "tram stop" in two.
    bus, driver = (terms.lexicon[word] for word in (b"bus", b"driver"))
    expected = [(bus << NUMBER_BITS) | driver, (driver << NUMBER_BITS) | TEXT_END]
    assert terms.vocabulary.pair_keys.tolist() == expected


def should_count_which_words_end_the_titles_of_a_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning_terms, "DOUBTED_TITLES", 0)
    texts = ["bus driver", "the driver of a bus", "bus stop", "", "Driver", "bus driver", "bus", ""]
    coded = np.asarray([True, False, True, True])

    terms = Terms.of(texts, [1.0, 0.3], coded, room=0)

    known = terms.vocabulary
    shares = dict(zip(known.words, (known.heads / WHOLE).tolist(), strict=True))
    assert shares == pytest.approx({b"bus": 1 / 3, b"driver": 1, b"stop": 0}, abs=0.01)


def should_be_a_vector_of_length_one_when_every_word_is_known() -> None:
    terms = Terms.of(["bus driver", "cook"], [1.0], np.ones(2, np.bool_), room=4)

    features = terms.features()
    rows = [terms.lexicon[word] for word in (b"bus", b"driver")]

    assert np.asarray(features[rows].power(2).sum(axis=1)).ravel() == pytest.approx([1.0, 1.0])


def should_be_the_shorter_the_less_of_a_word_is_known() -> None:
    letters = Letters({run: place for place, run in enumerate(grams(b"driver"))}, [1.0] * 11, 3.0)

    lengths = [
        sum(value**2 for value in letters.of(word)[1])
        for word in (b"driver", b"drivers", b"drier", b"zzzz")
    ]

    assert lengths == sorted(lengths, reverse=True)
    assert lengths[-1] == 0.0
