"""The same folder trains to the same model, and a model says where it comes from."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_info

from coding_service.coder.model import TrainedModel
from infra.project_files import PROJECT
from tests.support.coding_service.sentence_models import sentence_model_folder
from tests.support.coding_service.topic_folders import SETTINGS, example, topic_folder
from tests.support.eventually import eventually
from training.fit import fit_classifiers
from training.fit.train import train, train_into
from training.topic.files import read_topic

RECORDS = [{"occp_text": text, "tasks_text": ""} for text in ("cook", "coach", "poet", "", "bread")]


def should_give_the_same_model_when_the_same_folder_is_trained_again(tmp_path: Path) -> None:
    folder = topic_folder(tmp_path / "topic")

    first, _ = train_into(read_topic(folder), tmp_path / "one")
    second, _ = train_into(read_topic(folder), tmp_path / "two")

    assert first.name == second.name
    assert str(uuid.UUID(first.name)) == first.name
    for name in ("model.json", "codes.json", "weights.npz"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("processors", [1, 3])
def should_give_the_same_model_when_processes_fit_it_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processors: int
) -> None:
    topic = read_topic(topic_folder(tmp_path / "topic"))
    alone, _ = train_into(topic, tmp_path / "one")
    monkeypatch.setattr(fit_classifiers, "SIDE_BY_SIDE", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: processors)

    beside, _ = train_into(topic, tmp_path / "many")

    assert (alone / "weights.npz").read_bytes() == (beside / "weights.npz").read_bytes()
    assert (alone / "model.json").read_bytes() == (beside / "model.json").read_bytes()


def should_fit_on_one_thread_when_blas_has_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = set[int]()

    class Watched(LinearSVC):  # type: ignore[misc]
        def fit(self, *inputs: Any, **weights: Any) -> Any:
            pools = threadpool_info()
            threads.update(each["num_threads"] for each in pools if each["user_api"] == "blas")
            return super().fit(*inputs, **weights)

    monkeypatch.setattr(fit_classifiers, "LinearSVC", Watched)
    topic = read_topic(topic_folder(tmp_path / "topic"))

    train(topic)

    assert threads == {1}


def should_hold_out_one_fold_when_there_are_many_examples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence_model_folder(tmp_path / "tiny")
    both = SETTINGS + "readers: linear+sentence\nsentenceModel: ../tiny\n"
    topic = read_topic(topic_folder(tmp_path / "topic", settings=both))
    three = train(topic)
    monkeypatch.setattr(fit_classifiers, "ONE_FOLD_FROM", 1)

    one = train(topic)

    assert one.weights.rows.bytes.tobytes() == three.weights.rows.bytes.tobytes()
    # The second reader's powers are fitted on the first fold in any case, with its temperatures.
    assert one.card.temperatures != three.card.temperatures
    assert one.card.metrics["heldOutExamples"] == three.card.metrics["heldOutExamples"]
    np.testing.assert_allclose(one.card.temperatures, three.card.temperatures, rtol=0.8)
    assert one.card.second_reader is not None


def should_give_another_guid_when_an_example_is_added(tmp_path: Path) -> None:
    folder = topic_folder(tmp_path / "topic")
    before = train(read_topic(folder)).card
    with (folder / "examples.jsonl").open("a", encoding="utf-8") as examples:
        examples.write(example("soup cook", "11"))

    after = train(read_topic(folder)).card

    assert before.model_id != after.model_id
    assert before.model_version == after.model_version


def should_say_what_the_service_shows_when_asked_for_metadata(trades: TrainedModel) -> None:
    assert trades.card.metadata() == {
        "modelId": trades.card.model_id,
        "modelVersion": 3,
        "modelReleaseDate": "2026-01-31",
        "modelType": "hsvm",
        "inputFormat": ["occp_text", "tasks_text"],
        "topicStandard": "TRADES",
        "topicVersion": "2020",
    }


def should_say_where_it_comes_from_when_its_card_is_read(trades_directory: Path) -> None:
    card = json.loads((trades_directory / "model.json").read_bytes())

    assert card["topic"] == {"uriName": "trades", "fullName": "A few trades"}
    assert len(card["dataHash"]) == 64
    assert set(card["libraries"]) == {"python", "numpy", "scipy", "scikit-learn"}
    assert set(card["metrics"]) == {
        "heldOutExamples",
        "heldOutAccuracy",
        "heldOutCoverage",
        "heldOutPrecision",
    }


def should_code_as_before_when_the_model_was_saved_and_loaded(
    tmp_path: Path, trades: TrainedModel
) -> None:
    parts = train(read_topic(topic_folder(tmp_path / "topic")))
    trained = TrainedModel.of(parts)

    np.testing.assert_allclose(
        trained.probabilities(RECORDS), trades.probabilities(RECORDS), atol=1e-6
    )


def should_be_less_sure_when_its_temperatures_are_raised(
    tmp_path: Path, trades: TrainedModel
) -> None:
    settings = SETTINGS + "temperatureFactors: [1.5, 2]\n"
    softer = train(read_topic(topic_folder(tmp_path / "topic", settings=settings)))

    for raised, plain, factor in zip(
        softer.card.temperatures, trades.card.temperatures, (1.5, 2), strict=True
    ):
        assert raised == pytest.approx(plain * factor)
    sure, less = (
        model.probabilities([{"occp_text": "pub cook at night"}]).max()
        for model in (trades, TrainedModel.of(softer))
    )
    assert sure > less


def should_replace_the_model_when_its_version_is_trained_again(tmp_path: Path) -> None:
    folder, out = topic_folder(tmp_path / "topic"), tmp_path / "models"
    first, _ = train_into(read_topic(folder), out)
    newer = SETTINGS.replace("version: 3", "version: 4")
    (folder / "topic.yaml").write_text(newer, encoding="utf-8")
    second, replaced_by_newer = train_into(read_topic(folder), out)
    (folder / "topic.yaml").write_text(newer.replace("0.7", "0.8"), encoding="utf-8")
    third, replaced_by_same = train_into(read_topic(folder), out)

    assert replaced_by_newer == ()
    assert replaced_by_same == (second.name,)
    assert {each.name for each in (out / "trades").iterdir()} == {first.name, third.name}


def should_train_when_a_code_has_a_single_example_and_one_level(tmp_path: Path) -> None:
    settings = SETTINGS.replace("[1, 2]", "[1]")
    folder = topic_folder(
        tmp_path / "topic", settings=settings, codes="code,label,parent\n1,Cook,\n"
    )
    (folder / "examples.jsonl").write_text(example("cook", "1"), encoding="utf-8")

    parts = train(read_topic(folder))
    model = TrainedModel.of(parts)

    [known, unknown] = model.probabilities([{"occp_text": "cook"}, {"occp_text": "zzz"}])
    assert known[0] > unknown[0]


@pytest.mark.slow
def should_leave_no_process_behind_when_it_is_killed() -> None:
    script = (
        "import os\n"
        "from training.fit.fit_classifiers import SIDE_BY_SIDE, _executor\n"
        "if __name__ == '__main__':\n"
        "    with _executor(SIDE_BY_SIDE) as pool:\n"
        "        print(pool.submit(os.getpid).result(), flush=True)\n"
        "        input()\n"
    )
    # `-c` has no file that a spawned process could run again.
    command = [sys.executable, "-c", script]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert _runs(worker)
        parent.kill()
    eventually(lambda: _runs(worker), until=lambda runs: not runs)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
