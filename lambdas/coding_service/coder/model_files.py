"""A model's directory: `model.json` (card), `codes.json` (hierarchy), `weights.npz` (arrays).

Nothing in it is pickled, so reading a model runs no code of its maker.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coding_service.coder.errors import ModelError
from coding_service.coder.features import Vocabulary
from coding_service.coder.hierarchy import Code, Hierarchy
from coding_service.coder.model_card import CARD, ModelCard, read_card
from coding_service.coder.sparse import Floats

CODES, WEIGHTS = "codes.json", "weights.npz"


@dataclass(frozen=True, slots=True)
class ModelParts:
    """What a model directory holds; `Model` gives the arrays' shapes."""

    card: ModelCard
    hierarchy: Hierarchy
    vocabulary: Vocabulary
    weights: Floats
    prior: Floats


def write_model(parts: ModelParts, directory: Path) -> None:
    """Write a model into a directory, the card last: whoever sees the card may trust the rest."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / CARD).unlink(missing_ok=True)
    codes = [[each.code, each.label, each.parent] for each in parts.hierarchy.codes.values()]
    _write_json(directory / CODES, codes)
    features = "\n".join(parts.vocabulary.columns).encode()
    np.savez_compressed(
        directory / WEIGHTS,
        features=np.frombuffer(features, np.uint8),
        rarity=np.asarray(parts.vocabulary.rarity, np.float32),
        unseen_rarity=np.asarray(parts.vocabulary.unseen_rarity, np.float32),
        weights=parts.weights,
        prior=parts.prior,
    )
    _write_json(directory / CARD, parts.card.to_json())


def read_model(directory: Path) -> ModelParts:
    """The parts of the model in a directory.

    :raises ModelError: a file is missing, damaged, or does not fit the others.
    """
    card = read_card(directory)
    path = directory / CODES
    try:
        codes = [Code(*row) for row in json.loads(path.read_bytes())]
        path = directory / WEIGHTS
        with np.load(path, allow_pickle=False) as arrays:
            features = arrays["features"].tobytes().decode().split("\n")
            vocabulary = Vocabulary(
                {feature: column for column, feature in enumerate(features)},
                arrays["rarity"].tolist(),
                float(arrays["unseen_rarity"]),
            )
            weights, prior = arrays["weights"], arrays["prior"]
    except OSError as error:
        raise ModelError(path, error.strerror or "cannot be read") from error
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(path, f"damaged: {error!r}") from error
    hierarchy = Hierarchy.of(card.levels, codes)
    classes = len(hierarchy.leaves) + 1
    if weights.shape != (len(features), classes) or prior.shape != (classes,):
        raise ModelError(
            path, f"the weights are not for {len(features)} features and {classes} classes"
        )
    return ModelParts(card, hierarchy, vocabulary, weights, prior)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
