"""A deployed Pipeline in moto's AWS, as the command line reaches it."""

from collections.abc import Iterator

import pytest

from dropcoder.deployed.reach import Pipeline
from erasure.deployment import Clients, find_deployment
from tests.support.erasure import World, world


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The world that every command line reaches, whatever the shell's settings are."""
    with world() as made:
        monkeypatch.setattr(Clients, "of", lambda _session: made.clients)
        yield made


@pytest.fixture
def pipeline(here: World) -> Pipeline:
    return Pipeline(here.clients, find_deployment(here.clients.cloudformation))
