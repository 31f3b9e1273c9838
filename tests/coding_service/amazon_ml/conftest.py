"""Amazon ML's API on a fresh AWS for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from coding_service.coder.catalogue import Catalogue
from tests.support.aws import played_aws
from tests.support.coding_service.amazon_ml import World, make_world


@pytest.fixture
def world(models: Path) -> Iterator[World]:
    with played_aws():
        yield make_world(Catalogue.read(models))
