"""What `training evaluate` does: measures a model, and says it as text, JSON, page or picture."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from coding_service.coder.catalogue import cards_of
from coding_service.coder.errors import ModelError
from coding_service.coder.model import TrainedModel
from coding_service.coder.model_card import CARD
from tables.report.words import points
from training.errors import TopicError
from training.evaluate.evaluate import evaluate
from training.evaluate.numbers import compared, numbers_of, read_numbers
from training.evaluate.page import evaluation_page
from training.evaluate.plot import plot
from training.evaluate.report import report
from training.topic.files import EVALUATION, read_evaluation, read_topic
from training.topic.topic import Question, Topic

FEW_RECORDS = 400  # from which on a share of them is within 5 points, 19 times in 20

Numbers = Mapping[str, Any]


def run_evaluate(options: argparse.Namespace, command: str, stdout: TextIO) -> None:
    """Measure the topic's latest model. `command` is what was typed.

    Raises `CoderError` for a topic, a model or an evaluation before that cannot be read.
    """
    topic = read_topic(options.topic)
    folder = options.models / topic.settings.name
    # One that can't be read may be the latest, so it is not passed over.
    cards = cards_of(folder) if folder.is_dir() else ()
    if not cards:
        raise ModelError(folder, "there is no model in it")
    model = TrainedModel.load(folder / cards[0].model_id)
    file = options.records or options.topic / EVALUATION
    questions = read_evaluation(file, topic)
    before = numbers_before(options.compare, topic, questions) if options.compare else None
    if model.card.fingerprint != topic.fingerprint:
        stdout.write("note: the topic folder has changed since this model was trained\n")
    measured = evaluate(model, questions)
    numbers = numbers_of(model.card, model.hierarchy, measured, records=str(file), command=command)
    difference = compared(numbers, before) if before else None
    stdout.write(report(model.card, measured))
    stdout.writelines(_lines(numbers, difference))
    if options.plot:
        options.plot.write_text(plot(model.card, measured), encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    if options.page:
        options.page.write_text(evaluation_page(numbers, difference), encoding="utf-8")


def numbers_before(path: Path, topic: Topic, questions: Sequence[Question]) -> dict[str, Any]:
    """The evaluation of a model before: written by one, or of the model in a directory.

    Raises `TopicError` where there is none, or it can't be asked these questions.
    """
    if not path.is_dir():
        return read_numbers(path)
    if not (path / CARD).exists():
        remedy = f"Name the directory that holds a model's {CARD}: DIR/<topic>/<modelId>"
        raise TopicError(path, None, "there is no model in it", remedy)
    model = TrainedModel.load(path)
    if set(model.card.input_format) != set(topic.settings.fields):
        fields = ", ".join(model.card.input_format)
        remedy = "Compare with a model of the same fields"
        raise TopicError(path, None, f"the model reads the fields {fields}", remedy)
    asked = (code for each in questions for code in each.codes)
    lacking = next((code for code in asked if code not in model.hierarchy.codes), None)
    if lacking is not None:
        remedy = "Compare with a model of the same codes, or with the --json of its own evaluation"
        raise TopicError(path, None, f"the model lacks the code {lacking}, which is asked", remedy)
    measured = evaluate(model, questions)
    return numbers_of(model.card, model.hierarchy, measured, records="", command="")


def _lines(numbers: Numbers, difference: Numbers | None) -> Iterator[str]:
    """What the report does not say."""
    best, given = numbers["atPrecision"], numbers["calibration"]["ofAsserted"]
    yield f"\nCalibration error of what is asserted {given['error']:.3f}\n"
    yield (
        f"Asserted at the deepest level with {best['precision']:.0%} right: {best['share']:.1%} of "
        "the records"
    )
    yield "\n" if best["threshold"] is None else f", from {best['threshold']:.3f} on\n"
    if (records := numbers["records"]) < FEW_RECORDS:
        # Twice the standard error of a half.
        yield (
            f"Of {records:,} records a share may be {100 / records**0.5:.0f} points off by chance "
            "alone: write more of them before you rely on it\n"
        )
    if difference is not None:
        yield from difference_lines(difference)


def difference_lines(difference: Numbers) -> Iterator[str]:
    """How the figures differ from those before, as `compared` has it."""
    before = difference["model"]
    yield f"\nBeside version {before['modelVersion']}, model {before['modelId']}"
    yield " on the same records\n" if difference["sameQuestions"] else " on other records\n"
    for each in difference["figures"]:
        now, then = each["now"], each["before"]
        yield f"  {each['name']}: {now:.1%}, before {then:.1%} ({points(now - then)} points)\n"
    if difference["sameQuestions"]:
        yield (
            f"  newly right {difference['newlyRight']}, no longer {difference['noLongerRight']}; "
            f"newly wrong {difference['newlyWrong']}, no longer {difference['noLongerWrong']}\n"
        )
