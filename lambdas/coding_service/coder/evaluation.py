"""How good a model is on records that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coding_service.coder.hierarchy import Hierarchy
from coding_service.coder.model import CodedLabel, Coding, Model
from coding_service.coder.topic import Question
from coding_service.coder.topic_files import KINDS

RELIABILITY_BINS = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """One question, and what the model made of it.

    :param best: the likeliest code at each level, from the deepest up.
    :param top: the likeliest leaves, the best first, with their confidence.
    """

    question: Question
    coding: Coding
    best: tuple[CodedLabel, ...]
    top: tuple[CodedLabel, ...]


@dataclass(frozen=True, slots=True)
class KindScore:
    """The figures for one kind of record; a share is None where nothing could be counted.

    :param coverage: share of the records that got a result.
    :param precision: share of the results that are the true code or an ancestor of it; a result
        deeper than the text supports is wrong.
    :param top3: share of the records whose true code is, or covers, one of the three likeliest.
    """

    kind: str
    records: int
    coverage: float | None
    precision: float | None
    top3: float | None


@dataclass(frozen=True, slots=True)
class Bin:
    """Records whose best leaf's confidence lies in [low, high): how sure, and how often right."""

    low: float
    high: float
    records: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The measured quality of a model.

    :param level_accuracy: (code length, records, accuracy), the top first, whatever the threshold.
    :param depths: (code length, results at it, of them right) from the top down.
    :param bins: reliability of the best leaf's confidence over all records, those that no code
        fits counting as never right.
    :param calibration_error: expected calibration error (ECE) over those bins.
    """

    threshold: float
    level_accuracy: tuple[tuple[int, int, float], ...]
    depths: tuple[tuple[int, int, int], ...]
    kinds: tuple[KindScore, ...]
    bins: tuple[Bin, ...]
    calibration_error: float
    answers: tuple[Answer, ...]


def evaluate(model: Model, questions: Sequence[Question]) -> Evaluation:
    """The model's quality on the questions."""
    answers = _answers(model, questions)
    tree = model.hierarchy
    lengths = tree.lengths
    level_accuracy = []
    depths = []
    for place, length in enumerate(lengths):
        deep_enough = [
            each for each in answers if each.question.code and len(each.question.code) >= length
        ]
        hits = sum(
            tree.covers(each.best[len(lengths) - 1 - place].category, each.question.code or "")
            for each in deep_enough
        )
        level_accuracy.append((length, len(deep_enough), _share(hits, len(deep_enough)) or 0.0))
        here = [
            each
            for each in answers
            if each.coding.result and len(each.coding.result.category) == length
        ]
        depths.append((length, len(here), sum(_is_right(tree, each) for each in here)))
    bins = _reliability(answers)
    error = sum(each.records * abs(each.confidence - each.accuracy) for each in bins) / len(answers)
    return Evaluation(
        threshold=model.card.threshold,
        level_accuracy=tuple(level_accuracy),
        depths=tuple(depths),
        kinds=(
            *(
                _kind_score(tree, kind, [each for each in answers if each.question.kind == kind])
                for kind in KINDS
            ),
            _kind_score(tree, "all", answers),
        ),
        bins=bins,
        calibration_error=error,
        answers=tuple(answers),
    )


def _answers(model: Model, questions: Sequence[Question]) -> list[Answer]:
    records = [dict(each.texts) for each in questions]
    codings, probabilities = model.code(records), model.probabilities(records)
    by_level = [(level.codes, probabilities @ level.gathers) for level in model.hierarchy.levels]
    answers = []
    for row, (question, coding) in enumerate(zip(questions, codings, strict=True)):
        best = []
        for codes, odds in by_level:
            winner = int(odds[row].argmax())
            best.append(
                CodedLabel(codes[winner].code, codes[winner].label, float(odds[row, winner]))
            )
        leaves, odds = by_level[0]
        order = np.argsort(-odds[row], kind="stable")[:3].tolist()
        top = tuple(
            CodedLabel(leaves[leaf].code, leaves[leaf].label, float(odds[row, leaf]))
            for leaf in order
        )
        answers.append(Answer(question, coding, tuple(best), top))
    return answers


def _is_right(tree: Hierarchy, answer: Answer) -> bool:
    result, truth = answer.coding.result, answer.question.code
    return result is not None and truth is not None and tree.covers(result.category, truth)


def _kind_score(tree: Hierarchy, kind: str, answers: Sequence[Answer]) -> KindScore:
    results = [each for each in answers if each.coding.result is not None]
    known = [each for each in answers if each.question.code is not None]
    near = sum(
        any(tree.covers(each.question.code or "", label.category) for label in each.top)
        for each in known
    )
    return KindScore(
        kind,
        len(answers),
        _share(len(results), len(answers)),
        _share(sum(_is_right(tree, each) for each in results), len(results)),
        _share(near, len(known)),
    )


def _reliability(answers: Sequence[Answer]) -> tuple[Bin, ...]:
    confidence = np.asarray([each.top[0].confidence for each in answers])
    right = np.asarray([each.top[0].category == each.question.code for each in answers])
    # A text whose truth is a shorter code has no right leaf to be sure of, so it counts as wrong.
    places = np.minimum((confidence * RELIABILITY_BINS).astype(int), RELIABILITY_BINS - 1)
    bins = []
    for place in range(RELIABILITY_BINS):
        inside = places == place
        if inside.any():
            bins.append(
                Bin(
                    place / RELIABILITY_BINS,
                    (place + 1) / RELIABILITY_BINS,
                    int(inside.sum()),
                    float(confidence[inside].mean()),
                    float(right[inside].mean()),
                )
            )
    return tuple(bins)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
