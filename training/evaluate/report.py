"""An evaluation as a table that people read."""

from collections.abc import Iterator, Sequence

from coding_service.coder.model_card import ModelCard
from training.evaluate.evaluate import AnsweredQuestion, Evaluation

MOST_FAULTS = 25  # shown; the rest are counted
MOST_CONFUSIONS = 10  # shown


def report(card: ModelCard, evaluation: Evaluation) -> str:
    """The whole report."""
    return "\n".join(_lines(card, evaluation)) + "\n"


def _lines(card: ModelCard, evaluation: Evaluation) -> Iterator[str]:
    yield f"{card.topic} model {card.model_id} version {card.model_version} ({card.release_date})"
    yield f"{len(evaluation.answers)} records, threshold {evaluation.threshold:.2f}"
    yield "\nAccuracy by level (best code, whatever its confidence)"
    rows = [
        [str(length), str(count), _percent(share)]
        for length, count, share in evaluation.level_accuracy
    ]
    yield from _table(["digits", "records", "accuracy"], rows)
    yield "\nResults by level (confidence at or above the threshold)"
    rows = [
        [str(length), str(count), str(right), _percent(right / count if count else None)]
        for length, count, right in evaluation.depths
    ]
    yield from _table(["digits", "results", "right", "precision"], rows)
    yield "\nBy kind of record"
    rows = [
        [each.kind, str(each.records), *map(_percent, (each.coverage, each.precision, each.top3))]
        for each in evaluation.kinds
    ]
    yield from _table(["kind", "records", "coverage", "precision", "top 3"], rows)
    yield "\nBy threshold (all kinds)"
    rows = [
        [f"{each.threshold:.2f}", _percent(each.coverage), _percent(each.precision)]
        for each in evaluation.cuts
    ]
    yield from _table(["threshold", "coverage", "precision"], rows)
    yield "\nCalibration of the best code of the deepest level"
    rows = [
        [
            f"{each.low:.1f}-{each.high:.1f}",
            str(each.records),
            _percent(each.confidence),
            _percent(each.accuracy),
        ]
        for each in evaluation.bins
    ]
    yield from _table(["confidence", "records", "mean", "right"], rows)
    yield f"expected calibration error {evaluation.calibration_error:.3f}"
    yield "\nTaken for another most often (best code of the deepest level)"
    rows = [
        [each.truth, each.taken_for, str(each.records)]
        for each in evaluation.confusions[:MOST_CONFUSIONS]
    ]
    yield from _table(["truth", "taken for", "records"], rows)
    faults = [each for each in evaluation.answers if each.coding.result and not each.right]
    yield f"\nResults that are wrong or deeper than the text supports: {len(faults)}"
    yield from map(_fault, faults[:MOST_FAULTS])


def _fault(answer: AnsweredQuestion) -> str:
    result, text = answer.coding.result, " | ".join(answer.question.texts.values())
    if result is None:
        return f"  {text}"
    coded = f"{result.category} {result.label} ({result.confidence:.2f})"
    return f"  {coded}, truth {answer.question.code}: {text}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  " + "  ".join(cells).rstrip()
