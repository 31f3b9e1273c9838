"""Models that many tests ask; each is trained once a test run and never changed."""

from pathlib import Path

import pytest

from coding_service.coder.model import TrainedModel
from infra.project_files import LAMBDAS, PROJECT
from tests.support.coding_service.topic_folders import mixed_topic_folder, topic_folder
from training.fit.train import model_id, train, train_into
from training.topic.files import read_topic
from training.topic.topic import Topic

ANZSCO = PROJECT / "topics" / "anzsco"
CODER = LAMBDAS / "coding_service" / "coder"
TRAINING = PROJECT / "training"
MODELS = PROJECT / "build" / "models"


@pytest.fixture(scope="session")
def trades_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the model of the small topic."""
    folder = tmp_path_factory.mktemp("trades")
    directory, _ = train_into(read_topic(topic_folder(folder / "topic")), folder / "models")
    return directory


@pytest.fixture(scope="session")
def trades(trades_directory: Path) -> TrainedModel:
    """The model of the small topic."""
    return TrainedModel.load(trades_directory)


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    """The model of a topic with many codes of the same words, so that none is far ahead."""
    folder = tmp_path_factory.mktemp("mixed") / "topic"
    return TrainedModel.of(train(read_topic(mixed_topic_folder(folder))))


@pytest.fixture(scope="session")
def anzsco_topic() -> Topic:
    """The shipped topic."""
    return read_topic(ANZSCO)


@pytest.fixture(scope="session")
def anzsco(anzsco_topic: Topic, tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    """The model of the shipped topic: `make train`'s, or else one trained now, some minutes."""
    trained = MODELS / anzsco_topic.settings.name / model_id(anzsco_topic)
    if not trained.is_dir() or not _is_newer(MODELS / ".trained", than=(ANZSCO, CODER, TRAINING)):
        trained, _ = train_into(anzsco_topic, tmp_path_factory.mktemp("models"))
    return TrainedModel.load(trained)


def _is_newer(made: Path, *, than: tuple[Path, ...]) -> bool:
    """Make's rule: whether nothing in the folders has changed since."""
    sources = [
        source
        for folder in than
        for source in folder.rglob("*")
        if source.is_file() and source.suffix != ".pyc"
    ]
    return made.exists() and made.stat().st_mtime >= max(each.stat().st_mtime for each in sources)
