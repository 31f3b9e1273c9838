"""What `training train --add` does: a model that has learned from people's decisions too.

It is measured beside the one before on a sample that stays the same and is never taught, and kept
only where it is not worse.
"""

import argparse
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from coding_service.coder.catalogue import readable_cards
from coding_service.coder.model import TrainedModel
from coding_service.coder.model_card import ModelCard, read_card
from training.errors import WorseModel
from training.evaluate.evaluate import evaluate
from training.evaluate.evaluate_command import difference_lines, numbers_before
from training.evaluate.numbers import compared, numbers_of
from training.fit.train import train_into
from training.progress import telling
from training.publish import Publication, newest_version, publish, s3_client
from training.reviews.reviewed_examples import Reviewed, read_reviews
from training.topic.files import EVALUATION, read_evaluation, read_topic
from training.topic.topic import Question, Topic

MAY_LOSE = 0.005
"""A share may be lower by so much, half a point: fewer answers change by chance alone; ours."""
Numbers = Mapping[str, Any]


def run_train_with_reviews(options: argparse.Namespace, stdout: TextIO, stderr: TextIO) -> None:
    """Trains, measures, keeps and publishes as asked; see the command's help.

    Raises `CoderError` for files that can't be used, and `WorseModel` for a model that is worse,
    unless that is forced; the directory of models is then as it was.
    """
    topic = read_topic(options.topic)
    sample = options.sample or options.topic / EVALUATION
    questions = read_evaluation(sample, topic)
    reviews = read_reviews(options.add, topic, questions)
    stdout.write(_told(reviews, options.add_weight))
    cards = readable_cards(options.out, topic.settings.name)
    if cards:
        before = options.out / cards[0].topic / cards[0].model_id
    else:
        with telling("training without them", stderr):
            before, _ = train_into(topic, options.out)
    together = reviews.added_to(topic, weight=options.add_weight, sample=sample)
    if read_card(before).fingerprint == together.fingerprint:
        stdout.write(f"{before}: has learned these files already\n")
    else:
        then = numbers_before(before, topic, questions)
        version = _next_version(read_card(before), topic, options)
        together = replace(together, settings=replace(together.settings, version=version))
        retraining = _Retraining(together, questions, str(sample), then)
        with telling(f"training on {len(together.examples):,} examples", stderr):
            before = retraining.into(options.out, stdout, force=options.force)
    if options.bucket:
        stdout.write(_published(before, options).report())


@dataclass(frozen=True, slots=True)
class _Retraining:
    topic: Topic
    questions: Sequence[Question]
    sample: str
    before: Numbers

    def into(self, out: Path, stdout: TextIO, *, force: bool) -> Path:
        """The model's directory below `out`, where it comes once it has been measured."""
        # Not in `out`, each folder of which is a topic's.
        with TemporaryDirectory(dir=out.parent, prefix=".training-") as scratch:
            trained, _ = train_into(self.topic, Path(scratch))
            model = TrainedModel.load(trained)
            measured = evaluate(model, self.questions)
            now = numbers_of(
                model.card, model.hierarchy, measured, records=self.sample, command="train --add"
            )
            difference = compared(now, self.before)
            stdout.write(f"On {len(self.questions):,} records of {self.sample}")
            stdout.writelines(difference_lines(difference))
            worse = list(_worse(now, self.before))
            if worse and not force:
                raise WorseModel(worse)
            stdout.writelines(f"forced, although it is worse: {each}\n" for each in worse)
            directory = out / model.card.topic / model.card.model_id
            shutil.move(trained, directory)
        stdout.write(f"{directory}: version {model.card.model_version}\n")
        return directory


def _worse(now: Numbers, before: Numbers) -> Iterator[str]:
    """In what the model is worse: right at the deepest level, or right where it asserts."""
    deepest, then = (numbers["levels"][-1] for numbers in (now, before))
    for name, share, earlier in (
        (f"right at {deepest['length']} characters", deepest["accuracy"], then["accuracy"]),
        ("precision", now["precision"], before["precision"]),
    ):
        if share is None and earlier is not None:
            yield f"{name} none, before {earlier:.1%}"
        elif share is not None and earlier is not None and share < earlier - MAY_LOSE:
            yield f"{name} {share:.1%}, before {earlier:.1%}"


def _next_version(before: ModelCard, topic: Topic, options: argparse.Namespace) -> int:
    """Above all that are known, so that the model is the topic's latest."""
    known = [before.model_version, topic.settings.version]
    if options.bucket:
        client = s3_client(options.endpoint_url)
        known.append(newest_version(topic.settings.name, options.bucket, s3=client))
    return max(known) + 1


def _published(directory: Path, options: argparse.Namespace) -> Publication:
    return publish(directory, options.bucket, s3=s3_client(options.endpoint_url))


def _told(reviews: Reviewed, weight: int) -> str:
    out = ", ".join(f"{count:,} {why}" for why, count in reviews.left_out.items())
    left = f"; left out: {out}" if out else ""
    times = "once" if weight == 1 else f"{weight} times"
    return f"{len(reviews.examples):,} texts that people decided, each {times}{left}\n"
