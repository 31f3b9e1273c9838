import json
from collections.abc import Iterator

import pytest

from pipeline.engines.coding_service.http import HttpAnswer
from pipeline.errors import (
    CredentialsRefused,
    DropcoderError,
    ModelUnknown,
    ServiceBusy,
    ServiceRefused,
    TopicUnknown,
)
from pipeline.ledger.table import Ledger
from pipeline.rate_limit import limiter
from pipeline.rate_limit.limiter import RateLimited, Throttled
from protocol.errors import ServiceAnswer
from protocol.statuses import OperationStatus
from tests.support.pipeline.builders import (
    Measured,
    SimulatedIo,
    a_limiter,
    an_engine,
    an_operation_request,
)
from tests.support.pipeline.clouds import cloud
from tests.support.pipeline.memory_service import (
    MODEL_ID,
    TOKEN_CANARY,
    TOPIC,
    URL_CANARY,
    MemoryService,
    a_model,
)

OTHER_MODEL = "5f3c9f0e-1111-4222-8333-000000000001"


class Fixture:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.io = SimulatedIo()
        self.measured = Measured()
        self.memory = MemoryService()
        self.engine = an_engine(
            self.memory,
            ledger,
            self.io,
            on_limit_exceeded=lambda: self.measured("LimitExceeded"),
        )

    def running(self) -> int:
        """Operations whose status checks the limiter counts on."""
        item = self.ledger.get(limiter.PK, limiter.SK) or {}
        return sum(int(hour.partition(":")[2]) for hour in item.get("running", "").split())


@pytest.fixture
def fixture() -> Iterator[Fixture]:
    with cloud() as aws:
        yield Fixture(aws.ledger)


def should_speak_the_documented_protocol_when_an_operation_is_created_and_asked_for(
    fixture: Fixture,
) -> None:
    created = fixture.engine.open(an_operation_request())
    state = fixture.engine.check(TOPIC, created.operation_id)
    assert state.status is OperationStatus.AWAITING_INPUT
    assert fixture.memory.calls == [
        ("POST", "/v1/topics/anzsco/batch-code"),
        ("GET", f"/v1/topics/anzsco/batch-code/operations/{created.operation_id}"),
    ]
    assert fixture.memory.authorizations == [f"{TOKEN_CANARY}1"] * 2  # the bare token


def should_name_the_model_in_the_path_when_one_is_wanted(fixture: Fixture) -> None:
    fixture.engine.open(an_operation_request(MODEL_ID))
    assert fixture.memory.calls == [("POST", f"/v1/topics/anzsco/models/{MODEL_ID}/batch-code")]


def should_put_the_prefix_before_the_token_when_the_service_wants_one(fixture: Fixture) -> None:
    engine = an_engine(
        fixture.memory,
        fixture.ledger,
        fixture.io,
        client=fixture.engine.client.tokens.secrets,
        token_prefix="Bearer ",
    )
    with pytest.raises(CredentialsRefused):  # the service in memory wants the bare one
        engine.open(an_operation_request())
    assert fixture.memory.authorizations == [f"Bearer {TOKEN_CANARY}1"]


def should_take_a_slot_for_each_call_when_calls_follow_each_other(fixture: Fixture) -> None:
    created = fixture.engine.open(an_operation_request())
    fixture.engine.check(TOPIC, created.operation_id)
    assert sum(fixture.io.slept) == pytest.approx(0.1 + 1.04, abs=0.01)


def should_ask_for_a_model_once_an_hour_when_many_drops_need_it(fixture: Fixture) -> None:
    first = fixture.engine.model(TOPIC, None)
    assert fixture.engine.model(TOPIC, None) == first == a_model()
    assert len(fixture.memory.calls) == 1
    fixture.io.time += 3601
    fixture.engine.model(TOPIC, None)
    assert len(fixture.memory.calls) == 2


def should_pick_the_model_out_of_the_topics_when_the_key_names_it(fixture: Fixture) -> None:
    fixture.memory.models[TOPIC] = [a_model(OTHER_MODEL), a_model()]
    assert fixture.engine.model(TOPIC, OTHER_MODEL.upper()).model_id == OTHER_MODEL
    with pytest.raises(ModelUnknown):
        fixture.engine.model(TOPIC, "5f3c9f0e-1111-4222-8333-00000000000f")


def should_quote_topics_and_operations_when_they_go_into_a_path(fixture: Fixture) -> None:
    with pytest.raises(DropcoderError):
        fixture.engine.check("a/b c", "../x?y")
    assert fixture.memory.calls == [
        ("GET", "/v1/topics/a%2Fb%20c/batch-code/operations/..%2Fx%3Fy")
    ]


def should_refresh_the_token_once_when_the_service_denies_it(fixture: Fixture) -> None:
    fixture.engine.open(an_operation_request())
    fixture.memory.expire_tokens()
    fixture.io.time += 120
    fixture.engine.open(an_operation_request())
    assert fixture.memory.token_requests == 2
    assert len(fixture.memory.operations) == 2


def should_need_an_operator_when_a_fresh_token_is_denied_as_well(fixture: Fixture) -> None:
    fixture.engine.open(an_operation_request())
    fixture.io.time += 120
    fixture.memory.refuse_next("batch-code", ServiceAnswer.DENIED, times=2)
    with pytest.raises(CredentialsRefused):
        fixture.engine.open(an_operation_request())
    assert fixture.memory.token_requests == 2


def should_be_final_when_the_operation_belongs_to_another_client_with_a_fresh_token_too(
    fixture: Fixture,
) -> None:
    fixture.engine.open(an_operation_request())
    fixture.io.time += 120
    fixture.memory.refuse_next("operations", ServiceAnswer.NOT_YOUR_OPERATION, times=2)
    with pytest.raises(ServiceRefused, match="authorised"):
        fixture.engine.check(TOPIC, "1")
    assert fixture.memory.token_requests == 2


@pytest.mark.parametrize(
    ("row", "error"),
    [
        (ServiceAnswer.OPERATION_UNKNOWN, ServiceRefused),
        (ServiceAnswer.INVALID_BODY, ServiceRefused),
        (ServiceAnswer.TOPIC_UNKNOWN, TopicUnknown),
        (ServiceAnswer.MODEL_UNKNOWN, ModelUnknown),
        (ServiceAnswer.MODEL_OF_OTHER_TOPIC, ModelUnknown),
        (ServiceAnswer.TOO_MANY_REQUESTS, Throttled),
        (ServiceAnswer.LIMIT_EXCEEDED, RateLimited),
        (ServiceAnswer.INTERNAL, ServiceBusy),
        (ServiceAnswer.NO_MODELS, ServiceRefused),
        (ServiceAnswer.NOT_YOUR_OPERATION, ServiceRefused),
        (ServiceAnswer.DENIED, CredentialsRefused),
    ],
)
def should_mean_what_the_table_says_when_the_service_refuses(
    fixture: Fixture, row: ServiceAnswer, error: type[Exception]
) -> None:
    fixture.memory.refuse_next("batch-code", row)
    with pytest.raises(error) as raised:
        fixture.engine.open(an_operation_request())
    if row is ServiceAnswer.TOPIC_UNKNOWN:
        assert "has no topic anzsco" in str(raised.value)
    elif not isinstance(raised.value, RateLimited):
        assert row.text in str(raised.value)
        assert "the coding service at coder.example answered POST" in str(raised.value)


def should_name_the_topics_that_exist_when_a_topic_is_unknown(fixture: Fixture) -> None:
    fixture.memory.models["osca"] = []
    for _ in range(2):
        with pytest.raises(TopicUnknown) as unknown:
            fixture.engine.model("jobs", None)
        assert str(unknown.value) == (
            "the coding service at coder.example has no topic jobs; its topics are anzsco, osca"
        )
    assert fixture.memory.calls.count(("GET", "/v1/topics")) == 1


@pytest.mark.parametrize(
    "row", [ServiceAnswer.INTERNAL, ServiceAnswer.LIMIT_EXCEEDED, ServiceAnswer.INVALID_BODY]
)
def should_reject_an_unknown_topic_all_the_same_when_the_topics_cannot_be_had(
    fixture: Fixture, row: ServiceAnswer
) -> None:
    def refuse_topics() -> HttpAnswer:
        fixture.memory.refuse_next("/v1/topics", row)
        return HttpAnswer(404, json.dumps(ServiceAnswer.TOPIC_UNKNOWN.to_json()).encode())

    fixture.memory.fail_next("/models/latest", refuse_topics)
    with pytest.raises(TopicUnknown, match=r"has no topic jobs$"):
        fixture.engine.model("jobs", None)


@pytest.mark.parametrize(
    ("status", "may_be_done"), [(500, False), (503, False), (502, True), (504, True)]
)
def should_say_whether_an_operation_may_have_come_of_a_failed_call(
    fixture: Fixture, status: int, may_be_done: bool
) -> None:
    fixture.memory.fail_next("batch-code", lambda: HttpAnswer(status, b""))
    with pytest.raises(ServiceBusy, match=f"with HTTP {status}$") as busy:
        fixture.engine.open(an_operation_request())
    assert busy.value.may_be_done is may_be_done


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (HttpAnswer(408, b""), ServiceBusy),
        (HttpAnswer(502, b"<html>"), ServiceBusy),
        (HttpAnswer(503, b'{"message": null}'), ServiceBusy),
        (HttpAnswer(418, b'{"message": "tea"}'), ServiceRefused),
        (HttpAnswer(404, b'{"Message": "Not Found"}'), ServiceRefused),
        (HttpAnswer(200, b"<html>hello</html>"), ServiceRefused),
        (HttpAnswer(200, b'{"operationId": "1"}'), ServiceRefused),
        (HttpAnswer(200, b"[]"), ServiceRefused),
    ],
)
def should_sort_the_answer_when_no_row_of_the_table_has_it(
    fixture: Fixture, answer: HttpAnswer, error: type[Exception]
) -> None:
    fixture.memory.fail_next("batch-code", lambda: answer)
    with pytest.raises(error):
        fixture.engine.open(an_operation_request())


def should_quote_no_url_when_the_service_puts_one_into_its_error(fixture: Fixture) -> None:
    body = (
        b'{"message": "cannot write https://b.s3/k?X-Amz-Signature=' + URL_CANARY.encode() + b'"}'
    )
    fixture.memory.fail_next("batch-code", lambda: HttpAnswer(400, body))
    with pytest.raises(ServiceRefused, match="cannot write") as raised:
        fixture.engine.open(an_operation_request())
    assert URL_CANARY not in str(raised.value)


def should_close_the_gate_for_everybody_when_the_quota_is_gone(fixture: Fixture) -> None:
    fixture.memory.refuse_next("batch-code", ServiceAnswer.LIMIT_EXCEEDED)
    with pytest.raises(RateLimited) as closed:
        fixture.engine.open(an_operation_request())
    assert closed.value.wait_seconds >= 12 * 3600  # it is noon; the quota returns at midnight
    calls = len(fixture.memory.calls)
    with pytest.raises(RateLimited):
        fixture.engine.check(TOPIC, "1")
    assert len(fixture.memory.calls) == calls
    assert fixture.measured.total("LimitExceeded") == 1


def should_slow_everybody_down_when_there_are_too_many_requests(fixture: Fixture) -> None:
    fixture.memory.refuse_next("batch-code", ServiceAnswer.TOO_MANY_REQUESTS)
    with pytest.raises(Throttled):
        fixture.engine.open(an_operation_request())
    with pytest.raises(RateLimited):
        fixture.engine.check(TOPIC, "1")


@pytest.mark.parametrize(
    "row", [ServiceAnswer.INTERNAL, ServiceAnswer.TOPIC_UNKNOWN, ServiceAnswer.LIMIT_EXCEEDED]
)
def should_set_no_calls_aside_for_checks_when_no_operation_was_created(
    fixture: Fixture, row: ServiceAnswer
) -> None:
    fixture.memory.refuse_next("batch-code", row)
    with pytest.raises((DropcoderError, RateLimited)):
        fixture.engine.open(an_operation_request())
    assert fixture.running() == 0


def should_set_calls_aside_for_checks_when_an_operation_was_created_at_the_second_try(
    fixture: Fixture,
) -> None:
    fixture.engine.open(an_operation_request())
    fixture.io.time += 61  # a younger token would not be asked for again
    fixture.memory.expire_tokens()
    fixture.engine.open(an_operation_request())
    assert fixture.running() == 2


def should_spend_no_slot_when_there_is_no_token(fixture: Fixture) -> None:
    fixture.engine.client.tokens.secrets.put_secret_value(SecretId="credentials", SecretString="{}")
    with pytest.raises(DropcoderError):
        fixture.engine.open(an_operation_request())
    assert a_limiter(fixture.ledger, fixture.io).load().quota_left == 1


def should_keep_urls_and_tokens_out_of_ledger_and_reprs(fixture: Fixture) -> None:
    fixture.engine.model(TOPIC, None)
    created = fixture.engine.open(an_operation_request())
    fixture.memory.operations[created.operation_id].status = OperationStatus.IN_PROGRESS
    fixture.io.time += 60
    state = fixture.engine.check(TOPIC, created.operation_id)
    assert state.response_download_url is not None
    ledger = repr(fixture.ledger.table.scan()["Items"])
    for text in (ledger, repr(created), repr(state), repr(fixture.engine)):
        assert URL_CANARY not in text
        assert TOKEN_CANARY not in text
