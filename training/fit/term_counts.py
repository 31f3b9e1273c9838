"""The vocabulary of a topic's examples, and records as sparse rows, where models are trained."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from coding_service.coder.model_files import Vocabulary
from coding_service.coder.text.encode import Encoded, Stream, encode
from coding_service.coder.text.features import (
    PAIR_WEIGHT,
    WHOLE_WORD_SHARE,
    Flags,
    Integers,
    Letters,
    grams,
    rarity,
)
from coding_service.coder.text.normalise import END, FUNCTION_WORDS, folded
from coding_service.coder.text.vocabulary import (
    FIRST_WORD,
    TEXT_END,
    WHOLE,
    Lexicon,
    Shares,
)
from coding_service.coder.text.word_table import NUMBER_BITS

PAIR_EXAMPLES = 2  # a pair that stands in fewer tells nothing about others
MOST_PAIRS = 10_000  # those in the most examples; each has a row as wide as a word's
DOUBTED_TITLES = 2  # that a word does not end, as if there were so many more; ours

_PASSED_OVER = {word.encode() for word in FUNCTION_WORDS} | {END}


@dataclass(frozen=True, slots=True)
class Terms:
    """A vocabulary, and the features of every term: of the known ones and of words met later.

    The features are the words, then the pairs, then the runs of letters.
    """

    vocabulary: Vocabulary
    lexicon: Lexicon
    field_weights: Sequence[float]

    @classmethod
    def of(
        cls, texts: Sequence[str], field_weights: Sequence[float], coded: Flags, *, room: int
    ) -> "Terms":
        """The vocabulary of examples, sorted so that it is the same each time.

        `texts` are each field of the first example, then of the second, and so on; `field_weights`
        are those of the fields, the highest first; `coded` are the examples that have a code. There
        is room for `room` unseen words beside those of the examples.
        """
        words = sorted(set(folded(texts).split()) - _PASSED_OVER)
        counting = Lexicon(
            words, pairs=0, weights=np.ones(len(words), np.float32), unseen_weight=1.0, room=0
        )
        paired, keys = Stream.of(texts, counting).pairs(len(field_weights))
        at_end = (keys & ((1 << NUMBER_BITS) - 1) == TEXT_END) & coded[paired]
        lasts = (keys[at_end] >> NUMBER_BITS) - FIRST_WORD
        distinct = np.unique(np.stack([paired, keys]), axis=1)[1]
        pairs, pair_counts = np.unique(distinct, return_counts=True)
        frequent = np.sort(np.argsort(-pair_counts, kind="stable")[:MOST_PAIRS])
        frequent = frequent[pair_counts[frequent] >= PAIR_EXAMPLES]
        encoded = encode(texts, field_weights, counting, np.zeros(0, np.int64))
        records = len(encoded.lengths)
        counts = [each[:, FIRST_WORD:] for each in _counts(encoded, FIRST_WORD + len(words))]
        words_in = sum(counts)
        word_rarity = [rarity(records, int(n)) for n in np.asarray(words_in.sum(axis=0)).ravel()]
        pair_rarity = [rarity(records, int(n)) for n in pair_counts[frequent]]
        weights = [*word_rarity, *(PAIR_WEIGHT * each for each in pair_rarity)]
        vocabulary = Vocabulary(
            words,
            pairs[frequent],
            np.asarray(weights, np.float32),
            _letters(words, words_in, records),
            _heads(counts[0], lasts),
        )
        lexicon = Lexicon(
            words,
            pairs=len(vocabulary.pair_keys),
            weights=vocabulary.weights,
            unseen_weight=vocabulary.letters.unseen_rarity,
            room=room,
        )
        return cls(vocabulary, lexicon, field_weights)

    def records(self, texts: Sequence[str]) -> csr_matrix:
        """Records x terms, each record's vector of length one where every term is known."""
        encoded = encode(texts, self.field_weights, self.lexicon, self.vocabulary.pair_keys)
        weights = np.sqrt(self.lexicon.squares)
        matrix = sum(
            bag.weight * counts
            for bag, counts in zip(encoded.bags, _counts(encoded, len(weights)), strict=True)
        )
        scaled = matrix.multiply(weights[None, :]).multiply(1 / encoded.lengths[:, None])
        return csr_matrix(scaled, dtype=np.float32)

    def features(self) -> csr_matrix:
        """Terms x features, for every number that a term has by now."""
        known, letters = self.vocabulary, self.vocabulary.letters
        alone = len(known.words) + len(known.pair_keys)
        rows, columns, values = list[int](), list[int](), list[float]()
        for place in range(alone):
            rows.append(FIRST_WORD + place)
            columns.append(place)
            values.append(math.sqrt(WHOLE_WORD_SHARE) if place < len(known.words) else 1.0)
        spelt = [*enumerate(known.words, FIRST_WORD)]
        spelt += enumerate(self.lexicon.unseen, self.lexicon.first_unseen)
        for number, word in spelt:
            inside, parts = letters.of(word)
            rows += [number] * len(inside)
            columns += [alone + column for column in inside]
            values += parts
        shape = (len(self.lexicon.squares), alone + len(letters.columns))
        return csr_matrix((np.asarray(values, np.float32), (rows, columns)), shape=shape)


def _counts(encoded: Encoded, terms: int) -> list[csr_matrix]:
    """Records x terms for each field: 1 where a record has a term."""
    return [
        csr_matrix(
            (np.ones(len(bag.terms)), bag.terms, np.append(bag.starts, len(bag.terms))),
            shape=(len(bag.starts), terms),
        )
        for bag in encoded.bags
    ]


def _heads(in_titles: csr_matrix, lasts: Integers) -> Shares:
    """Of the titles with each word how many it ends, in 255ths; few say less than many.

    `lasts` are the last words of the titles of a code.
    """
    titles = np.asarray(in_titles.sum(axis=0)).ravel()
    ends = np.bincount(lasts, minlength=len(titles))
    shares: Shares = np.rint(WHOLE * ends / (titles + DOUBTED_TITLES)).astype(np.uint8)
    return shares


def _letters(words: Sequence[bytes], words_in: csr_matrix, records: int) -> Letters:
    inside = [set(grams(word)) for word in words]
    runs = sorted(set().union(*inside))
    columns = {run: column for column, run in enumerate(runs)}
    pointers = np.cumsum([0, *map(len, inside)])
    spelt: list[int] = [columns[run] for each in inside for run in sorted(each)]
    has = csr_matrix(
        (np.ones(len(spelt)), np.asarray(spelt, np.int64), pointers), shape=(len(words), len(runs))
    )
    counts = np.asarray(((words_in @ has) > 0).sum(axis=0)).ravel()
    return Letters(columns, [rarity(records, int(n)) for n in counts], rarity(records, 0))


def word_numbers(terms: Terms, texts: Sequence[str]) -> list[Integers]:
    """The numbers of the words in each record's first field, each once."""
    encoded = encode(texts, terms.field_weights, terms.lexicon, np.zeros(0, np.int64))
    return np.split(encoded.bags[0].terms, encoded.bags[0].starts[1:])
