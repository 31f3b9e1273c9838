"""A codelist of real size, where its tables are at hand: two of O*NET's major groups.

They are not the project's: name their folder in ONET_TABLES (codes.csv, titles.csv, tasks.csv).
"""

import os
from pathlib import Path

import pytest

from coding_service.coder.model import TrainedModel
from training.evaluate.evaluate import evaluate
from training.fit.train import train
from training.topic.files import read_evaluation, read_topic
from training.topic.import_tables import Row, TopicTables, read_labels, read_texts, write_topic

TABLES = Path(os.environ.get("ONET_TABLES", "no-tables"))
MAJOR_GROUPS = ("15", "29")  # computing, health care
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (TABLES / "titles.csv").exists(), reason="O*NET's tables are not in ONET_TABLES"
    ),
]


def some(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row[0].startswith(MAJOR_GROUPS)]


def should_find_the_code_of_most_unseen_titles_when_tasks_are_told(tmp_path: Path) -> None:
    codes = read_labels(TABLES / "codes.csv")
    titles, tasks = (read_texts(TABLES / name, codes) for name in ("titles.csv", "tasks.csv"))
    tables = TopicTables(some(codes), some(titles), some(tasks))
    write_topic(tables, tmp_path, name="onet", levels=[2, 3, 5, 6], threshold=0.75, seed=7)
    topic = read_topic(tmp_path)
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
