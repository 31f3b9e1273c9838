"""Models that many tests ask; each is trained once a test run and never changed."""

from pathlib import Path

import pytest

from coding_service.coder.model import TrainedModel
from infra.project_files import LAMBDAS, PROJECT
from tests.support.coding_service.topic_folders import topic_folder
from training.fit.train import model_id, train_into
from training.topic.files import read_topic

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
def anzsco(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    """The model of the shipped topic: `make train`'s, or else one trained now, some ten seconds."""
    topic = read_topic(ANZSCO)
    trained = MODELS / topic.settings.name / model_id(topic)
    if not trained.is_dir() or not _is_newer(MODELS / ".trained", than=(ANZSCO, CODER, TRAINING)):
        trained, _ = train_into(topic, tmp_path_factory.mktemp("models"))
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
