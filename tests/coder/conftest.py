"""Models that many tests ask; each is trained once a test run and never changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from coding_service.coder.model import Model
from coding_service.coder.topic_files import read_topic
from coding_service.coder.training import train_into
from tests.coder.folders import topic_folder

ANZSCO = Path(__file__).parents[2] / "topics" / "anzsco"


@pytest.fixture(scope="session")
def trades_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the model of the small topic."""
    folder = tmp_path_factory.mktemp("trades")
    directory, _ = train_into(read_topic(topic_folder(folder / "topic")), folder / "models")
    return directory


@pytest.fixture(scope="session")
def trades(trades_directory: Path) -> Model:
    """The model of the small topic."""
    return Model.load(trades_directory)


@pytest.fixture(scope="session")
def anzsco(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """The model of the shipped topic, trained from it (about ten seconds)."""
    directory, _ = train_into(read_topic(ANZSCO), tmp_path_factory.mktemp("models"))
    return Model.load(directory)
