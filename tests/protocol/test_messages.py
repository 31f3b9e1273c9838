import pytest

from protocol.errors import ServiceAnswer
from protocol.messages import (
    LONGEST_ID,
    CreatedOperation,
    MalformedMessage,
    Model,
    OperationState,
    Topic,
)
from protocol.statuses import OperationStatus

URL = "https://storage.example/key?X-Amz-Signature=abc"

MODEL = {
    "modelId": "5f3c9f0e-0000-4000-8000-000000000000",
    "modelVersion": 2,
    "modelReleaseDate": "2026-11-01",
    "modelType": "linear",
    "inputFormat": ["occp_text", "tasks_text"],
    "topicStandard": "ANZSCO",
    "topicVersion": "2022",
}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Topic, {"uriName": "anzsco", "fullName": "ANZSCO 2022"}),
        (Model, MODEL),
        (
            CreatedOperation,
            {"requestUploadUrl": URL, "operationId": "1", "bucketKmsKeyArn": "arn"},
        ),
        (OperationState, {"operationStatus": "awaiting_input"}),
        (OperationState, {"operationStatus": "failed", "error": "line 1"}),
        (
            OperationState,
            {
                "operationStatus": "complete",
                "responseDownloadUrl": URL,
                "metadataDownloadUrl": URL,
            },
        ),
    ],
)
def should_give_the_same_body_when_read_and_written(
    kind: type[Topic | Model | CreatedOperation | OperationState], body: dict[str, object]
) -> None:
    assert kind.from_json(body).to_json() == body


def should_ignore_fields_that_are_not_documented() -> None:
    assert Topic.from_json({"uriName": "a", "fullName": "b", "more": 1}) == Topic("a", "b")


@pytest.mark.parametrize("body", [None, [], "text", {}, {"operationStatus": 1}])
def should_raise_when_an_answer_lacks_a_documented_field(body: object) -> None:
    with pytest.raises(MalformedMessage):
        OperationState.from_json(body)


@pytest.mark.parametrize(("length", "fits"), [(LONGEST_ID, True), (LONGEST_ID + 1, False)])
def should_refuse_an_id_that_is_longer_than_a_state_has_room_for(length: int, fits: bool) -> None:
    bodies: list[tuple[type[Model | CreatedOperation], dict[str, object]]] = [
        (Model, {**MODEL, "modelId": "7" * length}),
        (
            CreatedOperation,
            {"requestUploadUrl": URL, "operationId": "7" * length, "bucketKmsKeyArn": "arn"},
        ),
    ]
    for kind, body in bodies:
        if fits:
            assert kind.from_json(body).to_json() == body
        else:
            with pytest.raises(MalformedMessage, match="201 characters"):
                kind.from_json(body)


def should_not_repeat_a_status_when_it_is_not_documented() -> None:
    with pytest.raises(MalformedMessage) as caught:
        OperationState.from_json({"operationStatus": "secret?token"})
    assert "secret" not in str(caught.value)


def should_hide_presigned_urls_when_a_message_is_shown() -> None:
    created = CreatedOperation("1", URL, "arn")
    state = OperationState(OperationStatus.COMPLETE, URL, URL)
    assert "Signature" not in f"{created!r} {created} {state!r} {state}"


def should_find_the_row_when_two_share_a_status() -> None:
    assert ServiceAnswer.of(429, "Too Many Requests") is ServiceAnswer.TOO_MANY_REQUESTS
    assert ServiceAnswer.of(429, "Limit Exceeded") is ServiceAnswer.LIMIT_EXCEEDED
    assert ServiceAnswer.of(409, "selected model does not match the input topic") is (
        ServiceAnswer.MODEL_OF_OTHER_TOPIC
    )
    assert ServiceAnswer.of(404, "Limit Exceeded") is None
