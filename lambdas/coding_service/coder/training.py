"""From a topic to a model, where developers are: scikit-learn is not packaged in a Lambda."""

from __future__ import annotations

import platform
import shutil
import uuid
from pathlib import Path

import numpy as np
import scipy
import sklearn

from coding_service.coder.errors import ModelError
from coding_service.coder.features import terms_of
from coding_service.coder.fitting import Labels, best_temperature, fit, held_out_scores
from coding_service.coder.hierarchy import Hierarchy
from coding_service.coder.model import softmax
from coding_service.coder.model_card import ModelCard, read_card
from coding_service.coder.model_files import ModelParts, write_model
from coding_service.coder.sparse import Floats
from coding_service.coder.text import fold
from coding_service.coder.topic import Topic

MODEL_TYPE = "ngram-softmax"
SEED = 20_240_101
# A namespace of our own, so that no other uuid5 of the same words is the same GUID.
MODEL_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:dropcoder:model")


def model_id(topic: Topic) -> str:
    """The GUID of the model that this topic trains to: the same folder, the same GUID."""
    named = f"{topic.settings.name}\n{topic.settings.version}\n{topic.fingerprint}"
    return str(uuid.uuid5(MODEL_NAMESPACE, named))


def train(topic: Topic, *, seed: int = SEED) -> ModelParts:
    """A model of the topic, its confidence calibrated on examples it had not seen."""
    leaves = topic.hierarchy.leaves
    number = {leaf: place for place, leaf in enumerate(leaves)}
    none = len(leaves)
    labels = np.asarray(
        [none if each.code is None else number[each.code] for each in topic.examples], np.int64
    )
    texts = [each.texts for each in topic.examples]
    records = terms_of(texts, topic.settings.fields)
    # Examples of one title share a fold: its other phrasings would give the answer away.
    first_field = next(iter(topic.settings.fields))
    groups = [fold(each[first_field]) or fold(" ".join(each.values())) for each in texts]
    scores = held_out_scores(records, labels, groups, none + 1, seed=seed)
    temperature = best_temperature(scores, labels)
    odds = softmax(scores / np.float32(temperature))
    fitted = fit(records, labels, none + 1, seed=seed)
    settings = topic.settings
    card = ModelCard(
        topic=settings.name,
        full_name=settings.full_name,
        model_id=model_id(topic),
        model_version=settings.version,
        release_date=settings.released,
        model_type=MODEL_TYPE,
        field_weights=settings.fields,
        standard=settings.standard,
        topic_version=settings.topic_version,
        levels=settings.levels,
        threshold=settings.threshold,
        temperature=temperature,
        fingerprint=topic.fingerprint,
        seed=seed,
        libraries={
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "scikit-learn": sklearn.__version__,
        },
        metrics=_held_out_metrics(odds, labels, topic.hierarchy, settings.threshold),
    )
    return ModelParts(card, topic.hierarchy, fitted.vocabulary, fitted.weights, fitted.prior)


def train_into(topic: Topic, out: Path, *, seed: int = SEED) -> tuple[Path, tuple[str, ...]]:
    """Train a topic into `<out>/<topic>/<modelId>/`.

    A version names one model, so models of the topic with the same version are replaced.

    :returns: the model's directory, and the GUIDs of the models that it replaced.
    """
    parts = train(topic, seed=seed)
    folder = out / topic.settings.name
    directory = folder / parts.card.model_id
    write_model(parts, directory)
    replaced = []
    for other in sorted(folder.iterdir()):
        if other != directory and _version_of(other) == parts.card.model_version:
            shutil.rmtree(other)
            replaced.append(other.name)
    return directory, tuple(replaced)


def _version_of(directory: Path) -> int | None:
    try:
        return read_card(directory).model_version
    except ModelError:
        return None


def _held_out_metrics(
    odds: Floats, labels: Labels, hierarchy: Hierarchy, threshold: float
) -> dict[str, float]:
    """Measured on training examples by models that had not seen them."""
    none = len(hierarchy.leaves)
    coded = labels < none
    placed = hierarchy.place(odds[:, :-1], threshold)
    asserted = placed.depth >= 0
    right = np.asarray(
        [
            bool(coded[row]) and hierarchy.levels[depth].gathers[labels[row], placed.best[row]] > 0
            for row, depth in enumerate(placed.depth.tolist())
            if depth >= 0
        ]
    )
    return {
        "heldOutExamples": float(len(labels)),
        "heldOutAccuracy": round(
            float((odds[coded, :-1].argmax(axis=1) == labels[coded]).mean()), 4
        ),
        "heldOutCoverage": round(float(asserted[coded].mean()), 4),
        "heldOutPrecision": round(float(right.mean()), 4) if len(right) else 0.0,
    }
