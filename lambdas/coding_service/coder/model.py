"""Coding records with a trained model: numpy and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coding_service.coder.features import Vocabulary, terms_of
from coding_service.coder.hierarchy import Code, Hierarchy
from coding_service.coder.model_card import ModelCard
from coding_service.coder.model_files import read_model
from coding_service.coder.sparse import Floats

BATCH_RECORDS = 2_048  # enough that words repeat and are computed once, few enough for any memory
MOST_SUGGESTIONS = 3  # the batch page's AsynchronousCodeResponse: 1 to 3
FAINTEST_SUGGESTION = 0.1  # of the first suggestion's confidence; fainter ones only distract
CONFIDENCE_DIGITS = 4
TOO_FAINT = 10.0**-CONFIDENCE_DIGITS
RECORD_ID = "recordId"


@dataclass(frozen=True, slots=True)
class CodedLabel:
    """A code, its label, and the probability that it is right, 0 to 1."""

    category: str
    label: str
    confidence: float

    def to_json(self) -> dict[str, object]:
        """As the service writes it."""
        return {
            "codeCategory": self.category,
            "codeLabel": self.label,
            "codeConfidence": self.confidence,
        }


@dataclass(frozen=True, slots=True)
class Coding:
    """A coded record: a result, or else 1 to 3 suggestions.

    :param record_id: the record's own, "" where it has none.
    :param result: the deepest code whose confidence reaches the model's threshold.
    :param suggestions: codes of the deepest level, the likeliest first; empty beside a result.
    """

    record_id: str
    result: CodedLabel | None
    suggestions: tuple[CodedLabel, ...]

    def to_json(self) -> dict[str, object]:
        """The line of the output file (batch page, "Downloading processed data")."""
        if self.result is not None:
            return {"recordId": self.record_id, "result": self.result.to_json()}
        return {
            "recordId": self.record_id,
            "suggestions": [each.to_json() for each in self.suggestions],
        }


@dataclass(frozen=True)
class Model:
    """A trained model, ready to code; safe to share between threads.

    :param weights: features x classes: the leaves in order, then "none of them".
    :param prior: the score of each class before a word is read.
    """

    card: ModelCard
    hierarchy: Hierarchy
    vocabulary: Vocabulary
    weights: Floats
    prior: Floats

    @classmethod
    def load(cls, directory: Path) -> Model:
        """The model in a directory.

        :raises ModelError: a file is missing or damaged.
        """
        parts = read_model(directory)
        return cls(parts.card, parts.hierarchy, parts.vocabulary, parts.weights, parts.prior)

    def code(self, records: Sequence[Mapping[str, str]]) -> list[Coding]:
        """Each record coded, in order.

        Any string is a text; a field that a record lacks is an empty one.
        """
        coded: list[Coding] = []
        for first in range(0, len(records), BATCH_RECORDS):
            batch = records[first : first + BATCH_RECORDS]
            coded.extend(self._codings(batch, self.probabilities(batch)))
        return coded

    def probabilities(self, records: Sequence[Mapping[str, str]]) -> Floats:
        """Records x leaves; a row sums to the probability that any leaf fits at all."""
        terms = terms_of(records, self.card.field_weights)
        _, features, weighted = self.vocabulary.rows(terms)
        scores = weighted.times(features.times(self.weights)) + self.prior
        return softmax(scores / np.float32(self.card.temperature))[:, :-1]

    def _codings(
        self, records: Sequence[Mapping[str, str]], probabilities: Floats
    ) -> Iterator[Coding]:
        placed = self.hierarchy.place(probabilities, self.card.threshold)
        most = min(MOST_SUGGESTIONS, probabilities.shape[1])
        # Stable, so that ties fall to the lower code.
        likeliest = np.argsort(-probabilities, axis=1, kind="stable")[:, :most]
        levels = [level.codes for level in self.hierarchy.levels]
        deepest = levels[0]
        for row, (record, depth, best, confidence) in enumerate(
            zip(
                records,
                placed.depth.tolist(),
                placed.best.tolist(),
                placed.confidence.tolist(),
                strict=True,
            )
        ):
            record_id = record.get(RECORD_ID) or ""
            if depth >= 0:
                yield Coding(record_id, _label(levels[depth][best], confidence), ())
                continue
            order = likeliest[row].tolist()
            odds = probabilities[row, likeliest[row]].tolist()
            faintest = max(odds[0] * FAINTEST_SUGGESTION, TOO_FAINT)
            suggestions = [
                _label(deepest[leaf], odd)
                for place, (leaf, odd) in enumerate(zip(order, odds, strict=True))
                if place == 0 or odd >= faintest
            ]
            yield Coding(record_id, None, tuple(suggestions))


def softmax(scores: Floats) -> Floats:
    """Scores as probabilities, row by row, without overflow."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    summed: Floats = powers / powers.sum(axis=1, keepdims=True)
    return summed


def _label(code: Code, confidence: float) -> CodedLabel:
    return CodedLabel(code.code, code.label, round(confidence, CONFIDENCE_DIGITS))
