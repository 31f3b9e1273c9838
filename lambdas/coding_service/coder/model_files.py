"""A model's directory: `model.json` (card), `codes.json` (hierarchy), `weights.npz` (arrays).

Nothing in it is pickled, so reading a model runs no code of its maker.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from coding_service.coder.array_files import read_arrays
from coding_service.coder.code_tree import Code, Hierarchy
from coding_service.coder.errors import ModelError
from coding_service.coder.linear.classifiers import Classifiers
from coding_service.coder.linear.score_tables import Bytes, Weights
from coding_service.coder.model_card import CARD, CODES, SENTENCE, WEIGHTS, ModelCard, read_card
from coding_service.coder.sentence.reader import SentenceReader, read_reader, write_reader
from coding_service.coder.text.features import Floats, Integers, Letters
from coding_service.coder.text.vocabulary import Hashes, Shares
from shared.received_json import read_json


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The terms that have rows in a model."""

    words: Sequence[bytes]
    """The words as UTF-8; theirs are the first rows."""
    pair_keys: Integers
    """The keys of the pairs, sorted; theirs are the rows after those of the words."""
    weights: Floats
    """How much each of them counts in a record."""
    letters: Letters
    """The runs of letters."""
    heads: Shares
    """Of the titles with each word how many it ends, in 255ths; one that ends many is what a person
    is."""


@dataclass(frozen=True, slots=True)
class ModelParts:
    """What a model directory holds."""

    card: ModelCard
    hierarchy: Hierarchy
    vocabulary: Vocabulary
    weights: Weights
    exact_keys: Hashes
    """Hashes of titles that stand for one leaf, sorted."""
    exact_leaves: Integers
    """The number of the leaf of each."""
    sentences: SentenceReader | None = None
    """The second reader, where the model's card names one."""


def write_model(parts: ModelParts, directory: Path) -> None:
    """Write a model into a directory, the card last: whoever sees the card may trust the rest."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / CARD).unlink(missing_ok=True)
    codes = [[each.code, each.label, each.parent] for each in parts.hierarchy.codes.values()]
    _write_json(directory / CODES, codes)
    vocabulary, letters = parts.vocabulary, parts.vocabulary.letters
    np.savez_compressed(
        directory / WEIGHTS,
        words=np.frombuffer(b"\n".join(vocabulary.words), np.uint8),
        pair_keys=vocabulary.pair_keys,
        term_weights=vocabulary.weights,
        letters=np.frombuffer("\n".join(letters.columns).encode(), np.uint8),
        letter_rarity=np.asarray(letters.rarity, np.float32),
        unseen_rarity=np.asarray(letters.unseen_rarity, np.float32),
        heads=vocabulary.heads,
        rows=parts.weights.rows.bytes,
        row_steps=parts.weights.rows.steps,
        letter_rows=parts.weights.letters.bytes,
        letter_steps=parts.weights.letters.steps,
        prior=parts.weights.prior,
        exact_keys=parts.exact_keys,
        exact_leaves=parts.exact_leaves,
    )
    card = parts.card
    if card.second_reader and parts.sentences:
        digest = write_reader(parts.sentences, directory / SENTENCE)
        card = replace(card, second_reader=replace(card.second_reader, file_hash=digest))
    _write_json(directory / CARD, card.to_json())


def read_model(directory: Path) -> ModelParts:
    """The parts of the model in a directory.

    Raises `ModelError` if a file is missing, damaged, or does not fit the others.
    """
    card = read_card(directory)
    path = directory / CODES
    try:
        codes = [Code(*row) for row in read_json(path.read_bytes())]
        path = directory / WEIGHTS
        arrays = read_arrays(path)
        letters = _texts(arrays["letters"])
        vocabulary = Vocabulary(
            _texts(arrays["words"]),
            arrays["pair_keys"],
            arrays["term_weights"],
            Letters(
                {run.decode(): column for column, run in enumerate(letters)},
                arrays["letter_rarity"].tolist(),
                float(arrays["unseen_rarity"]),
            ),
            arrays["heads"],
        )
        weights = Weights(
            Bytes(arrays["rows"], arrays["row_steps"]),
            Bytes(arrays["letter_rows"], arrays["letter_steps"]),
            arrays["prior"],
        )
        exact_keys, exact_leaves = arrays["exact_keys"], arrays["exact_leaves"]
    except OSError as error:
        raise ModelError(path, error.strerror or "cannot be read") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(path, f"damaged: {error!r}") from error
    hierarchy = Hierarchy.of(card.levels, codes)
    second = None
    if card.second_reader:
        second = read_reader(
            directory / SENTENCE,
            digest=card.second_reader.file_hash,
            fields=len(card.field_weights),
            leaves=len(hierarchy.leaves),
        )
    parts = ModelParts(card, hierarchy, vocabulary, weights, exact_keys, exact_leaves, second)
    if not _fits(parts):
        raise ModelError(path, "the weights are not for these codes and words")
    return parts


def _fits(parts: ModelParts) -> bool:
    width = Classifiers.of(parts.hierarchy).width if parts.hierarchy.leaves else 0
    words = parts.vocabulary
    terms = len(words.words) + len(words.pair_keys)
    return (
        parts.weights.rows.bytes.shape == (terms, width)
        and parts.weights.rows.steps.shape == (width,)
        and words.weights.shape == (terms,)
        and words.heads.shape == (len(words.words),)
        and parts.weights.letters.bytes.shape == (len(words.letters.columns), width)
        and parts.weights.letters.steps.shape == (width,)
        and parts.weights.prior.shape == (width,)
        and len(words.letters.rarity) == len(words.letters.columns)
        and len(parts.exact_keys) == len(parts.exact_leaves)
        and len(parts.card.temperatures) == len(parts.hierarchy.lengths)
    )


def _texts(joined: np.ndarray) -> list[bytes]:
    content = joined.tobytes()
    return content.split(b"\n") if content else []


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
