"""From a topic to a model, where developers are: scikit-learn is not packaged in a Lambda."""

import operator
import platform
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import scipy
import sklearn

from coding_service.coder.both_readers import combined
from coding_service.coder.choose_code import leaves_of
from coding_service.coder.code_tree import Hierarchy
from coding_service.coder.errors import ModelError
from coding_service.coder.linear.classifiers import Classifiers, in_scope, softmax
from coding_service.coder.linear.score_tables import Bytes, Weights
from coding_service.coder.model_card import TWO_READERS, ModelCard, ScopeWeights, read_card
from coding_service.coder.model_files import ModelParts, write_model
from coding_service.coder.text.encode import encode
from coding_service.coder.text.features import Flags, Floats, Integers
from coding_service.coder.text.normalise import fold
from coding_service.coder.text.vocabulary import FIRST_WORD, Hashes
from training.fit.calibrate import best_temperatures, fit_scope, top_odds
from training.fit.fit_classifiers import Examples, Fit, HeldOut, fit_and_hold_out, folds_of
from training.fit.second_reader import fit_second_reader
from training.fit.sentence_model import read_sentence_model, weights_hash
from training.topic.topic import WITH_SENTENCES, Topic

SENTENCE_MODEL = Path(__file__).parents[2] / "build" / "sentence-models" / "all-MiniLM-L6-v2"
"""Where `make sentence-model` puts it."""
MODEL_TYPE = "hsvm"  # hierarchical support vector machine, as the guide's example has it
SEED = 20_240_101
# A namespace of our own, so that no other uuid5 of the same words is the same GUID.
MODEL_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:dropcoder:model")


def model_id(topic: Topic) -> str:
    """The GUID of the model that this topic trains to: the same folder, the same GUID."""
    named = f"{topic.settings.name}\n{topic.settings.version}\n{topic.fingerprint}"
    if topic.settings.readers == WITH_SENTENCES:
        named += f"\n{weights_hash(_sentence_model(topic))}"
    return str(uuid.uuid5(MODEL_NAMESPACE, named))


def _sentence_model(topic: Topic) -> Path:
    return topic.settings.sentence_model or SENTENCE_MODEL


def train(topic: Topic, *, seed: int = SEED) -> ModelParts:
    """A model of the topic, its confidence calibrated on examples it had not seen."""
    settings, hierarchy = topic.settings, topic.hierarchy
    # Stable, so that fields of equal weight keep their order.
    fields = sorted(settings.fields.items(), key=lambda field: -field[1])
    examples = Examples(
        [each.texts[name] for each in topic.examples for name, _ in fields],
        [weight for _, weight in fields],
        [each.code or "" for each in topic.examples],
    )
    # Examples of one title share a fold: its other phrasings would give the answer away.
    titles = [fold(each.texts[fields[0][0]]) for each in topic.examples]
    groups = [
        title or fold(" ".join(each.texts.values()))
        for title, each in zip(titles, topic.examples, strict=True)
    ]
    classifiers = Classifiers.of(hierarchy)
    fitted, held_out = fit_and_hold_out(examples, groups, classifiers, seed=seed)
    fitting = best_temperatures(held_out, examples, classifiers)
    fitting += fitting[-1:] * (len(settings.levels) - len(fitting))
    temperatures = tuple(map(operator.mul, fitting, settings.temperature_factors))
    codes = held_out.codes(examples)
    scope = fit_scope(
        top_odds(classifiers, held_out, temperatures),
        held_out.signs,
        np.asarray([code != "" for code in codes]),
    )
    nodes = _probabilities(classifiers, held_out, temperatures, scope)
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
        temperatures=temperatures,
        fingerprint=topic.fingerprint,
        seed=seed,
        libraries={
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "scikit-learn": sklearn.__version__,
        },
        metrics=_held_out_metrics(nodes, codes, classifiers, topic),
        phrases=topic.phrases,
        added=topic.added,
        scope=scope,
    )
    keys, leaves = _exact_titles(fitted, examples, hierarchy)
    parts = ModelParts(card, hierarchy, fitted.terms.vocabulary, _weights(fitted), keys, leaves)
    if settings.readers == WITH_SENTENCES:
        folds = folds_of(groups, seed=seed)
        first = held_out.of(np.flatnonzero(folds == 0))
        # Powers fitted on what the topic's factors leave would undo these.
        plain, nodes = (
            _probabilities(classifiers, first, each, scope) for each in (fitting, temperatures)
        )
        parts = _with_sentences(parts, examples, folds, plain, nodes, topic=topic)
    return parts


def _with_sentences(
    parts: ModelParts,
    examples: Examples,
    folds: Integers,
    plain: Floats,
    nodes: Floats,
    *,
    topic: Topic,
) -> ModelParts:
    """The model with a second reader.

    `nodes` is what the first made of the examples of fold 0, which it had not seen, `plain` the
    same without the topic's temperature factors.
    """
    classifiers, leaves = Classifiers.of(parts.hierarchy), parts.hierarchy.leaves
    model = read_sentence_model(_sentence_model(topic))
    number = {leaf: place for place, leaf in enumerate(leaves)}
    classes = np.asarray([number.get(code, len(leaves)) for code in examples.codes], np.int64)
    linear, plain = (_with_none(leaves_of(classifiers, each)) for each in (nodes, plain))
    second = fit_second_reader(model, examples.texts, classes, folds, plain, seed=parts.card.seed)
    place = {code: number for number, code in enumerate(classifiers.codes)}
    inside = np.zeros((len(leaves), len(classifiers.codes)), np.float32)
    for leaf, row in number.items():
        inside[row, [place[code] for code in classifiers.lineages[leaf]]] = 1.0
    both = combined(linear, second.read, second.powers)[:, :-1] @ inside
    asked = [examples.codes[row] for row in np.flatnonzero(folds == 0).tolist()]
    card = replace(
        parts.card,
        model_type=MODEL_TYPE + TWO_READERS,
        metrics=_held_out_metrics(both, asked, classifiers, topic),
        second_reader=second.card,
    )
    return replace(parts, card=card, sentences=second.reader)


def _with_none(odds: Floats) -> Floats:
    """Examples x (leaves, then "none of them"), of the probabilities of the leaves."""
    return np.hstack([odds, np.maximum(1 - odds.sum(axis=1, keepdims=True), 0)])


def _weights(fitted: Fit) -> Weights:
    """What the classifiers found out, folded into a row for each word and each pair."""
    words = fitted.terms.vocabulary
    known = len(words.words) + len(words.pair_keys)
    rows = fitted.rows()[FIRST_WORD : FIRST_WORD + known] * words.weights[:, None]
    return Weights(Bytes.of(rows), Bytes.of(fitted.weights[known:]), fitted.prior)


def _exact_titles(fitted: Fit, examples: Examples, hierarchy: Hierarchy) -> tuple[Hashes, Integers]:
    """The titles that stand under one leaf alone, somewhere without another text beside them.

    A title that is only ever given together with tasks may say nothing without them.
    """
    terms = fitted.terms
    titles = encode(
        examples.texts, examples.field_weights, terms.lexicon, terms.vocabulary.pair_keys
    ).titles.tolist()
    fields = len(examples.field_weights)
    codes: dict[int, set[str]] = {}
    alone = set[int]()
    for row, (title, code) in enumerate(zip(titles, examples.codes, strict=True)):
        codes.setdefault(title, set()).add(code)
        if not any(examples.texts[row * fields + 1 : (row + 1) * fields]):
            alone.add(title)
    number = {leaf: place for place, leaf in enumerate(hierarchy.leaves)}
    sole = {
        title: number[code]
        for title, found in sorted(codes.items())
        for code in found
        if title in alone and title and code and len(found) == 1
    }
    return np.asarray(list(sole), np.uint64), np.asarray(list(sole.values()), np.int64)


def train_into(topic: Topic, out: Path, *, seed: int = SEED) -> tuple[Path, tuple[str, ...]]:
    """Train a topic into `<out>/<topic>/<modelId>/`.

    A version names one model, so models of the topic with the same version are replaced, and so are
    models that this version of the coder can't read. Returns the model's directory, and the GUIDs
    of the models that it replaced.
    """
    parts = train(topic, seed=seed)
    folder = out / topic.settings.name
    directory = folder / parts.card.model_id
    write_model(parts, directory)
    replaced = []
    for other in sorted(folder.iterdir()):
        if other != directory and _version_of(other) in (None, parts.card.model_version):
            shutil.rmtree(other)
            replaced.append(other.name)
    return directory, tuple(replaced)


def _version_of(directory: Path) -> int | None:
    try:
        return read_card(directory).model_version
    except ModelError:
        return None


def _held_out_metrics(
    nodes: Floats, codes: Sequence[str], classifiers: Classifiers, topic: Topic
) -> dict[str, float]:
    """Measured on training examples by classifiers that had not seen them.

    `nodes` are the probabilities of all codes for each example, `codes` the right ones.
    """
    threshold, hierarchy = topic.settings.threshold, topic.hierarchy
    coded = np.asarray([code != "" for code in codes])
    place = {code: number for number, code in enumerate(classifiers.codes)}
    leaves = [place[leaf] for leaf in hierarchy.leaves]
    best = nodes[:, leaves].argmax(axis=1)
    hits = [hierarchy.leaves[leaf] == code for leaf, code in zip(best, codes, strict=True)]
    asserted = np.full(len(nodes), -1)
    for length in hierarchy.lengths:  # a deeper one takes the place of a shorter one
        level = [number for number, code in enumerate(classifiers.codes) if len(code) == length]
        reached = nodes[:, level].max(axis=1) >= threshold
        asserted[reached] = np.asarray(level)[nodes[reached][:, level].argmax(axis=1)]
    right = [
        code != "" and classifiers.codes[node] in classifiers.lineages[code]
        for node, code in zip(asserted.tolist(), codes, strict=True)
        if node >= 0
    ]
    return {
        "heldOutExamples": float(len(coded)),
        "heldOutAccuracy": _share(np.asarray(hits)[coded]),
        "heldOutCoverage": _share(asserted[coded] >= 0),
        "heldOutPrecision": _share(np.asarray(right)),
    }


def _probabilities(
    classifiers: Classifiers,
    held_out: HeldOut,
    temperatures: Sequence[float],
    scope: ScopeWeights | None,
) -> Floats:
    """Held-out examples x all codes."""
    top = top_odds(classifiers, held_out, temperatures)
    top = top[:, :-1] if scope is None else in_scope(top, held_out.signs, scope)
    scores = held_out.scores / np.asarray(temperatures, np.float32)[classifiers.column_levels]
    padded = np.pad(scores, ((0, 0), (0, 1)), constant_values=-np.inf)
    shares = (softmax(padded[:, bank.columns]) for bank in classifiers.banks[1:])
    return classifiers.probabilities(top, shares)


def _share(found: Flags) -> float:
    return round(float(found.mean()), 4) if len(found) else 0.0
