"""The API at the level of its function: every success and every row of the error table."""

import base64
import io
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from coding_service.api.batch_coding import RESULTS_DELETED
from coding_service.api.presigned_urls import DOWNLOAD_SECONDS, Presigner
from coding_service.api.routes import CREATE, MODEL, OPERATION, TOPIC, Answer
from coding_service.aws import configuration
from coding_service.errors import Refusal
from protocol.errors import ServiceAnswer
from tests.support.aws import played_aws
from tests.support.coding_service import service as world
from tests.support.coding_service.service import ALICE, BOB, KEY_ARN, REGION, Service, event_of

FORMS = [TOPIC + OPERATION, MODEL + OPERATION]


def call(service: Service, method: str, resource: str, **rest: Any) -> Answer:
    return service.routes().answer(event_of(method, resource, **rest))


def latest(service: Service) -> str:
    return service.registry.latest(world.TOPIC).model_id


def status(service: Service, operation_id: str, **rest: Any) -> Answer:
    parameters = {"topic": world.TOPIC, "operation_id": operation_id, **rest}
    return call(service, "GET", TOPIC + OPERATION, **parameters)


def answered(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["message"]


def row(answer: ServiceAnswer) -> tuple[int, str]:
    return answer.http_status, answer.text


def should_list_topics_that_have_a_model(service: Service) -> None:
    answer = call(service, "GET", "/v1/topics")
    assert answer.status == 200
    assert answer.body == [
        {"uriName": world.OTHER_TOPIC, "fullName": "A few trades"},
        {"uriName": world.TOPIC, "fullName": "A few trades"},
    ]


def should_describe_models_as_documented(service: Service) -> None:
    listed = call(service, "GET", TOPIC + "/models", topic=world.TOPIC).body
    newest = call(service, "GET", TOPIC + "/models/latest", topic=world.TOPIC).body
    assert listed == [newest]
    assert newest == {
        "modelId": latest(service),
        "modelVersion": 3,
        "modelReleaseDate": "2026-01-31",
        "modelType": newest["modelType"],
        "inputFormat": ["occp_text", "tasks_text"],
        "topicStandard": "TRADES",
        "topicVersion": "2020",
    }


@pytest.mark.parametrize("resource", [TOPIC + CREATE, MODEL + CREATE])
@pytest.mark.parametrize("body", [None, "", "  ", "{}", "null"])
def should_create_an_operation_when_the_body_is_empty(
    service: Service, resource: str, body: str | None
) -> None:
    answer = call(service, "POST", resource, topic=world.TOPIC, model=latest(service), body=body)
    assert answer.status == 200
    assert set(answer.body) == {"requestUploadUrl", "operationId", "bucketKmsKeyArn"}
    assert answer.body["bucketKmsKeyArn"] == KEY_ARN
    found = status(service, answer.body["operationId"])
    assert found.body == {"operationStatus": "awaiting_input"}


def should_make_another_operation_each_time(service: Service) -> None:
    assert service.create().operation_id != service.create().operation_id


@pytest.mark.parametrize("form", FORMS)
def should_tell_the_status_by_both_paths_whatever_model_is_named(
    service: Service, form: str
) -> None:
    answer = call(
        service,
        "GET",
        form,
        topic=world.TOPIC,
        model="not-looked-at",
        operation_id=service.create().operation_id.upper(),
    )
    assert answer.body == {"operationStatus": "awaiting_input"}


def should_answer_404_when_the_operation_is_unknown(service: Service) -> None:
    for unknown in (world.new_guid(), "not a guid", ""):
        assert answered(status(service, unknown)) == row(ServiceAnswer.OPERATION_UNKNOWN)


def should_answer_404_when_the_operation_was_made_for_another_topic(service: Service) -> None:
    made = service.create()
    answer = status(service, made.operation_id, topic=world.OTHER_TOPIC)
    assert answered(answer) == row(ServiceAnswer.OPERATION_UNKNOWN)


def should_answer_404_when_the_operation_is_thirty_days_old(service: Service) -> None:
    made = service.create()
    service.clock.now += 30 * 86_400 - 1
    assert status(service, made.operation_id, token_expires_at=1e11).status == 200
    service.clock.now += 1
    answer = status(service, made.operation_id, token_expires_at=1e11)
    assert answered(answer) == row(ServiceAnswer.OPERATION_UNKNOWN)


def should_answer_401_when_the_operation_is_another_clients(service: Service) -> None:
    made = service.create(client_id=ALICE)
    answer = status(service, made.operation_id, client_id=BOB)
    assert answered(answer) == row(ServiceAnswer.NOT_YOUR_OPERATION)


@pytest.mark.parametrize("body", ['{"topic": 1}', "[]", "nonsense", '"text"', "0"])
def should_answer_400_when_there_is_a_body(service: Service, body: str) -> None:
    answer = call(service, "POST", TOPIC + CREATE, topic=world.TOPIC, body=body)
    assert answered(answer) == row(ServiceAnswer.INVALID_BODY)


def should_read_a_body_that_the_gateway_encoded(service: Service) -> None:
    event = event_of("POST", TOPIC + CREATE, topic=world.TOPIC)
    event |= {"body": base64.b64encode(b"\xff\x00").decode(), "isBase64Encoded": True}
    assert answered(service.routes().answer(event)) == row(ServiceAnswer.INVALID_BODY)


def should_answer_403_when_the_token_ended_while_the_gateway_kept_its_consent(
    service: Service,
) -> None:
    answer = call(service, "GET", "/v1/topics", token_expires_at=service.clock.now)
    assert answered(answer) == row(ServiceAnswer.DENIED)


@pytest.mark.parametrize(
    ("method", "resource"),
    [
        ("GET", TOPIC + "/models"),
        ("GET", TOPIC + "/models/latest"),
        ("POST", TOPIC + CREATE),
        ("POST", MODEL + CREATE),
        ("GET", TOPIC + OPERATION),
    ],
)
def should_answer_404_when_the_topic_is_unknown(
    service: Service, method: str, resource: str
) -> None:
    answer = call(
        service,
        method,
        resource,
        topic="no-such",
        model=latest(service),
        operation_id=world.new_guid(),
    )
    assert answered(answer) == row(ServiceAnswer.TOPIC_UNKNOWN)


def should_answer_404_when_the_model_is_unknown(service: Service) -> None:
    for model in (world.new_guid(), "not a guid"):
        answer = call(service, "POST", MODEL + CREATE, topic=world.TOPIC, model=model)
        assert answered(answer) == row(ServiceAnswer.MODEL_UNKNOWN)


def should_answer_409_when_the_model_is_another_topics(service: Service) -> None:
    answer = call(service, "POST", MODEL + CREATE, topic=world.OTHER_TOPIC, model=latest(service))
    assert answered(answer) == row(ServiceAnswer.MODEL_OF_OTHER_TOPIC)


def should_answer_500_when_a_topic_has_no_models(service: Service) -> None:
    for method, resource in (("POST", TOPIC + CREATE), ("GET", TOPIC + "/models")):
        answer = call(service, method, resource, topic=world.EMPTY_TOPIC)
        assert answered(answer) == row(ServiceAnswer.NO_MODELS)


def should_answer_429_when_calls_come_faster_than_the_rate(service: Service) -> None:
    routes = service.routes(per_second=1, burst=2)
    event = event_of("GET", "/v1/topics")
    assert [routes.answer(event).status for _ in range(3)] == [200, 200, 429]
    assert answered(routes.answer(event)) == row(ServiceAnswer.TOO_MANY_REQUESTS)
    service.clock.now += 1
    assert routes.answer(event).status == 200


def should_answer_429_when_the_day_is_used_up(service: Service) -> None:
    routes = service.routes(per_day=2)
    event = event_of("GET", "/v1/topics", token_expires_at=1e11)
    assert [routes.answer(event).status for _ in range(3)] == [200, 200, 429]
    assert answered(routes.answer(event)) == row(ServiceAnswer.LIMIT_EXCEEDED)
    service.clock.now += 86_400
    assert routes.answer(event).status == 200


def should_answer_500_without_internals_when_something_unexpected_happens(
    service: Service, log: io.StringIO
) -> None:
    service.table.delete()
    answer = call(service, "GET", "/v1/topics")
    assert answered(answer) == row(ServiceAnswer.INTERNAL)
    assert '"exception_name":"ResourceNotFoundException"' in log.getvalue()


def should_log_who_called_what_and_what_the_answer_was(service: Service, log: io.StringIO) -> None:
    call(service, "GET", "/v1/topics")
    call(service, "GET", TOPIC + "/models", topic="nowhere")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    answers = [line for line in lines if line["message"] == "answered"]
    assert [(each["path"], each["status_code"]) for each in answers] == [
        ("/v1/topics", 200),
        (TOPIC + "/models", 404),
    ]
    assert {(each["client"], each["method"]) for each in answers} == {(ALICE, "GET")}


def should_tell_the_gateway_json_that_nobody_stores(service: Service) -> None:
    answer = call(service, "GET", "/v1/topics").to_gateway()
    assert answer["statusCode"] == 200
    assert answer["headers"] == {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
    }
    assert json.loads(answer["body"])[0]["uriName"] == world.OTHER_TOPIC


def should_keep_urls_out_of_logs_the_table_and_reprs(service: Service, log: io.StringIO) -> None:
    made = call(service, "POST", TOPIC + CREATE, topic=world.TOPIC)
    work = service.upload(made.body["operationId"], world.file_of(2))
    service.lifecycle.complete(work, service.coded(work))
    done = status(service, work.operation_id)
    assert done.body["responseDownloadUrl"].startswith("https://")
    assert log.getvalue().count(work.operation_id) >= 4
    seen = log.getvalue() + repr(made) + repr(done) + repr(service.table.scan())
    assert "https://" not in seen
    assert "Signature" not in seen


def should_give_fresh_urls_until_the_results_are_deleted(service: Service) -> None:
    work = service.upload(service.create().operation_id, world.file_of(2))
    service.lifecycle.complete(work, service.coded(work))
    state = service.state(work.operation_id)
    assert state.error is None
    for url in (state.response_download_url, state.metadata_download_url):
        assert url is not None
        assert parse_qs(urlsplit(url).query)["X-Amz-Expires"] == [str(DOWNLOAD_SECONDS)]
    service.clock.now += world.RESULTS_SECONDS
    late = service.state(work.operation_id)
    assert late.to_json() == {"operationStatus": "complete", "error": RESULTS_DELETED}


def should_raise_the_row_when_asked_without_http(service: Service) -> None:
    with pytest.raises(Refusal) as refused:
        service.state(world.new_guid())
    assert refused.value.answer is ServiceAnswer.OPERATION_UNKNOWN


@pytest.mark.parametrize(
    ("style", "host"),
    [("virtual", f"inputs.s3.{REGION}.amazonaws.com"), ("path", f"s3.{REGION}.amazonaws.com")],
)
def should_sign_exactly_the_two_encryption_headers(style: Any, host: str) -> None:
    with played_aws():
        s3 = boto3.client("s3", region_name=REGION, config=configuration(style))
        presigner = Presigner(s3, "inputs", "outputs", KEY_ARN)
        url = urlsplit(presigner.upload_url(world.new_guid(), seconds=77))
    query = parse_qs(url.query)
    assert url.hostname == host
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["77"]
    assert query["X-Amz-SignedHeaders"] == [
        "host;x-amz-server-side-encryption;x-amz-server-side-encryption-aws-kms-key-id"
    ]
    assert not [name for name in query if "checksum" in name.lower()]
