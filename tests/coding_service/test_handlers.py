"""The functions as Lambda calls them, joined by nothing but their environment."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from coding_service import aws as aws_calls
from coding_service import config as environment
from coding_service.api import code_handler as code
from coding_service.api import handler as api
from coding_service.api.routes import CREATE, OPERATION, TOPIC
from coding_service.authorizer import handler as authorize
from coding_service.errors import EnvironmentIncomplete
from coding_service.inference import code_handler, lifecycle_handler, start_handler
from infra.project_files import LAMBDAS
from protocol.errors import ServiceAnswer
from tests.support.aws import played_aws
from tests.support.coding_service import service as world
from tests.support.coding_service.service import REGION, Service, event_of, make_service

CACHED = (
    *(environment.authorize_environment, environment.storage_environment),
    environment.service_environment,
    *(aws_calls.s3, aws_calls.operations_table, aws_calls.step_functions),
    *(api.routes, code.routes, authorize.token_check, code_handler.code_step),
)


@dataclass
class Context:
    """Lambda's context, the parts that are read."""

    function_name: str = "any"
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 128
    invoked_function_arn: str = f"arn:aws:lambda:{REGION}:123456789012:function:any"
    aws_request_id: str = "11111111-2222-3333-4444-555555555555"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def variables(models: Path, machine: str) -> dict[str, str]:
    """What the stack gives the functions; a test of the template has the same names."""
    return {
        "OPERATIONS_TABLE": world.OPERATIONS,
        "INPUT_BUCKET": world.INPUTS,
        "OUTPUT_BUCKET": world.OUTPUTS,
        "MODELS_BUCKET": world.MODELS,
        "INPUT_KEY_ARN": world.KEY_ARN,
        "S3_ADDRESSING_STYLE": "virtual",
        "UPLOAD_WINDOW_SECONDS": "100",
        "RESULTS_SECONDS": "1000",
        "REQUESTS_PER_SECOND": "0.5",
        "REQUEST_BURST": "50",
        "REQUESTS_PER_DAY": "10000",
        "PUBLIC_REQUESTS_PER_DAY": "1000",
        "MAX_FILE_BYTES": "5000000000",
        "INFERENCE_RANGE_BYTES": "33554432",
        "MODELS_DIR": str(models),
        "INFERENCE_STATE_MACHINE_ARN": machine,
        "JWKS_URL": "https://127.0.0.1:9/.well-known/jwks.json",
        "TOKEN_ISSUER": "https://issuer.example/pool",
        "OAUTH_SCOPE": "dropcoder/batch-code",
        "PUBLIC_OAUTH_SCOPE": "dropcoder/code",
    }


@pytest.fixture
def deployed(models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with played_aws():
        service = make_service(models)
        machine = boto3.client("stepfunctions", region_name=REGION).create_state_machine(
            name="inference",
            definition=json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}),
            roleArn="arn:aws:iam::123456789012:role/any",
        )["stateMachineArn"]
        for name, value in variables(models, machine).items():
            monkeypatch.setenv(name, value)
        for cached in CACHED:
            cached.cache_clear()
        yield service
    for cached in CACHED:
        cached.cache_clear()


def answered(event: dict[str, Any]) -> Any:
    context: Any = Context()
    answer = api.handler(event, context)
    assert answer["statusCode"] == 200
    return json.loads(answer["body"])


def should_take_a_file_from_creation_to_its_results(deployed: Service, log: io.StringIO) -> None:
    context: Any = Context()
    forever: dict[str, Any] = {"topic": world.TOPIC, "token_expires_at": 1e11}
    created = answered(event_of("POST", TOPIC + CREATE, **forever))
    upload = deployed.upload(created["operationId"], world.file_of(3))
    start_handler.handler(
        {
            "detail": {
                "bucket": {"name": world.INPUTS},
                "object": {
                    "key": f"{upload.operation_id}/input.jsonl",
                    "version-id": upload.version_id,
                    "size": upload.size,
                    "etag": "any",
                },
            }
        },
        context,
    )
    states = boto3.client("stepfunctions", region_name=REGION)
    machine = states.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    (started,) = states.list_executions(stateMachineArn=machine)["executions"]
    described = states.describe_execution(executionArn=started["executionArn"])
    state = json.loads(described["input"])
    step = {**state, "execution": started["name"]}
    assert lifecycle_handler.handler({**step, "step": "begin"}, context) == {"status": "small"}
    progress = code_handler.handler({**step, "step": "code"}, context)
    ended = lifecycle_handler.handler({**step, "step": "complete", "progress": progress}, context)
    assert ended == {"status": "complete", "results_seconds": 1000}

    told = answered(event_of("GET", TOPIC + OPERATION, operation_id=upload.operation_id, **forever))
    assert told["operationStatus"] == "complete"
    assert len(deployed.output(upload.operation_id).splitlines()) == 3
    for secret in (created["requestUploadUrl"], told["responseDownloadUrl"], "Signature="):
        assert secret not in log.getvalue()
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert {line["correlation_id"] for line in lines} == {upload.operation_id}


def should_code_a_record_while_its_caller_waits(deployed: Service) -> None:
    body = json.dumps({"record": {"occp_text": "school bus driver"}})
    event = event_of("POST", TOPIC + code.CODE, topic=world.TOPIC, body=body, token_expires_at=1e11)
    context: Any = Context()
    answer = json.loads(code.handler(event, context)["body"])
    assert answer["result"][0]["codeLabel"] == "Bus driver"


def should_deny_a_call_without_a_token(deployed: Service) -> None:
    event = {"methodArn": "arn:aws:execute-api:r:a:api/live/GET/v1/topics", "headers": {}}
    context: Any = Context()
    policy = authorize.handler(event, context)["policyDocument"]
    assert policy["Statement"][0]["Effect"] == "Deny"


def should_count_calls_by_the_environments_limits(
    deployed: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_PER_DAY", "1")
    event = event_of("GET", "/v1/topics", token_expires_at=1e11)
    answered(event)
    context: Any = Context()
    answer = api.handler(event, context)
    assert (answer["statusCode"], json.loads(answer["body"])["message"]) == (
        ServiceAnswer.LIMIT_EXCEEDED.http_status,
        ServiceAnswer.LIMIT_EXCEEDED.text,
    )


@pytest.mark.parametrize("name", ["OPERATIONS_TABLE", "INPUT_KEY_ARN", "S3_ADDRESSING_STYLE"])
@pytest.mark.parametrize("value", [None, ""])
def should_name_the_variable_when_one_is_missing(
    models: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    given = {**variables(models, "machine"), name: value}
    monkeypatch.setattr(
        os, "environ", {each: text for each, text in given.items() if text is not None}
    )
    with pytest.raises(EnvironmentIncomplete, match=f"{name} is missing; deploy"):
        environment.storage_environment.__wrapped__()


@pytest.mark.parametrize(
    ("read", "name", "value"),
    [
        (environment.service_environment, "REQUEST_BURST", "many"),
        (environment.storage_environment, "S3_ADDRESSING_STYLE", "elsewhere"),
    ],
)
def should_name_the_variable_and_not_its_value_when_it_is_malformed(
    models: Path, monkeypatch: pytest.MonkeyPatch, read: Any, name: str, value: str
) -> None:
    monkeypatch.setattr(os, "environ", {**variables(models, "machine"), name: value})
    with pytest.raises(EnvironmentIncomplete, match=name) as told:
        read.__wrapped__()
    assert value not in str(told.value)


def should_read_no_setting_when_a_handler_is_imported() -> None:
    handlers = (authorize, api, code, start_handler, code_handler, lifecycle_handler)
    imports = "; ".join(f"import {handler.__name__}" for handler in handlers)
    bare = {name: os.environ[name] for name in ("PATH", "AWS_REGION")}
    done = subprocess.run(
        [sys.executable, "-c", imports],
        env={**bare, "PYTHONPATH": str(LAMBDAS)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
