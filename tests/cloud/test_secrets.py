"""No presigned URL, token or client secret is in anything that the runs of these tests wrote.

Runs after all other tests of this folder (see conftest.py), and makes journeys of its own, so
that there is something to search where it runs alone.
"""

import json
import re
from collections.abc import Iterable
from urllib.parse import quote

import pytest

from localcloud.cloud import LocalCloud
from localcloud.registration import Client
from tests.support.cloud.deployed import PREDICTED_TOPIC, TOPIC
from tests.support.cloud.drops import check_complete, lines
from tests.support.cloud.planted_secrets import PLANTERS
from tests.support.cloud.service_client import Created, ServiceClient
from tests.support.cloud.subscriber import Drop, Subscriber
from tests.support.cloud.written import PLACES, Secrets, Written

LEAST = {"logs": 50, "executions": 50, "tables": 8, "results": 4, "functions": 10, "queues": 0}
"""Pieces of text that two journeys leave at the very least. The queues keep what was lost."""


@pytest.fixture(scope="module")
def coded(subscriber: Subscriber) -> Drop:
    """A drop that went the whole way, beside one that was rejected."""
    good = subscriber.drop(f"{TOPIC}/searched.jsonl", lines(3))
    predicted = subscriber.drop(f"{PREDICTED_TOPIC}/searched.jsonl", lines(3))
    bad = subscriber.drop(f"{TOPIC}/searched-too.jsonl", b"not json\n")
    check_complete(subscriber, good, subscriber.ended(good))
    check_complete(subscriber, predicted, subscriber.ended(predicted))
    assert subscriber.ended(bad).status == "rejected"
    return good


@pytest.fixture(scope="module")
def created(caller: ServiceClient) -> Created:
    """An operation with a presigned URL that was never used."""
    return caller.create(TOPIC)


@pytest.fixture(scope="module")
def tokens(caller: ServiceClient, stranger: ServiceClient) -> dict[str, str]:
    """The tokens that the tests asked for themselves."""
    held = {"Pipeline's client": caller.token, "the other client": stranger.token}
    return {whose: token for whose, token in held.items() if token is not None}


@pytest.fixture(scope="module")
def secrets(
    cloud: LocalCloud,
    coded: Drop,
    pipelines_client: Client,
    other_client: Client,
    tokens: dict[str, str],
) -> Secrets:
    """The secrets of both clients, and the tokens that they and Pipeline have."""
    shared = cloud.secrets().get_secret_value(SecretId=cloud.pipeline.token_secret)["SecretString"]
    known = Secrets.of(
        {"Pipeline's client": pipelines_client, "the other client": other_client},
        {**tokens, "Pipeline": json.loads(shared)["accessToken"]},
    )
    return Secrets({**known.values, _access_key(cloud): "an access key of Amazon ML"})


def _access_key(cloud: LocalCloud) -> str:
    """Of the key that Pipeline calls CodingService's Amazon ML API with: the longest stretch that
    stands as it is in JSON too (the local cloud makes it of all sorts of characters)."""
    assert cloud.service is not None
    arn = cloud.service.machine_learning_key_secret
    read = json.loads(cloud.secrets().get_secret_value(SecretId=arn)["SecretString"])
    return max(re.split(r'["\\]', read["secretAccessKey"]), key=len)


def should_know_each_secret_when_it_stands_in_a_text(
    secrets: Secrets, created: Created, caller: ServiceClient
) -> None:
    url, token = created.upload_url, caller.token
    assert len(secrets.values) == 8
    for value, kind in secrets.values.items():
        assert kind in secrets.kinds_in(json.dumps({"cause": f'GET failed: "{value}"'}))
    for text in (url, json.dumps({"url": url}), quote(url), f"…{url[url.index('X-Amz') :]}…"):
        assert secrets.kinds_in(text) == ["a presigned URL"]
    assert "a token" in secrets.kinds_in(f"Authorization: Bearer {token}")
    assert "a token" in Secrets({}).kinds_in(f"{{'Authorization': '{token}'}}")
    assert secrets.kinds_in(f"{created.operation_id} {url.partition('?')[0]}") == []


@pytest.mark.parametrize("where", PLACES)
def should_find_a_secret_when_one_is_planted(
    cloud: LocalCloud, secrets: Secrets, created: Created, where: str
) -> None:
    with PLANTERS[where](cloud, created.upload_url):
        assert found(secrets, PLACES[where](cloud))


@pytest.mark.parametrize("where", PLACES)
def should_find_no_secret_when_all_that_was_written_is_searched(
    cloud: LocalCloud, secrets: Secrets, coded: Drop, where: str
) -> None:
    searched = list(PLACES[where](cloud))
    assert len(searched) >= LEAST[where]
    if where in {"logs", "executions", "tables", "results"}:
        assert any(coded.drop_id in each.place + each.text for each in searched)
    assert found(secrets, searched) == []


def should_find_no_secret_when_all_messages_are_searched(
    secrets: Secrets, coded: Drop, subscriber: Subscriber
) -> None:
    told = [
        Written(each.key, json.dumps([each.subject, each.attributes, each.body]))
        for heard in subscriber.told.values()
        for each in heard
    ]
    events = [
        Written(event["detail"]["key"], json.dumps(event))
        for heard in subscriber.events.values()
        for event in heard
    ]
    assert len(told) == len(events) >= 2
    assert any(coded.drop_id in each.text for each in told)
    assert found(secrets, told + events) == []


def found(secrets: Secrets, searched: Iterable[Written]) -> list[tuple[str, list[str]]]:
    """The places of secrets, and their kinds; the secrets themselves stay where they are."""
    kinds = ((each.place, secrets.kinds_in(each.text)) for each in searched)
    return [(place, kind) for place, kind in kinds if kind]
