"""Fitting how likely a text is to have a code at all, on examples that the scores had not seen."""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from coding_service.coder.classifiers import Classifiers, softmax, verdict
from coding_service.coder.model_card import ScopeWeights
from coding_service.coder.text.features import Flags, Floats
from training.fit.fit_classifiers import HeldOut

FEWEST = 100  # examples with a code, and as many without one, from which on it is fitted; ours
INVERSE_PENALTY = 10.0  # of the squared weights: next to none, there are six of them
MOST_STEPS = 1_000  # of the optimiser; it takes some tens
DIGITS = 4  # of a weight, so that no library's last digit is in a model


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
