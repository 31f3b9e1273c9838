"""Topics and models are found by name, version and GUID."""

import shutil
from pathlib import Path

import pytest

from coding_service.coder.catalogue import Catalogue, readable_cards
from coding_service.coder.errors import (
    ForeignModelError,
    ModelError,
    NoModelsError,
    UnknownModelError,
    UnknownTopicError,
)
from tests.support.coding_service.topic_folders import SETTINGS, topic_folder
from training.fit.train import train_into
from training.topic.files import read_topic


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Versions 3, 10 and 9 of one topic, one model of another, and a topic without any."""
    folder = tmp_path_factory.mktemp("catalogue")
    for version in (3, 10, 9):
        text = SETTINGS.replace("version: 3", f"version: {version}")
        topic = read_topic(topic_folder(folder / f"v{version}", settings=text))
        train_into(topic, folder / "models")
    other = SETTINGS.replace("name: trades", "name: jobs").replace("A few trades", "Some jobs")
    train_into(read_topic(topic_folder(folder / "jobs", settings=other)), folder / "models")
    (folder / "models" / "empty").mkdir()
    return folder / "models"


def should_list_topics_by_name_when_they_have_models(models: Path) -> None:
    assert [each.to_json() for each in Catalogue.read(models).topics()] == [
        {"uriName": "jobs", "fullName": "Some jobs"},
        {"uriName": "trades", "fullName": "A few trades"},
    ]


def should_list_models_newest_version_first(models: Path) -> None:
    catalogue = Catalogue.read(models)

    assert [each.model_version for each in catalogue.models("trades")] == [10, 9, 3]
    assert catalogue.latest("trades").model_version == 10


def should_give_the_model_when_its_guid_is_known_in_any_case(models: Path) -> None:
    catalogue = Catalogue.read(models)
    oldest = catalogue.models("trades")[-1]

    assert catalogue.model("trades", oldest.model_id.upper()) == oldest
    assert catalogue.load(oldest).card == oldest


def should_say_which_when_a_topic_or_model_is_unknown(models: Path) -> None:
    catalogue = Catalogue.read(models)
    job = catalogue.latest("jobs").model_id

    with pytest.raises(UnknownTopicError, match="there is no topic 'crafts'"):
        catalogue.latest("crafts")
    with pytest.raises(UnknownTopicError):
        catalogue.model("crafts", job)
    with pytest.raises(NoModelsError, match="topic 'empty' has no trained model"):
        catalogue.latest("empty")
    with pytest.raises(UnknownModelError, match="there is no model 'nonsense'"):
        catalogue.model("trades", "nonsense")
    with pytest.raises(ForeignModelError, match="does not belong to topic 'trades'"):
        catalogue.model("trades", job)


def should_not_read_weights_when_only_cards_are_asked_for(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models, tmp_path / "models")
    for weights in (tmp_path / "models").rglob("weights.npz"):
        weights.unlink()

    catalogue = Catalogue.read(tmp_path / "models")

    with pytest.raises(ModelError, match=r"weights\.npz"):
        catalogue.load(catalogue.latest("trades"))


def should_refuse_when_a_model_lies_in_the_wrong_place(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "jobs", tmp_path / "models" / "tasks")

    with pytest.raises(ModelError, match="the model in it is jobs/"):
        Catalogue.read(tmp_path / "models")


def should_refuse_when_there_is_no_directory(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no such directory of models"):
        Catalogue.read(tmp_path / "models")


def should_refuse_when_two_models_have_one_version(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models, tmp_path / "models")
    catalogue = Catalogue.read(tmp_path / "models")
    card = catalogue.latest("jobs")
    twin = "00000000-0000-0000-0000-000000000000"
    folder = tmp_path / "models" / "jobs"
    shutil.copytree(folder / card.model_id, folder / twin)
    text = (folder / twin / "model.json").read_text(encoding="utf-8")
    (folder / twin / "model.json").write_text(text.replace(card.model_id, twin), encoding="utf-8")

    with pytest.raises(ModelError, match="has the same version, 3; remove one"):
        Catalogue.read(tmp_path / "models")


def should_pass_over_what_can_not_be_read_when_one_topic_is_asked_for(
    models: Path, tmp_path: Path
) -> None:
    shutil.copytree(models, tmp_path / "models")
    newest, *others = readable_cards(models, "trades")
    (tmp_path / "models" / "trades" / newest.model_id / "model.json").write_text('{"format": 1}')
    for model in (models / "jobs").iterdir():  # a model in the wrong place
        shutil.copytree(model, tmp_path / "models" / "trades" / model.name)

    assert [newest, *others] == list(Catalogue.read(models).models("trades"))
    assert list(readable_cards(tmp_path / "models", "trades")) == others
    assert readable_cards(tmp_path / "models", "crafts") == ()
    assert readable_cards(tmp_path / "none", "trades") == ()
