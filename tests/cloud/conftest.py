"""One local cloud for all tests of this folder; it takes some twenty seconds to come up."""

import os
import shutil
import sys
from collections.abc import Iterator

import pytest

from localcloud.cloud import LocalCloud
from localcloud.console import Console
from localcloud.deployment import Choices, deploy
from localcloud.places import Place, Tools
from localcloud.registration import Client, give_credentials, register_client
from localcloud.server import Server, attached_server
from tests.support.cloud.deployed import SETTINGS, make_codelists, make_models
from tests.support.cloud.service_client import ServiceClient
from tests.support.cloud.subscriber import Subscriber, witness_of

LAST = "test_secrets.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of it is slow; and what looks for traces comes after what leaves them."""
    for item in items:
        if item.path.parent.name == "cloud":
            item.add_marker(pytest.mark.cloud)
    items.sort(key=lambda item: item.path.name == LAST)


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    """Where this run's local cloud keeps its files."""
    place = Place.named(f"tests-{os.getpid()}")
    yield place
    shutil.rmtree(place.root, ignore_errors=True)


@pytest.fixture(scope="session")
def server(place: Place) -> Iterator[Server]:
    """The local cloud's server; TLS and IAM enforced."""
    with attached_server(place, port=None, tools=Tools()) as running:
        yield running


@pytest.fixture(scope="session")
def cloud(place: Place, server: Server) -> LocalCloud:
    """Both stacks, deployed."""
    make_models()
    make_codelists()
    return deploy(
        server.reach,
        Choices(settings=SETTINGS),
        place=place,
        tools=Tools(),
        console=Console(sys.stderr),
    )


@pytest.fixture(scope="session")
def pipelines_client(cloud: LocalCloud) -> Client:
    """The client whose credentials Pipeline has."""
    assert cloud.service is not None
    client = register_client(cloud, cloud.service, name="pipeline")
    give_credentials(cloud, client)
    return client


@pytest.fixture(scope="session")
def other_client(cloud: LocalCloud) -> Client:
    """Somebody else."""
    assert cloud.service is not None
    return register_client(cloud, cloud.service, name="somebody-else")


@pytest.fixture(scope="session")
def caller(cloud: LocalCloud, pipelines_client: Client) -> ServiceClient:
    """Calls the service as Pipeline would."""
    return ServiceClient.of(cloud, pipelines_client)


@pytest.fixture(scope="session")
def stranger(cloud: LocalCloud, other_client: Client) -> ServiceClient:
    """Calls the service as somebody else."""
    return ServiceClient.of(cloud, other_client)


@pytest.fixture(scope="session")
def subscriber(cloud: LocalCloud, pipelines_client: Client) -> Iterator[Subscriber]:
    """Drops files, and hears how each ends; Pipeline has its credentials."""
    with witness_of(cloud) as listening:
        yield listening
