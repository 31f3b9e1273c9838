"""Records coded while the caller waits: the guide's bodies and limits, a file's answers."""

import io
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coding_service.api.code_handler import CODE
from coding_service.api.code_request import MOST_BYTES, CodeRequest
from coding_service.api.real_time import RealTimeApi
from coding_service.api.routes import CREATE, MODEL, OPERATION, TOPIC, Answer
from coding_service.errors import ModelGone, Refusal
from coding_service.models.registry import DeployedModels
from protocol.errors import ServiceAnswer
from protocol.real_time import MOST_CHARACTERS, MOST_RECORDS
from tests.support.coding_service import service as world
from tests.support.coding_service.service import Service, event_of

INVALID, MALFORMED = ServiceAnswer.INVALID_BODY, ServiceAnswer.MALFORMED_RECORD
TEXTS = st.one_of(
    st.sampled_from(["cook", "bus", "driver", "night baker", "retired", "", "truck driver (rd.)"]),
    st.text(alphabet=st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), max_size=50),
)
RECORDS = st.lists(
    st.fixed_dictionaries({"occp_text": TEXTS}, optional={"tasks_text": TEXTS, "recordId": TEXTS}),
    min_size=1,
    max_size=8,
)


def call(service: Service, body: Any, path: str = TOPIC, **parameters: Any) -> Answer:
    named = {"topic": world.TOPIC, **parameters}
    text = body if isinstance(body, str) else json.dumps(body)
    return service.code_routes().answer(event_of("POST", path + CODE, body=text, **named))


def batch(*texts: str, **rest: Any) -> dict[str, Any]:
    return {"records": [{"occp_text": text} for text in texts], **rest}


def refused(answer: Answer) -> ServiceAnswer | None:
    return ServiceAnswer.of(answer.status, answer.body["message"])


def should_answer_a_batch_as_documented(service: Service) -> None:
    records = [
        {"recordId": "a", "occp_text": "school bus driver", "tasks_text": ""},
        {"occp_text": "glassblower"},
    ]
    answer = call(service, {"records": records})
    coded, uncoded = answer.body
    assert answer.status == 200
    assert list(coded) == ["recordId", "codeStatus", "input", "result"]
    assert (coded["recordId"], coded["codeStatus"]) == ("a", "successful")
    assert coded["input"] == {"occp_text": "school bus driver", "tasks_text": ""}
    assert coded["result"]["codeCategory"] == "21"
    assert list(uncoded) == ["recordId", "codeStatus", "input", "suggestions"]
    assert (uncoded["recordId"], uncoded["codeStatus"]) == (None, "unsuccessful")
    assert 1 <= len(uncoded["suggestions"]) <= 3


def should_answer_a_single_record_with_its_code_and_others_of_the_category(
    service: Service,
) -> None:
    record = {"recordId": "a", "occp_text": "school bus driver", "tasks_text": ""}
    (from_batch,) = call(service, {"records": [record]}).body
    answer = call(service, {"record": record}).body
    assert list(answer) == ["recordId", "codeStatus", "input", "result"]
    assert answer["codeStatus"] == "successful"
    assert answer["result"][0] == from_batch["result"]
    assert {each["codeCategory"] for each in answer["result"]} <= {"21", "22"}
    one = call(service, {"record": {"occp_text": "school bus driver"}, "numberOfSuggestions": 1})
    assert one.body["result"] == [from_batch["result"]]
    assert "recordId" not in one.body


def should_give_no_codes_when_a_single_record_has_none_with_confidence(service: Service) -> None:
    answer = call(service, {"record": {"occp_text": "glassblower"}}).body
    assert (answer["codeStatus"], answer["result"]) == ("unsuccessful", [])


def should_shorten_suggestions_to_the_number_that_is_wanted(service: Service) -> None:
    (answer,) = call(service, batch("glassblower", numberOfSuggestions=1)).body
    assert len(answer["suggestions"]) == 1


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(records=RECORDS)
def should_answer_as_a_file_would_be_answered_to_the_last_digit(
    service: Service, records: list[dict[str, str]]
) -> None:
    models = DeployedModels(service.registry)
    api = RealTimeApi(models)
    lines = [{"recordId": "", "occp_text": "", "tasks_text": "", **each} for each in records]
    file = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    output = models.model(world.TOPIC, latest(service)).code_lines(file).splitlines()

    answers = api.code(topic=world.TOPIC, model_id=None, body=json.dumps({"records": records}))

    for record, answer, line in zip(records, answers, output, strict=True):
        assert answer["recordId"] == record.get("recordId")
        own = {name: answer[name] for name in ("result", "suggestions") if name in answer}
        as_line = json.dumps({"recordId": record.get("recordId", ""), **own})
        assert json.loads(line, parse_float=str) == json.loads(as_line, parse_float=str)
        single = api.code(topic=world.TOPIC, model_id=None, body=json.dumps({"record": record}))
        assert single["result"][:1] == ([answer["result"]] if "result" in answer else [])


def latest(service: Service) -> str:
    return service.registry.latest(world.TOPIC).model_id


def should_code_with_the_model_of_the_path(service: Service) -> None:
    answer = call(service, batch("cook"), MODEL, model=latest(service))
    assert answer.body[0]["result"]["codeCategory"] == "11"


@pytest.mark.parametrize(
    ("parameters", "row"),
    [
        ({"topic": "no-such"}, ServiceAnswer.TOPIC_UNKNOWN),
        ({"topic": world.EMPTY_TOPIC}, ServiceAnswer.NO_MODELS),
        ({"model": world.new_guid()}, ServiceAnswer.MODEL_UNKNOWN),
        ({"topic": world.OTHER_TOPIC}, ServiceAnswer.MODEL_OF_OTHER_TOPIC),
    ],
)
def should_refuse_topics_and_models_as_batch_operations_do(
    service: Service, parameters: dict[str, str], row: ServiceAnswer
) -> None:
    named = {"model": latest(service), **parameters}
    assert refused(call(service, batch("cook"), MODEL, **named)) is row


def should_say_that_the_model_is_unknown_when_it_went_meanwhile(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any) -> Any:
        raise ModelGone("gone")

    monkeypatch.setattr(DeployedModels, "model", gone)
    assert refused(call(service, batch("cook"))) is ServiceAnswer.MODEL_UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        *("", "nonsense", "[]", "null", "{}", '{"records": []}', '{"records": {}}'),
        {"record": {"occp_text": "cook"}, "records": [{"occp_text": "cook"}]},
        batch("cook", more=1),
        *(batch("cook", numberOfSuggestions=wrong) for wrong in (0, -1, "3", 1.5, None, True)),
        batch(*(["cook"] * (MOST_RECORDS + 1))),
        batch("night\tbaker"),
        {"record": {"occp_text": "cook\u0000"}},
    ],
)
def should_refuse_the_body_when_it_is_not_the_documented_one(service: Service, body: Any) -> None:
    assert refused(call(service, body)) is INVALID


@pytest.mark.parametrize(
    "record",
    [
        *(None, "cook", [], {}, {"recordId": "only"}),
        {"occp_text": "cook", "more": "x"},
        {"occp_text": 5},
        {"occp_text": "cook", "recordId": 5},
        {"occp_text": "x" * (MOST_CHARACTERS + 1)},
        {"occp_text": "x" * MOST_CHARACTERS, "tasks_text": "y"},
    ],
)
def should_refuse_the_whole_batch_when_one_record_is_malformed(
    service: Service, record: Any
) -> None:
    assert refused(call(service, {"records": [{"occp_text": "cook"}, record]})) is MALFORMED
    assert refused(call(service, {"record": record})) is MALFORMED


def should_take_as_many_records_and_characters_as_are_allowed(service: Service) -> None:
    longest = "x" * (MOST_CHARACTERS - 1) + "é"
    answer = call(service, batch(*([longest] * MOST_RECORDS)))
    assert (answer.status, len(answer.body)) == (200, MOST_RECORDS)


def should_refuse_a_body_that_is_too_long_for_any_batch() -> None:
    with pytest.raises(Refusal, match="Invalid request body"):
        CodeRequest.of(" " * (MOST_BYTES + 1))


def should_share_each_clients_calls_with_those_of_the_other_paths(service: Service) -> None:
    service.routes(per_day=2).answer(event_of("GET", "/v1/topics"))
    routes = service.code_routes(per_day=2)
    event = event_of("POST", TOPIC + CODE, topic=world.TOPIC, body=json.dumps(batch("cook")))
    assert [routes.answer(event).status for _ in range(2)] == [200, 429]


def should_keep_what_people_wrote_out_of_the_log(service: Service, log: io.StringIO) -> None:
    call(service, {"records": [{"recordId": "person 7", "occp_text": "night baker"}]})
    call(service, {"records": [{"occp_text": "night baker", "more": "night baker"}]})
    assert '"records":1' in log.getvalue()
    assert "baker" not in log.getvalue()
    assert "person 7" not in log.getvalue()


def public_call(service: Service, body: Any) -> Answer:
    text = json.dumps(body)
    event = event_of("POST", TOPIC + CODE, topic=world.TOPIC, body=text, is_public=True)
    return service.code_routes().answer(event)


def should_code_for_public_clients_so_often_a_day(service: Service) -> None:
    answers = [public_call(service, batch("cook")) for _ in range(world.PUBLIC_PER_DAY + 1)]
    assert [each.status for each in answers] == [200] * world.PUBLIC_PER_DAY + [429]
    assert refused(answers[-1]) is ServiceAnswer.LIMIT_EXCEEDED


@pytest.mark.parametrize(
    ("method", "resource"), [("POST", TOPIC + CREATE), ("GET", TOPIC + OPERATION)]
)
def should_deny_files_to_public_clients_and_count_nothing(
    service: Service, method: str, resource: str
) -> None:
    named: dict[str, Any] = {"topic": world.TOPIC, "operation_id": world.new_guid()}
    routes = service.routes()
    for _ in range(world.PUBLIC_PER_DAY + 1):
        answer = routes.answer(event_of(method, resource, is_public=True, **named))
        assert refused(answer) is ServiceAnswer.DENIED
    listed = routes.answer(event_of("GET", "/v1/topics", is_public=True))
    assert listed.status == 200
