"""Two small topics, trained once a run, and the service on a fresh AWS for each test."""

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from coding_service.observability import SERVICE, logger
from tests.support.aws import played_aws
from tests.support.coding_service.service import EMPTY_TOPIC, OTHER_TOPIC, Service, make_service
from tests.support.coding_service.topic_folders import SETTINGS, topic_folder
from training.fit.train import train_into
from training.topic.files import read_topic


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of the topics `trades` and `crafts`, and a topic that has none."""
    folder = tmp_path_factory.mktemp("service")
    models = folder / "models"
    other = SETTINGS.replace("name: trades", f"name: {OTHER_TOPIC}")
    train_into(read_topic(topic_folder(folder / "trades")), models)
    train_into(read_topic(topic_folder(folder / OTHER_TOPIC, settings=other)), models)
    (models / EMPTY_TOPIC).mkdir()
    return models


@pytest.fixture
def service(models: Path) -> Iterator[Service]:
    with played_aws():
        yield make_service(models)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Every line that the service logs, formatted as it is for CloudWatch."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(logger.registered_formatter)
    logger.addHandler(handler)
    yield lines
    logging.getLogger(SERVICE).removeHandler(handler)
