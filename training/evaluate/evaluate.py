"""How good a model is on records that it was not trained on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coding_service.coder.code_tree import Code, Hierarchy
from coding_service.coder.model import CodedLabel, Coding, TrainedModel
from coding_service.coder.text.features import Floats
from training.evaluate.calibration import Bin, calibration_error, reliability
from training.topic.files import KINDS
from training.topic.topic import Question

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """One question, and what the model made of it."""

    question: Question
    coding: Coding
    best: tuple[CodedLabel, ...]
    """The likeliest code at each level, from the deepest up."""
    top: tuple[CodedLabel, ...]
    """The likeliest leaves, the best first, with their confidence."""
    right: bool
    """Whether there is a result, and it is the true code or an ancestor of it."""


@dataclass(frozen=True, slots=True)
class KindScore:
    """The figures for one kind of record; a share is None where nothing could be counted."""

    kind: str
    records: int
    coverage: float | None
    """Share of the records that got a result."""
    precision: float | None
    """Share of the results that are the true code or an ancestor of it; a result deeper than the
    text supports is wrong."""
    top3: float | None
    """Share of the records whose true code is, or covers, one of the three likeliest."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What a threshold would give, over the records of all kinds."""

    threshold: float
    coverage: float
    """Share of the records that would get a result."""
    precision: float | None
    """Share of these results that are right; None where there is none."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """A code of the deepest level that was taken for another, and how often."""

    truth: str
    taken_for: str
    records: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The measured quality of a model."""

    threshold: float
    level_accuracy: tuple[tuple[int, int, float], ...]
    """(code length, records, accuracy), the top first, whatever the threshold."""
    depths: tuple[tuple[int, int, int], ...]
    """(code length, results at it, of them right) from the top down."""
    kinds: tuple[KindScore, ...]
    bins: tuple[Bin, ...]
    """Reliability of the best leaf's confidence over all records, those that no code fits counting
    as never right."""
    calibration_error: float
    """Expected calibration error (ECE) over those bins."""
    cuts: tuple[Cut, ...]
    """What other thresholds would give, the lowest first."""
    confusions: tuple[Confusion, ...]
    """The most frequent first; the likeliest code counts, whatever its confidence."""
    answers: tuple[AnsweredQuestion, ...]


def evaluate(model: TrainedModel, questions: Sequence[Question]) -> Evaluation:
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
            any(
                tree.covers(each.best[len(lengths) - 1 - place].category, code)
                for code in each.question.codes
            )
            for each in deep_enough
        )
        level_accuracy.append((length, len(deep_enough), _share(hits, len(deep_enough)) or 0.0))
        here = [
            each
            for each in answers
            if each.coding.result and len(each.coding.result.category) == length
        ]
        depths.append((length, len(here), sum(each.right for each in here)))
    # A text whose truth is a shorter code has no right leaf to be sure of: it counts as wrong.
    bins = reliability(
        [each.top[0].confidence for each in answers],
        [each.top[0].category in each.question.codes for each in answers],
    )
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
        calibration_error=calibration_error(bins),
        cuts=tuple(cut_at(tree, answers, threshold) for threshold in THRESHOLDS),
        confusions=_confusions(tree, answers),
        answers=tuple(answers),
    )


def _answers(model: TrainedModel, questions: Sequence[Question]) -> list[AnsweredQuestion]:
    records = [dict(each.texts) for each in questions]
    codings, probabilities = model.code(records), model.probabilities(records)
    by_level = [(level.codes, probabilities @ level.gathers) for level in model.hierarchy.levels]
    answers = []
    for row, (question, coding) in enumerate(zip(questions, codings, strict=True)):
        best = tuple(_likeliest(codes, odds[row], 1)[0] for codes, odds in by_level)
        leaves, odds = by_level[0]
        right = _is_right(model.hierarchy, question, coding)
        answers.append(
            AnsweredQuestion(question, coding, best, _likeliest(leaves, odds[row], 3), right)
        )
    return answers


def _likeliest(codes: Sequence[Code], odds: Floats, most: int) -> tuple[CodedLabel, ...]:
    """The likeliest of a level's codes, the best first; of equal ones the first."""
    order = np.argsort(-odds, kind="stable")[:most].tolist()
    return tuple(
        CodedLabel(codes[place].code, codes[place].label, float(odds[place])) for place in order
    )


def _is_right(tree: Hierarchy, question: Question, coding: Coding) -> bool:
    result = coding.result
    return result is not None and any(tree.covers(result.category, code) for code in question.codes)


def cut_at(tree: Hierarchy, answers: Sequence[AnsweredQuestion], threshold: float) -> Cut:
    """What a threshold would give."""
    results = [
        (next((best for best in each.best if best.confidence >= threshold), None), each.question)
        for each in answers
    ]
    asserted = [(best.category, question.codes) for best, question in results if best is not None]
    right = sum(any(tree.covers(code, truth) for truth in codes) for code, codes in asserted)
    return Cut(threshold, len(asserted) / len(answers), _share(right, len(asserted)))


def _confusions(tree: Hierarchy, answers: Sequence[AnsweredQuestion]) -> tuple[Confusion, ...]:
    taken = Counter(
        (each.question.code, each.top[0].category)
        for each in answers
        if each.question.code in tree.leaves and each.top[0].category not in each.question.codes
    )
    worst = sorted(taken.items(), key=lambda found: (-found[1], found[0]))
    return tuple(Confusion(str(truth), other, count) for (truth, other), count in worst)


def _kind_score(tree: Hierarchy, kind: str, answers: Sequence[AnsweredQuestion]) -> KindScore:
    results = [each for each in answers if each.coding.result is not None]
    known = [each for each in answers if each.question.code is not None]
    near = sum(
        any(tree.covers(code, label.category) for code in each.question.codes for label in each.top)
        for each in known
    )
    return KindScore(
        kind,
        len(answers),
        _share(len(results), len(answers)),
        _share(sum(each.right for each in results), len(results)),
        _share(near, len(known)),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
