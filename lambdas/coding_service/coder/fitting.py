"""Fitting the linear model, and finding out what its scores are worth.

Confidence is calibrated on scores of examples that the scoring model had not seen (3 folds), with
one temperature (Guo et al., 2017, "On Calibration of Modern Neural Networks").
"""

from __future__ import annotations

import random
import string
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from coding_service.coder.features import Vocabulary
from coding_service.coder.model import softmax
from coding_service.coder.sparse import Floats, SparseRows

FOLDS = 3  # so a measured model lacks a third of the examples: confidence errs low, not high
INVERSE_PENALTY = 12.0  # of the squared weights; best of 1 to 50 on held-out examples
WORD_ALONE_WEIGHT = 0.1  # of an example: each word of a text by itself, seen with the text's class
MAX_STEPS = 400  # of the optimiser; it ends far earlier
TOLERANCE = 5e-4  # where the optimiser ends; held-out accuracy gains nothing below
NOISE_SHARE = 0.06  # of the examples: random letters, which teach what an unknown text looks like
UNSEEN_SCORE = -30.0  # of a class that a fold has no example of: impossible, yet finite
TEMPERATURES = (0.05, 20.0)  # the range searched
Labels = npt.NDArray[np.int64]
TermWeights = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted linear model.

    :param weights: features x classes.
    :param prior: the score of each class without any feature.
    """

    vocabulary: Vocabulary
    weights: Floats
    prior: Floats

    def scores(self, records: Sequence[TermWeights]) -> Floats:
        """Records x classes."""
        _, features, weighted = self.vocabulary.rows(records)
        return weighted.times(features.times(self.weights)) + self.prior


def fit(records: Sequence[TermWeights], labels: Labels, classes: int, *, seed: int) -> Fit:
    """A multinomial logistic regression over the records' features.

    Two things are added to the examples. Random letters teach "none of the topic's codes", the
    last class; they are not in the vocabulary, so the lesson is that a text of unknown features
    is of no class. And each word by itself, at a small weight, teaches that "driver" alone is
    as likely a bus driver as a truck driver, whichever has more examples that also say "bus".
    """
    vocabulary = Vocabulary.of(records)
    if not vocabulary.columns:  # a fold may be left with no word to learn from
        return Fit(vocabulary, np.zeros((0, classes), np.float32), np.zeros(classes, np.float32))
    noise = list(_noise(max(1, round(NOISE_SHARE * len(records))), seed))
    alone = _words_alone(records, labels)
    _, features, weighted = vocabulary.rows([*records, *noise, *({word: 1.0} for word, _ in alone)])
    inputs = _matrix(weighted, len(features.offsets) - 1) @ _matrix(
        features, len(vocabulary.columns)
    )
    taught = [*labels.tolist(), *([classes - 1] * len(noise)), *(label for _, label in alone)]
    weight = [1.0] * (len(records) + len(noise))
    weight += [WORD_ALONE_WEIGHT * count for count in alone.values()]
    regression = LogisticRegression(
        C=INVERSE_PENALTY, max_iter=MAX_STEPS, tol=TOLERANCE, random_state=seed
    )
    regression.fit(inputs, np.asarray(taught), sample_weight=np.asarray(weight))
    weights = np.zeros((len(vocabulary.columns), classes), np.float32)
    prior = np.full(classes, UNSEEN_SCORE, np.float32)
    coefficients, intercepts = regression.coef_, regression.intercept_
    if len(intercepts) < len(regression.classes_):  # of two classes, one row stands for both
        coefficients = np.vstack([-coefficients, coefficients]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    weights[:, regression.classes_] = coefficients.T
    prior[regression.classes_] = intercepts
    return Fit(vocabulary, weights, prior)


def held_out_scores(
    records: Sequence[TermWeights],
    labels: Labels,
    groups: Sequence[str],
    classes: int,
    *,
    seed: int,
) -> Floats:
    """The scores that each record gets from a model that saw no record of its group."""
    distinct = sorted(set(groups))
    random.Random(seed).shuffle(distinct)  # noqa: S311 - a repeatable shuffle, not a secret
    fold_of = {group: place % FOLDS for place, group in enumerate(distinct)}
    folds = np.asarray([fold_of[group] for group in groups])
    scores = np.zeros((len(records), classes), np.float32)
    for fold in sorted(set(folds.tolist())):
        inside = np.flatnonzero(folds == fold).tolist()
        outside = np.flatnonzero(folds != fold).tolist()
        seen = fit([records[row] for row in outside], labels[outside], classes, seed=seed)
        scores[inside] = seen.scores([records[row] for row in inside])
    return scores


def best_temperature(scores: Floats, labels: Labels) -> float:
    """The temperature under which the held-out labels are likeliest."""
    rows = np.arange(len(labels))
    usable = scores[rows, labels] > UNSEEN_SCORE / 2  # a class its fold never saw tells nothing

    def surprise(logarithm: float) -> float:
        odds = softmax(scores[usable] / np.float32(np.exp(logarithm)))
        return float(-np.log(odds[rows[: usable.sum()], labels[usable]] + 1e-12).mean())

    if not usable.any():
        return 1.0
    found = minimize_scalar(surprise, bounds=np.log(TEMPERATURES), method="bounded")
    return float(np.exp(found.x))


def _words_alone(records: Sequence[TermWeights], labels: Labels) -> Mapping[tuple[str, int], int]:
    """How often each word of a main field's longer text goes with each class, in sorted order."""
    counts: Counter[tuple[str, int]] = Counter()
    heaviest = max((weight for record in records for weight in record.values()), default=0.0)
    for record, label in zip(records, labels.tolist(), strict=True):
        found = [term for term, weight in record.items() if weight >= heaviest and " " not in term]
        if len(found) > 1:
            counts.update((word, label) for word in found)
    return dict(sorted(counts.items()))


def _noise(records: int, seed: int) -> Iterator[TermWeights]:
    dice = random.Random(seed)  # noqa: S311 - repeatable noise, not a secret
    for _ in range(records):
        yield {
            "".join(
                dice.choices(string.ascii_lowercase + string.digits, k=dice.randint(2, 12))
            ): 1.0
            for _ in range(dice.randint(1, 6))
        }


def _matrix(rows: SparseRows, columns: int) -> csr_matrix:
    return csr_matrix(
        (rows.values, rows.columns, rows.offsets), shape=(len(rows.offsets) - 1, columns)
    )
