"""Finding out what scores are worth, by those of examples that the scoring model had not seen.

One temperature for each level of the tree makes probabilities of them (Guo et al., 2017, "On
Calibration of Modern Neural Networks"); a logistic regression says how likely a text is to have a
code at all.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression

from coding_service.coder.linear.classifiers import Classifiers, softmax, verdict
from coding_service.coder.model_card import ScopeWeights
from coding_service.coder.text.features import Flags, Floats, Integers
from training.fit.fit_classifiers import Examples, HeldOut, classes_of, lines_of

TEMPERATURES = (0.02, 5.0)  # the range searched
FEWEST = 100  # examples with a code, and as many without one, from which on scope is fitted; ours
INVERSE_PENALTY = 10.0  # of the squared weights: next to none, there are six of them
MOST_STEPS = 1_000  # of the optimiser; it takes some tens
DIGITS = 4  # of a weight, so that no library's last digit is in a model


def best_temperatures(
    held_out: HeldOut, examples: Examples, classifiers: Classifiers
) -> tuple[float, ...]:
    """For each level the temperature under which the codes of held-out examples are likeliest."""
    lines = lines_of(held_out.codes(examples), classifiers)
    found: list[float] = []
    for level in range(1 + max(group.level for group in classifiers.groups)):
        parts = []
        for group in classifiers.groups:
            if group.level == level:
                classes = classes_of(group, lines, classifiers)
                rows = np.flatnonzero(classes >= 0)
                # A class that its fold never saw tells nothing.
                rows = rows[held_out.seen[rows, group.start + classes[rows]]]
                parts.append((held_out.scores[rows, group.columns], classes[rows]))
        found.append(_temperature(parts, found[-1] if found else 1.0))
    return tuple(found)


def _temperature(parts: Sequence[tuple[Floats, Integers]], otherwise: float) -> float:
    asked = sum(len(classes) for _, classes in parts)
    if not asked:
        return otherwise

    def surprise(logarithm: float) -> float:
        sharpness = np.float32(np.exp(-logarithm))
        total = 0.0
        for scores, classes in parts:
            if len(classes):
                odds = softmax(scores * sharpness)[np.arange(len(classes)), classes]
                total -= float(np.log(odds + 1e-9).sum())
        return total / asked

    bounds = np.log(TEMPERATURES)
    return float(np.exp(minimize_scalar(surprise, bounds=bounds, method="bounded").x))


def top_odds(classifiers: Classifiers, held_out: HeldOut, temperatures: Sequence[float]) -> Floats:
    """Held-out examples x (top codes, "none of them"), by the top's classifier."""
    scores = held_out.scores[:, classifiers.groups[0].columns]
    return softmax(scores / np.float32(temperatures[0]))


def fit_scope(odds: Floats, signs: Floats, coded: Flags) -> ScopeWeights | None:
    """The weights under which it is likeliest which held-out examples have a code.

    `odds` are examples x (top codes, "none of them") by classifiers that had not seen them, `signs`
    what `ScopeSigns` finds, `coded` whether they have a code. None where either kind is rare: then
    there is nothing to learn from.
    """
    with_code, without = int(coded.sum()), int((~coded).sum())
    if min(with_code, without) < FEWEST:
        return None
    inputs = np.hstack([verdict(odds)[:, None], signs]).astype(np.float64)
    machine = LogisticRegression(C=INVERSE_PENALTY, max_iter=MOST_STEPS).fit(inputs, coded)
    always = float(machine.intercept_[0])
    weights = [always, *machine.coef_[0].tolist()]
    return ScopeWeights(*(round(each, DIGITS) for each in weights))
