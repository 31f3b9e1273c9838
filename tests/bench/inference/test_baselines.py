"""The simple ways to code are measured on the same questions as the coder, and counted alike."""

from pathlib import Path

import pytest

from bench.inference.baselines import main
from tests.support.coding_service.topic_folders import topic_folder
from tests.support.coding_service.training_command import run


def should_measure_each_way_and_the_model_on_the_same_questions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, models = topic_folder(tmp_path / "topic"), tmp_path / "models"
    run("train", folder, "--out", models)

    status = main([str(folder), "--models", str(models)])

    assert status == 0
    told = [line.split("evaluation.jsonl") for line in capsys.readouterr().out.splitlines()]
    names, figures = zip(*told, strict=True)
    assert [name.strip() for name in names] == [
        "nearest titles",
        "TF-IDF and logistic",
        "as fastText",
        "Dropcoder",
    ]
    # Two of the four records have a code of the deepest level.
    assert all(float(each.split()[0].rstrip("%")) in (0.0, 25.0, 50.0) for each in figures)
    assert figures[0].split()[0] == "50.0%"
    assert figures[3].split()[0] == "50.0%"
