"""Samples in the documents are what the code takes and gives."""

import csv
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from infra.project_files import PROJECT
from pipeline.domain.identity import UNROUTED, results_prefix, route
from pipeline.engines.coding_service.http import HttpAnswer
from pipeline.finish.notification import HEADLINES
from protocol.errors import ServiceAnswer
from protocol.messages import CreatedOperation, Model, OperationState
from protocol.statuses import OperationStatus
from tables.coded.code_columns import CodeColumns
from tables.mapping.columns import mapped
from tables.plan import TableOptions
from tests.support.markdown import Fence, document, read_documents, table_rows
from tests.support.pipeline.builders import SimulatedIo, a_tokens, secrets
from tests.support.pipeline.clouds import cloud
from tests.support.pipeline.memory_service import MemoryService

README = document("README.md")
DEPLOYING = document("docs/deploying.md")
SERVICE = document("docs/coding-service.md")
ROUND_TRIPS: Mapping[str, Callable[[Any], Any]] = {
    "CreatedOperation": lambda body: CreatedOperation.from_json(body).to_json(),
    "OperationState": lambda body: OperationState.from_json(body).to_json(),
    "Model": lambda body: Model.from_json(body).to_json(),
}
SAMPLES = [
    (f"{page}: {fence.label}", fence)
    for page in read_documents()
    for fence in page.fences
    if fence.kind == "json"
]


def sample(label: str) -> Fence:
    return next(fence for fence in DEPLOYING.fences if fence.label == label)


@pytest.mark.parametrize("fence", [f for _, f in SAMPLES], ids=[name for name, _ in SAMPLES])
def should_be_what_the_code_reads_and_writes(fence: Fence) -> None:
    if fence.label == "lines":
        assert all(json.loads(line) for line in fence.body.splitlines())
        return
    body = json.loads(fence.body)
    if fence.label in ROUND_TRIPS:
        assert ROUND_TRIPS[fence.label](body) == body


def should_show_every_message_of_the_service() -> None:
    assert ROUND_TRIPS.keys() <= {fence.label for fence in SERVICE.fences}


def should_be_a_table_and_the_same_with_codes_on_the_front_page() -> None:
    dropped, coded = (
        list(csv.reader(fence.body.splitlines())) for fence in README.fences if fence.kind == "csv"
    )
    options = TableOptions(fields=("occp_text", "tasks_text"))
    assert mapped(dropped[0], options).fields == {"occp_text": (2,), "tasks_text": (3,)}
    width = len(dropped[0])
    assert [row[:width] for row in coded] == dropped
    names = CodeColumns("anzsco", tuple(dropped[0]), {}).names
    shown = coded[0][width:-1]  # the last cell says that there are more
    assert tuple(shown) == names[: len(shown)]
    statuses = [row[coded[0].index("anzsco_status")] for row in coded[1:]]
    assert statuses == ["coded", "broader", "suggested"]


def should_serve_as_credentials_as_it_stands() -> None:
    memory = MemoryService()
    accepted = HttpAnswer(200, b'{"access_token": "a-token", "expires_in": 3600}')
    with cloud() as aws:
        filled = secrets(sample("credentials").body)
        tokens = a_tokens(memory, aws.ledger, SimulatedIo(), filled, lambda _: accepted)
        assert tokens.current().value == "a-token"


def should_route_keys_as_the_table_says() -> None:
    folder = "0a8f2c4e-5d1b-4c55-9a35-d2f0a9b1c7e4"
    keys = [row[0].strip("`") for row in table_rows(README.section("Dropping a file"))][:2]
    topic, model = (key.replace("<topic>", "anzsco").replace("<model id>", folder) for key in keys)
    assert (route(topic, None).topic, route(topic, None).model) == ("anzsco", None)
    assert (route(model, None).topic, route(model, None).model) == ("anzsco", folder)
    assert route("any-other-key.jsonl", "anzsco").topic == "anzsco"
    assert route("any-other-key.jsonl", None).rejection is not None


def should_place_results_where_the_front_page_says() -> None:
    key = "anzsco/2026/answers.csv"
    assert f"`{key}` gives `{key}/<drop id>/`" in " ".join(README.prose.split())
    assert results_prefix(key, "anzsco", "0123") == f"{key}/0123/"
    assert f"below `{UNROUTED}/`" in document("docs/decisions.md").text


def should_explain_each_status_that_a_drop_can_end_as() -> None:
    rows = table_rows(README.section("What each status means"))
    assert {row[0].strip("`") for row in rows} == set(HEADLINES)


def should_name_attributes_source_and_type_as_the_state_machine_sends_them() -> None:
    shipped = (PROJECT / "statemachine" / "drop.asl.json").read_text("utf-8")
    said = " ".join(README.section("What each status means").split())
    for name in ("status", "topic", "drop_prefix"):
        assert f'"{name}": {{"DataType": "String"' in shipped
        assert f"`{name}`" in said
    assert '"Source": "dropcoder"' in shipped
    assert "source `dropcoder`" in said
    assert '"DetailType": "Drop Ended"' in shipped
    assert "detail type `Drop Ended`" in said


def should_list_the_services_statuses_and_errors() -> None:
    statuses = {row[0].strip("`") for row in table_rows(SERVICE.section("Statuses"))}
    assert statuses == {str(status) for status in OperationStatus}
    errors = {(int(row[0]), row[1]) for row in table_rows(SERVICE.section("Errors"))}
    assert errors == {(row.http_status, row.text) for row in ServiceAnswer}


def should_quote_the_service_as_it_speaks_of_deleted_results() -> None:
    source = (PROJECT / "lambdas" / "coding_service" / "api" / "batch_coding.py").read_text("utf-8")
    quoted = [
        json.loads(f.body).get("error") for f in SERVICE.fences if f.label == "OperationState"
    ]
    assert any(text and text in source for text in quoted)
