"""Fitting the second reader: what a topic's codes look like in a sentence model's numbers.

The sentence model stays as it is. Over its numbers stands a linear layer with a softmax. It begins
as a linear discriminant (Fisher, 1936: the codes' means, and one covariance for all, drawn towards
equal variances), and goes on by a short stochastic gradient descent with momentum. The powers with
which the two readers' probabilities are combined are those under which the examples of one fold are
likeliest, which neither had seen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from coding_service.coder.both_readers import combined, powers_of
from coding_service.coder.linear.classifiers import softmax
from coding_service.coder.model_card import Powers, SecondReader
from coding_service.coder.sentence.encoder import Scaled
from coding_service.coder.sentence.reader import SentenceReader
from coding_service.coder.text.features import Doubles, Floats, Integers
from training.fit.fit_classifiers import random_words
from training.fit.sentence_model import SentenceModel

RUNS_BELOW = 0.9  # as good as asking always; docs/coder.md has what others gave
SHRINKAGE = 0.1  # of the covariance towards equal variances; 0.03 and 0.3 gave the same
START = np.float32(0.1)  # of the discriminant, which is far too sure
STEPS = 600  # of the descent; docs/coder.md has what else was tried
BATCH = 512  # examples a step
FIRST_RATE = 0.5  # of the steps, which shrink to nothing
MOMENTUM = np.float32(0.9)
STRETCH = np.float32(12)  # of the inputs, whose length is one, so that steps are large enough
NOISE_RECORDS = 1_000  # of random letters, which are of no code
UNSEEN = 0.1  # examples that a class without any counts as
MOST_ASKED = 8_000  # held-out examples that powers are fitted on; ours: more change little
FIRST_POWERS = (0.5, 0.5)  # where the search begins
ROWS_AT_A_TIME = 8_192  # in double precision, to spare memory; ours
TINY = 1e-6  # least variance, where all examples are alike


@dataclass(frozen=True, slots=True)
class FittedReader:
    """A second reader."""

    reader: SentenceReader
    card: SecondReader
    """Without the file's hash."""
    read: Floats
    """What this reader makes of held-out examples: these x (leaves, then "none of them")."""
    powers: Floats
    """The powers of each of them, as `combined` takes them."""


def fit_second_reader(
    model: SentenceModel,
    texts: Sequence[str],
    classes: Integers,
    folds: Integers,
    linear: Floats,
    *,
    seed: int,
) -> FittedReader:
    """Fits a reader to examples.

    `texts` has each field of the first example, then of the second, and so on; `classes` are the
    numbers of their leaves, the last that of "none of them". Those of fold 0 of `folds` are held
    out; `linear` is what the linear reader made of them when it had not seen them: these x (leaves,
    then "none of them").
    """
    count, fields = linear.shape[1], len(texts) // len(classes)
    noise = [" ".join(words) for words in random_words(NOISE_RECORDS, seed)]
    noises = [text for each in noise for text in (each, *[""] * (fields - 1))]
    inputs = _inputs(model, [*texts, *noises], fields)
    learnt = np.append(classes, np.full(len(noise), count - 1))
    every = np.arange(len(learnt))
    asked, others = (
        np.flatnonzero(folds == 0),
        every[np.append(folds != 0, np.ones(len(noise), np.bool_))],
    )
    read = softmax(_layer(inputs, learnt, others, count, seed=seed).of(inputs[asked]))
    alone = np.asarray(
        [
            not any(text.strip() for text in texts[row * fields + 1 : (row + 1) * fields])
            for row in asked.tolist()
        ],
        np.bool_,
    )
    taught = np.isin(classes[asked], learnt[others])
    powers = [
        _powers(linear[rows], read[rows], classes[asked[rows]], seed=seed)
        for rows in (np.flatnonzero(kind & taught) for kind in (alone, ~alone))
    ]
    card = SecondReader(
        name=model.name,
        weights_hash=model.weights_hash,
        file_hash="",
        alone=powers[0],
        together=powers[1],
        runs_below=RUNS_BELOW,
    )
    return FittedReader(
        SentenceReader(model.encoder, _layer(inputs, learnt, every, count, seed=seed)),
        card,
        read,
        powers_of(card, alone),
    )


def _inputs(model: SentenceModel, texts: Sequence[str], fields: int) -> Floats:
    """Records x numbers: each field's, one after the other."""
    distinct = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    sentences = model.encoder.of(list(distinct))
    found: Floats = sentences[[distinct[text] for text in texts]]
    return found.reshape(len(texts) // fields, -1)


def _layer(inputs: Floats, classes: Integers, rows: Integers, count: int, *, seed: int) -> Scaled:
    """The layer under whose softmax the classes of some rows are likeliest."""
    shares = np.bincount(classes[rows], minlength=count) + UNSEEN
    prior = np.log(shares / shares.sum()).astype(np.float32)
    weights, scores = _discriminant(inputs[rows], classes[rows], count)
    prior += START * scores
    weights *= START / STRETCH
    speed = np.zeros_like(weights)
    for step, batch in enumerate(_batches(rows, seed)):
        stretched = inputs[batch] * STRETCH
        slope = softmax(stretched @ weights + prior)
        slope[np.arange(len(batch)), classes[batch]] -= 1
        rate = FIRST_RATE * (1 - step / STEPS)
        speed *= MOMENTUM
        speed -= (stretched.T @ slope) * np.float32(rate / len(batch))
        weights += speed
    return Scaled.rounding(weights * STRETCH, prior)


def _discriminant(inputs: Floats, classes: Integers, count: int) -> tuple[Floats, Floats]:
    """The linear discriminant of the classes: inputs x classes, and a score for each class."""
    examples, size = inputs.shape
    ones, places = np.ones(examples), np.arange(examples)
    sums = csr_matrix((ones, (classes, places)), shape=(count, examples)) @ inputs
    means = sums / np.maximum(np.bincount(classes, minlength=count), 1)[:, None]
    products = np.zeros((size, size))
    for first in range(0, examples, ROWS_AT_A_TIME):
        block = inputs[first : first + ROWS_AT_A_TIME].astype(np.float64)
        products += block.T @ block
    covariance = (products - sums.T @ means) / examples
    even = max(float(np.trace(covariance)) / size, TINY)
    weights = np.linalg.solve(
        (1 - SHRINKAGE) * covariance + SHRINKAGE * even * np.eye(size), means.T
    )
    return weights.astype(np.float32), -0.5 * (means.T * weights).sum(axis=0).astype(np.float32)


def _batches(rows: Integers, seed: int) -> Iterator[Integers]:
    """`STEPS` batches; every row comes once before any comes again."""
    dice = np.random.default_rng(seed)
    waiting = dice.permutation(rows)
    for _ in range(STEPS):
        if len(waiting) < min(BATCH, len(rows)):
            waiting = np.append(waiting, dice.permutation(rows))
        yield waiting[:BATCH]
        waiting = waiting[BATCH:]


def _powers(linear: Floats, read: Floats, classes: Integers, *, seed: int) -> Powers:
    """The powers under which held-out examples are likeliest."""
    if not len(classes):
        return Powers(*FIRST_POWERS)
    if len(classes) > MOST_ASKED:
        dice = np.random.default_rng(seed)
        rows = np.sort(dice.choice(len(classes), MOST_ASKED, replace=False))
        linear, read, classes = linear[rows], read[rows], classes[rows]
    places = np.arange(len(classes))

    def surprise(powers: Doubles) -> float:
        asked = np.broadcast_to(powers.astype(np.float32), (len(classes), len(powers)))
        odds = combined(linear, read, asked)
        return -float(np.log(odds[places, classes] + 1e-9).mean())

    options = {"maxiter": 60, "xatol": 0.01, "fatol": 1e-4}
    # Below 0, what a reader holds likely would speak against it.
    bounds = [(0, None)] * len(FIRST_POWERS)
    found = minimize(surprise, FIRST_POWERS, method="Nelder-Mead", bounds=bounds, options=options).x
    return Powers(*(round(float(each), 4) for each in found))
