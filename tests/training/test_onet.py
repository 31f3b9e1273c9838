"""A codelist of real size, where its tables are at hand: two of O*NET's major groups.

They are not the project's: name their folder in ONET_TABLES (codes.csv, titles.csv, tasks.csv).
"""

import io
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from coding_service.coder.model import TrainedModel
from training.cli import main
from training.evaluate.evaluate import evaluate
from training.evaluate.numbers import numbers_of
from training.fit.train import SENTENCE_MODEL, train
from training.topic.files import read_evaluation, read_topic
from training.topic.topic import Topic

TABLES = Path(os.environ.get("ONET_TABLES", "no-tables"))
MAJOR_GROUPS = ("15", "29")  # computing, health care
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (TABLES / "titles.csv").exists(), reason="O*NET's tables are not in ONET_TABLES"
    ),
]


def some(name: str, folder: Path) -> Path:
    """The rows of a table that are of the major groups, and its header."""
    header, *lines = (TABLES / name).read_text("utf-8").splitlines(keepends=True)
    path = folder / name
    path.write_text(header + "".join(e for e in lines if e.startswith(MAJOR_GROUPS)), "utf-8")
    return path


def topic_of(folder: Path) -> Topic:
    """The topic of these groups."""
    tables = [f"--{name}={some(f'{name}.csv', folder)}" for name in ("codes", "titles", "tasks")]
    chosen = ["--name=onet", "--levels=2,3,5,6", f"--out={folder}"]
    main(["import", *tables, *chosen], stdin=io.BytesIO(), stdout=sys.stdout, stderr=sys.stderr)
    return read_topic(folder)


def should_find_the_code_of_most_unseen_titles_when_tasks_are_told(tmp_path: Path) -> None:
    topic = topic_of(tmp_path)
    model = TrainedModel.of(train(topic))

    alone, told = (
        evaluate(model, read_evaluation(tmp_path / name, topic))
        for name in ("evaluation.jsonl", "evaluation-tasks.jsonl")
    )

    exact_alone, exact_told = (each.level_accuracy[-1][2] for each in (alone, told))
    assert exact_alone >= 0.70
    assert exact_told >= 0.65
    # Of titles alone several codes may be right, and confidence is shared out over them.
    assert told.calibration_error <= 0.10


@pytest.mark.skipif(
    not (SENTENCE_MODEL / "vocab.txt").exists(), reason="`make sentence-model` was not run"
)
def should_find_more_codes_when_sentences_are_read_too(tmp_path: Path) -> None:
    topic_of(tmp_path)
    with (tmp_path / "topic.yaml").open("a", encoding="utf-8") as settings:
        settings.write("readers: linear+sentence\n")
    topic = read_topic(tmp_path)
    parts = train(topic)
    both, linear = (TrainedModel.of(each) for each in (parts, replace(parts, sentences=None)))

    for name in ("evaluation.jsonl", "evaluation-tasks-any.jsonl"):
        questions = read_evaluation(tmp_path / name, topic)
        one, two = (
            numbers_of(
                model.card, model.hierarchy, evaluate(model, questions), records=name, command=""
            )
            for model in (linear, both)
        )
        assert two["levels"][-1]["accuracy"] >= one["levels"][-1]["accuracy"] + 0.02
        assert two["atPrecision"]["share"] >= one["atPrecision"]["share"] + 0.04
