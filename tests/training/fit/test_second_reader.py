"""What a second reader learns, and that it is measured on examples that it had not seen."""

import json
from pathlib import Path

import numpy as np
import pytest

from coding_service.coder.model import TrainedModel
from tests.support.coding_service.sentence_models import sentence_model_folder
from tests.support.coding_service.topic_folders import SETTINGS, topic_folder
from training.errors import TopicError
from training.fit.second_reader import fit_second_reader
from training.fit.sentence_model import read_sentence_model
from training.fit.train import train, train_into
from training.topic.files import read_topic

BOTH = SETTINGS + "readers: linear+sentence\nsentenceModel: ../tiny\n"


def should_give_the_same_files_when_the_same_folder_is_trained_again(tmp_path: Path) -> None:
    folder = topic_folder(tmp_path / "topic", settings=BOTH)
    sentence_model_folder(tmp_path / "tiny")

    first, _ = train_into(read_topic(folder), tmp_path / "one")
    second, _ = train_into(read_topic(folder), tmp_path / "two")

    assert first.name == second.name
    assert {each.name for each in first.iterdir()} == {
        "model.json",
        "codes.json",
        "weights.npz",
        "sentence.npz",
    }
    for file in first.iterdir():
        assert file.read_bytes() == (second / file.name).read_bytes()


def should_be_another_model_when_the_sentence_model_is_another(tmp_path: Path) -> None:
    folder = topic_folder(tmp_path / "topic", settings=BOTH)
    found = []
    for seed in (1, 2):
        tiny = sentence_model_folder(tmp_path / str(seed), seed=seed)
        tiny.rename(tmp_path / "tiny")
        found.append(train(read_topic(folder)).card)
        (tmp_path / "tiny").rename(tmp_path / f"used{seed}")

    assert found[0].model_id != found[1].model_id
    assert found[0].fingerprint == found[1].fingerprint
    assert found[0].second_reader != found[1].second_reader


def should_read_linearly_alone_unless_the_topic_says_otherwise(tmp_path: Path) -> None:
    parts = train(read_topic(topic_folder(tmp_path / "topic")))

    assert (parts.sentences, parts.card.second_reader) == (None, None)
    assert "secondReader" not in parts.card.to_json()


@pytest.mark.slow
def should_read_one_field_or_three_when_a_topic_has_so_many(tmp_path: Path) -> None:
    sentence_model_folder(tmp_path / "tiny")
    three = "{tasks_text: 1, occp_text: 2, industry: 0.5}"
    for number, fields in enumerate(("{occp_text: 1}", "{tasks_text: 1, occp_text: 2}", three)):
        settings = (
            BOTH[: BOTH.index("fields:")] + f"fields: {fields}\n" + BOTH[BOTH.index("readers:") :]
        )
        folder = topic_folder(tmp_path / str(number), settings=settings)
        records = [
            {**each, "tasks_text": f"duty {each['code']}", "industry": f"trade {each['code']}"}
            for each in map(json.loads, (folder / "examples.jsonl").read_text("utf-8").splitlines())
        ]
        (folder / "examples.jsonl").write_text("\n".join(map(json.dumps, records)), "utf-8")
        parts = train(read_topic(folder))
        model = TrainedModel.of(parts)

        assert parts.sentences is not None
        assert parts.sentences.fields == len(model.card.field_weights) == number + 1
        record = {"occp_text": "hb drvr", "tasks_text": "", "industry": ""}
        told = [{**record, "tasks_text": "duty 21"}, {**record, "industry": "trade 21"}]
        alone, *others = model.code([record, *told])
        assert alone.suggestions
        # Each field that there is says something, also behind an empty one.
        assert [alone != each for each in others] == [number > 0, number > 1]


def should_be_less_sure_when_the_topic_has_temperature_factors(tmp_path: Path) -> None:
    sentence_model_folder(tmp_path / "tiny")
    for name, factors in (("plain", "[1, 1]"), ("careful", "[4, 4]")):
        topic_folder(tmp_path / name, settings=BOTH + f"temperatureFactors: {factors}\n")
    plain, careful = (train(read_topic(tmp_path / name)) for name in ("plain", "careful"))
    record = {"occp_text": "hb drvr", "tasks_text": ""}

    sure, unsure = (TrainedModel.of(each).probabilities([record]) for each in (plain, careful))

    assert plain.card.second_reader
    assert careful.card.second_reader
    # Powers fitted on what the factors leave would undo them.
    assert plain.card.second_reader.alone == careful.card.second_reader.alone
    assert unsure.max() / unsure.min() < sure.max() / sure.min()


@pytest.mark.parametrize("tasks", ["", "meals"])
def should_trust_no_reader_less_than_not_at_all_when_one_is_always_wrong(
    tmp_path: Path, tasks: str
) -> None:
    model = read_sentence_model(sentence_model_folder(tmp_path / "tiny"))
    # Nobody can tell from the titles, and the linear reader is wrong each time.
    said = [(number, title) for number in range(3) for title in ("cook", "poet", "sailor")] * 4
    texts = [text for _, title in said for text in (title, tasks)]
    classes = np.asarray([number for number, _ in said])
    wrong = (1 - np.eye(3, dtype=np.float32))[classes] * np.float32(0.48) + np.float32(0.01)
    folds = np.arange(len(said)) // 9 % 3

    card = fit_second_reader(model, texts, classes, folds, wrong[folds == 0], seed=1).card

    assert min(card.together if tasks else card.alone) >= 0


def should_say_where_the_model_is_looked_for_when_there_is_none(tmp_path: Path) -> None:
    topic = read_topic(topic_folder(tmp_path / "topic", settings=BOTH))

    with pytest.raises(TopicError, match="tiny"):
        train(topic)
