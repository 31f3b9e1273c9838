"""CodingService over HTTP: topics, tokens, and every row of the protocol's error table."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from localcloud.cloud import LocalCloud
from localcloud.registration import Client
from protocol.errors import ServiceAnswer
from protocol.messages import Model
from tests.support.cloud.deployed import (
    HOLLOW_TOPIC,
    OTHER_MODEL,
    OTHER_TOPIC,
    TOPIC,
    changed_function,
)
from tests.support.cloud.service_client import Answer, ServiceClient, ask_for_token
from tests.support.eventually import eventually

API = "coding_service.api.handler"
BURST = 20  # calls, to meet a limit


def is_row(answer: Answer, row: ServiceAnswer) -> bool:
    """Whether an answer is a row of the error table, status and text both to the letter."""
    return (answer.status, answer.json()) == (row.http_status, {"message": row.text})


def own_model(caller: ServiceClient) -> str:
    model_id: str = caller.get(f"/v1/topics/{TOPIC}/models/latest").json()["modelId"]
    return model_id


def should_list_topics_when_asked(caller: ServiceClient) -> None:
    topics = caller.get("/v1/topics")
    assert topics.status == 200
    names = [topic["uriName"] for topic in topics.json()]
    assert names == sorted(names)
    assert {TOPIC, OTHER_TOPIC} <= set(names)  # others may have been published since
    assert HOLLOW_TOPIC not in names


def should_describe_models_when_asked(caller: ServiceClient) -> None:
    models = caller.get(f"/v1/topics/{TOPIC}/models").json()
    latest = caller.get(f"/v1/topics/{TOPIC}/models/latest").json()
    assert models[0] == latest
    assert Model.from_json(latest).input_format == ("occp_text", "tasks_text")


def should_give_a_token_of_an_hour_when_credentials_are_right(
    cloud: LocalCloud, caller: ServiceClient, pipelines_client: Client
) -> None:
    assert cloud.service is not None
    given = ask_for_token(caller.http, cloud.service, pipelines_client).json()
    assert given["token_type"].lower() == "bearer"
    assert given["expires_in"] == 3600


def should_give_no_token_when_the_secret_is_wrong(
    cloud: LocalCloud, caller: ServiceClient, pipelines_client: Client
) -> None:
    assert cloud.service is not None
    wrong = Client(client_id=pipelines_client.client_id, client_secret="guessed")
    refused = ask_for_token(caller.http, cloud.service, wrong)
    assert refused.status in {400, 401}
    assert "access_token" not in refused.json()


def should_accept_the_token_with_bearer_in_front(caller: ServiceClient) -> None:
    assert caller.without_token(f"Bearer {caller.token}").get("/v1/topics").status == 200


@pytest.mark.parametrize("token", [None, "garbage", "a.b.c", "Bearer"])
def should_answer_403_when_there_is_no_good_token(caller: ServiceClient, token: str | None) -> None:
    assert is_row(caller.without_token(token).get("/v1/topics"), ServiceAnswer.DENIED)


def should_answer_403_when_the_tokens_signature_was_changed(caller: ServiceClient) -> None:
    assert caller.token is not None
    head, claims, signature = caller.token.split(".")
    forged = f"{head}.{claims}.{'A' * len(signature)}"
    assert is_row(caller.without_token(forged).get("/v1/topics"), ServiceAnswer.DENIED)


def should_answer_404_when_the_operation_is_unknown(caller: ServiceClient) -> None:
    unknown = caller.operation(TOPIC, str(uuid.uuid4()))
    assert is_row(unknown, ServiceAnswer.OPERATION_UNKNOWN)
    assert is_row(caller.operation(TOPIC, "no-guid"), ServiceAnswer.OPERATION_UNKNOWN)


def should_answer_401_when_the_operation_is_another_clients(
    caller: ServiceClient, stranger: ServiceClient
) -> None:
    created = caller.create(TOPIC)
    seen = stranger.operation(TOPIC, created.operation_id)
    assert is_row(seen, ServiceAnswer.NOT_YOUR_OPERATION)
    assert caller.operation(TOPIC, created.operation_id).status == 200


def should_answer_400_when_creating_has_a_body(caller: ServiceClient) -> None:
    refused = caller.post(f"/v1/topics/{TOPIC}/batch-code", b'{"file": "mine"}')
    assert is_row(refused, ServiceAnswer.INVALID_BODY)


@pytest.mark.parametrize("path", ["models", "models/latest"])
def should_answer_404_when_a_read_names_an_unknown_topic(caller: ServiceClient, path: str) -> None:
    assert is_row(caller.get(f"/v1/topics/nosuch/{path}"), ServiceAnswer.TOPIC_UNKNOWN)


def should_answer_404_when_creating_names_an_unknown_topic(caller: ServiceClient) -> None:
    assert is_row(caller.post("/v1/topics/nosuch/batch-code"), ServiceAnswer.TOPIC_UNKNOWN)


def should_answer_404_when_the_model_is_unknown(caller: ServiceClient) -> None:
    refused = caller.post(f"/v1/topics/{TOPIC}/models/{uuid.uuid4()}/batch-code")
    assert is_row(refused, ServiceAnswer.MODEL_UNKNOWN)


def should_answer_409_when_the_model_is_another_topics(caller: ServiceClient) -> None:
    refused = caller.post(f"/v1/topics/{TOPIC}/models/{OTHER_MODEL}/batch-code")
    assert is_row(refused, ServiceAnswer.MODEL_OF_OTHER_TOPIC)


def should_answer_500_when_the_topic_has_no_model(caller: ServiceClient) -> None:
    assert is_row(caller.post(f"/v1/topics/{HOLLOW_TOPIC}/batch-code"), ServiceAnswer.NO_MODELS)
    latest = caller.get(f"/v1/topics/{HOLLOW_TOPIC}/models/latest")
    assert is_row(latest, ServiceAnswer.NO_MODELS)


def should_answer_500_when_the_service_itself_is_broken(
    cloud: LocalCloud, caller: ServiceClient
) -> None:
    with changed_function(cloud, API, OPERATIONS_TABLE="absent"):
        broken = caller.get("/v1/topics")
    assert is_row(broken, ServiceAnswer.INTERNAL)
    assert caller.get("/v1/topics").status == 200


def should_answer_429_too_many_requests_when_calls_come_too_fast(
    cloud: LocalCloud, stranger: ServiceClient
) -> None:
    with (
        changed_function(cloud, API, REQUESTS_PER_SECOND="1", REQUEST_BURST="2"),
        ThreadPoolExecutor(4) as together,
    ):
        answers = list(together.map(lambda _: stranger.get("/v1/topics"), range(BURST)))
        refused = [answer for answer in answers if answer.status != 200]
        assert refused
        assert len(refused) < BURST
        assert all(is_row(answer, ServiceAnswer.TOO_MANY_REQUESTS) for answer in refused)
        # Slowing down helps.
        eventually(lambda: stranger.get("/v1/topics").status, until=lambda s: s == 200, within=20)


def should_answer_429_limit_exceeded_when_the_days_quota_is_gone(
    cloud: LocalCloud, caller: ServiceClient, stranger: ServiceClient
) -> None:
    stranger.get("/v1/topics")
    stranger.get("/v1/topics")
    with changed_function(cloud, API, REQUESTS_PER_DAY="1"):
        refused = stranger.get("/v1/topics")
    assert is_row(refused, ServiceAnswer.LIMIT_EXCEEDED)
    assert caller.get("/v1/topics").status == 200


def should_answer_404_in_json_when_the_path_is_none_of_the_apis(caller: ServiceClient) -> None:
    answer = caller.get("/v1/nothing/here")
    assert answer.status == 404
    assert "message" in json.loads(answer.body)
