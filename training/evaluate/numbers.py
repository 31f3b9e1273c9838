"""An evaluation as plain numbers: what `--json` writes, the page is drawn from and a later
evaluation is compared with.

Counts are records, shares are from 0 to 1 and None where there is nothing to share.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from coding_service.coder.code_tree import Hierarchy
from coding_service.coder.model_card import ModelCard
from coding_service.coder.text.features import Doubles, Flags, Floats
from training.errors import TopicError
from training.evaluate.calibration import Bin, calibration_error, reliability
from training.evaluate.evaluate import AnsweredQuestion, Evaluation, cut_at

VERSION = 1  # of the form of these numbers
WANTED_PRECISION = 0.9  # at which is said how much may be asserted; as the literature has it
CUTS = tuple(place / 100 for place in range(100))
MOST = 50  # confusions, codes and faults that are listed; the rest are counted
TEXT_CHARACTERS = 300  # of a record's texts
RIGHT, WRONG, NO_RESULT = "r", "w", "-"


def numbers_of(
    card: ModelCard, tree: Hierarchy, evaluation: Evaluation, *, records: str, command: str
) -> dict[str, Any]:
    """All figures of a model's evaluation.

    `records` names the evaluation file, `command` is what was typed.
    """
    answers = evaluation.answers
    asserted = [each for each in answers if each.coding.result]
    bins = reliability(
        [each.coding.result.confidence for each in asserted if each.coding.result],
        [each.right for each in asserted],
    )
    faults = sorted((each for each in asserted if not each.right), key=_confidence, reverse=True)
    codes = _codes(tree, answers)
    return {
        "evaluationVersion": VERSION,
        "model": {**card.metadata(), "topic": card.topic, "fullName": card.full_name},
        "records": len(answers),
        "file": records,
        "questions": _digest(answers),
        "command": command,
        "threshold": evaluation.threshold,
        "asserted": len(asserted),
        "coverage": _share(len(asserted), len(answers)),
        "precision": _share(sum(each.right for each in asserted), len(asserted)),
        "levels": [
            {"length": length, "records": count, "accuracy": share if count else None}
            for length, count, share in evaluation.level_accuracy
        ],
        "results": [
            {"length": length, "results": count, "precision": _share(right, count)}
            for length, count, right in evaluation.depths
        ],
        "kinds": [
            {
                "kind": each.kind,
                "records": each.records,
                "coverage": each.coverage,
                "precision": each.precision,
                "top3": each.top3,
            }
            for each in evaluation.kinds
        ],
        "thresholds": [
            {"threshold": cut.threshold, "coverage": cut.coverage, "precision": cut.precision}
            for cut in (cut_at(tree, answers, threshold) for threshold in CUTS)
        ],
        "atPrecision": _at_precision(answers),
        "calibration": {
            "ofAll": {"error": evaluation.calibration_error, "bins": _bins(evaluation.bins)},
            "ofAsserted": {"error": calibration_error(bins), "bins": _bins(bins)},
        },
        "codesAsked": len(codes),
        "worstCodes": codes[:MOST],
        "confusions": [
            {
                "code": each.truth,
                "label": tree.codes[each.truth].label,
                "takenFor": each.taken_for,
                "takenForLabel": tree.codes[each.taken_for].label,
                "records": each.records,
            }
            for each in evaluation.confusions[:MOST]
        ],
        "wrong": len(faults),
        "faults": [_fault(tree, each) for each in faults[:MOST]],
        "outcomes": "".join(map(_outcome, answers)),
    }


def read_numbers(path: Path) -> dict[str, Any]:
    """What an earlier evaluation wrote. Raises `TopicError` if it is another file."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        remedy = "Name a file that evaluate --json wrote, or the directory of a model"
        raise TopicError(path, None, "no evaluation can be read from it", remedy) from error
    if not isinstance(found, dict) or found.get("evaluationVersion") != VERSION:
        remedy = "Evaluate that model again with --json, or name its directory"
        raise TopicError(path, None, f"it is no evaluation of version {VERSION}", remedy)
    return found


def compared(now: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """How an evaluation differs from one before.

    Where both asked the same records, `newlyRight` and `newlyWrong` count those of which the one
    asserted a right code, or a wrong one, and the other did not.
    """
    same = now["questions"] == before["questions"]
    pairs = list(zip(now["outcomes"], before["outcomes"], strict=True)) if same else []
    figures = [
        *(
            (f"Right at {level['length']} characters", level["accuracy"], then.get(level["length"]))
            for then in [{each["length"]: each["accuracy"] for each in before["levels"]}]
            for level in now["levels"]
        ),
        ("Coverage", now["coverage"], before["coverage"]),
        ("Precision", now["precision"], before["precision"]),
        *(
            (
                f"Asserted at the deepest level with {WANTED_PRECISION:.0%} right",
                now["atPrecision"]["share"],
                before["atPrecision"]["share"],
            ),
        ),
        *(
            (name, now["calibration"][key]["error"], before["calibration"][key]["error"])
            for key, name in (
                ("ofAll", "Calibration error of all"),
                ("ofAsserted", "Calibration error of what is asserted"),
            )
        ),
    ]
    return {
        "model": before["model"],
        "sameQuestions": same,
        "figures": [
            {"name": name, "now": value, "before": then}
            for name, value, then in figures
            if value is not None and then is not None
        ],
        "newlyRight": sum(a == RIGHT != b for a, b in pairs) if same else None,
        "noLongerRight": sum(b == RIGHT != a for a, b in pairs) if same else None,
        "newlyWrong": sum(a == WRONG != b for a, b in pairs) if same else None,
        "noLongerWrong": sum(b == WRONG != a for a, b in pairs) if same else None,
    }


def _digest(answers: Sequence[AnsweredQuestion]) -> str:
    """What tells whether two evaluations asked the same."""
    asked = [[*each.question.texts.values(), *each.question.codes] for each in answers]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def _outcome(answer: AnsweredQuestion) -> str:
    if answer.coding.result is None:
        return NO_RESULT
    return RIGHT if answer.right else WRONG


def asserted_at(precision: float, sure: Floats | Doubles, right: Flags) -> int:
    """The most records that may be asserted, the surest first, with such a share of them right.

    `sure` is the confidence of each record's best code, `right` whether it is right. Records of one
    confidence are asserted together or not at all.
    """
    order = np.argsort(-sure, kind="stable")
    precise = right[order].cumsum() / np.arange(1, len(order) + 1) >= precision
    last = np.append(sure[order][1:] != sure[order][:-1], True)
    places = np.flatnonzero(precise & last)
    return int(places[-1]) + 1 if len(places) else 0


def _at_precision(answers: Sequence[AnsweredQuestion]) -> dict[str, Any]:
    """How many records may be asserted by the best code of the deepest level, and the least
    confidence of these."""
    sure = np.asarray([each.top[0].confidence for each in answers])
    right = np.asarray([each.top[0].category in each.question.codes for each in answers])
    count = asserted_at(WANTED_PRECISION, sure, right)
    return {
        "precision": WANTED_PRECISION,
        "records": count,
        "share": count / len(answers),
        "threshold": float(np.sort(sure)[-count]) if count else None,
    }


def _bins(bins: Sequence[Bin]) -> list[dict[str, Any]]:
    return [
        {
            "low": each.low,
            "high": each.high,
            "records": each.records,
            "confidence": each.confidence,
            "right": each.accuracy,
        }
        for each in bins
    ]


def _codes(tree: Hierarchy, answers: Sequence[AnsweredQuestion]) -> list[dict[str, Any]]:
    """The codes of the deepest level that were asked, those with most mistakes first."""
    asked = Counter[str]()
    taken: dict[str, Counter[str]] = {}
    for each in answers:
        code, best = each.question.code, each.top[0].category
        if code in tree.leaves:
            asked[code] += 1
            others = taken.setdefault(code, Counter())
            others.update([best] if best not in each.question.codes else [])
    worst = sorted(asked, key=lambda code: (-taken[code].total(), asked[code], code))
    return [_asked(tree, code, asked[code], taken[code]) for code in worst]


def _asked(tree: Hierarchy, code: str, records: int, taken: Counter[str]) -> dict[str, Any]:
    """A code with its records, and what it was taken for most often."""
    other = taken.most_common(1)[0][0] if taken else None
    return {
        "code": code,
        "label": tree.codes[code].label,
        "records": records,
        "right": records - taken.total(),
        "takenFor": other,
        "takenForLabel": tree.codes[other].label if other else None,
    }


def _fault(tree: Hierarchy, answer: AnsweredQuestion) -> dict[str, Any]:
    result, truth = answer.coding.result, answer.question.code
    texts = " | ".join(filter(None, answer.question.texts.values()))
    return {
        "text": texts[:TEXT_CHARACTERS],
        "code": truth,
        "label": tree.codes[truth].label if truth else None,
        "given": result.category if result else None,
        "givenLabel": result.label if result else None,
        "confidence": result.confidence if result else None,
    }


def _confidence(answer: AnsweredQuestion) -> float:
    return answer.coding.result.confidence if answer.coding.result else 0.0


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
