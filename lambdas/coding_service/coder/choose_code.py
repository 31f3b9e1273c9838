"""A record's code among all codes, by their probabilities, or else what to suggest."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from coding_service.coder.linear.classifiers import Classifiers
from coding_service.coder.text.features import Floats, Integers

MOST_SUGGESTIONS = 3  # the batch page's AsynchronousCodeResponse: 1 to 3
FAINTEST_SUGGESTION = 0.1  # of the first suggestion's confidence; fainter ones only distract
CONFIDENCE_STEPS = 10_000  # a confidence is written with four digits
TOO_FAINT = 1 / CONFIDENCE_STEPS
HALF = 0.5  # no two codes of a level are both likelier


@dataclass(frozen=True, slots=True)
class CodeChoices:
    """The code chosen for each record of a batch, or else the codes to suggest."""

    node: Integers
    """Place in `Classifiers.codes` of the result, -1 where there is none."""
    confidence: Floats
    """The confidence of the result."""
    leaves: Integers
    """Records x 3 leaf numbers, the likeliest first, -1 for none; meaningful where there is no
    result."""
    odds: Floats
    """The probability of each of them."""

    @classmethod
    def joined(cls, batches: "Sequence[CodeChoices]") -> "CodeChoices":
        """The choices of batches, one after the other."""
        return cls(
            *(np.concatenate([getattr(each, one.name) for each in batches]) for one in fields(cls))
        )

    @classmethod
    def none(cls, records: int) -> "CodeChoices":
        """Neither code nor suggestion for so many records."""
        unset = np.full((records, MOST_SUGGESTIONS), -1, np.int64)
        return cls(
            np.full(records, -1, np.int64),
            np.zeros(records, np.float32),
            unset,
            np.zeros(unset.shape, np.float32),
        )

    def put(self, records: Sequence[int], choices: "CodeChoices") -> None:
        """Other choices in the place of those of some records."""
        for each in fields(self):
            getattr(self, each.name)[records] = getattr(choices, each.name)


def leaves_of(classifiers: Classifiers, odds: Floats) -> Floats:
    """Records x leaves, of the probabilities of all codes."""
    places = np.flatnonzero(classifiers.leaf_of >= 0)
    found = np.zeros((len(odds), len(places)), np.float32)
    found[:, classifiers.leaf_of[places]] = odds[:, places]
    return found


def chosen_by(classifiers: Classifiers, odds: Floats, threshold: float) -> CodeChoices:
    """What the search would choose, of the probabilities of all codes."""
    chosen = CodeChoices.none(len(odds))
    waiting = np.arange(len(odds))
    for depth in reversed(range(classifiers.depths.max() + 1)):
        nodes = np.flatnonzero(classifiers.depths == depth)
        here = odds[waiting[:, None], nodes]
        winners = here.argmax(axis=1)
        reached = here[np.arange(len(waiting)), winners]
        sure = reached >= threshold
        chosen.node[waiting[sure]] = nodes[winners[sure]]
        chosen.confidence[waiting[sure]] = np.minimum(reached[sure], 1.0)
        waiting = waiting[~sure]
    leaves = leaves_of(classifiers, odds[waiting])
    order = np.argsort(-leaves, axis=1, kind="stable")[:, :MOST_SUGGESTIONS]
    chances = np.take_along_axis(leaves, order, axis=1)
    kept = (chances >= faintest(chances[:, :1])) | (np.arange(order.shape[1]) == 0)
    chosen.leaves[waiting, : order.shape[1]] = np.where(kept, order, -1)
    chosen.odds[waiting, : order.shape[1]] = np.where(kept, np.minimum(chances, 1.0), 0)
    return chosen


def faintest(likeliest: Floats) -> Floats:
    """How likely a leaf must be to be suggested beside the likeliest."""
    least: Floats = np.maximum(likeliest * np.float32(FAINTEST_SUGGESTION), np.float32(TOO_FAINT))
    return least
