"""Amazon ML as the functions compose it, from the environment to what is told."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from pipeline.config import environment
from pipeline.dependencies import dependencies
from pipeline.domain.identity import route
from pipeline.engines.amazon_ml.api import AmazonMlClient
from pipeline.engines.amazon_ml.build import connection
from pipeline.engines.amazon_ml.engine import AmazonMlEngine
from pipeline.engines.coding_service.engine import CodingServiceEngine
from pipeline.engines.settings import AmazonMlSettings, EngineName, EngineSettings
from pipeline.errors import CredentialsMissing, SettingInvalid
from tests.support.pipeline.builders import lines, secrets
from tests.support.pipeline.clouds import REGION, Cloud, cloud
from tests.support.pipeline.journey import Journey, configured
from tests.support.pipeline.memory_amazon_ml import (
    ACCESS_KEY,
    CODES,
    EXCHANGE,
    MODEL_ID,
    SECRET_KEY,
    MemoryAmazonMl,
)
from tests.support.pipeline.memory_service import CLIENT_SECRET, TOPIC, MemoryService, coded
from tests.support.pipeline.stream_functions import Composed, composed

VARIABLES = {
    "ENGINES": f"{TOPIC}=amazon-ml,osca=coding-service",
    "EXCHANGE_BUCKET": EXCHANGE,
    "AMAZON_ML_THRESHOLD": "0.75",
}
KEY = json.dumps({"accessKeyId": ACCESS_KEY, "secretAccessKey": SECRET_KEY})


def should_choose_the_engine_by_the_topic() -> None:
    with composed() as ready:
        found = Composed.deps(ready, **VARIABLES)
        assert isinstance(found.engine_of(TOPIC), AmazonMlEngine)
        assert isinstance(found.engine_of("osca"), CodingServiceEngine)
        assert isinstance(found.engine_of("another"), CodingServiceEngine)


@pytest.mark.parametrize(
    "changes",
    [
        {"ENGINES": "anzsco"},
        {"ENGINES": "anzsco=another"},
        {"AMAZON_ML_THRESHOLD": "0"},
        {"AMAZON_ML_THRESHOLD": ""},
        {"AMAZON_ML_MODELS": "anzsco="},
    ],
)
def should_name_the_variable_that_can_not_be_used(changes: dict[str, str]) -> None:
    with pytest.raises(SettingInvalid, match=next(iter(changes))):
        EngineSettings.read(VARIABLES | changes)


def should_take_any_id_of_amazon_mls_for_a_model_of_its_topics() -> None:
    settings = EngineSettings.read(VARIABLES)
    assert settings.name_of("osca") is EngineName.CODING_SERVICE
    assert route(f"{TOPIC}/models/ml-Anzsco.1/a", None, settings.model_id).model == "ml-Anzsco.1"
    assert route(f"{TOPIC}/models/a b/a", None, settings.model_id).rejection is not None
    assert route("osca/models/ml-1/a", None, settings.model_id).rejection is not None


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with cloud() as ready:
        ready.s3.create_bucket(
            Bucket=EXCHANGE, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        yield ready


def calling(memory: MemoryAmazonMl, client: Any) -> AmazonMlClient:
    settings = AmazonMlSettings(
        exchange_bucket=EXCHANGE,
        url=memory.address,
        key_secret_arn="ml-key",
        models=(),
        threshold=0.75,
    )
    return AmazonMlClient(connection(settings, lambda: client))


def should_call_with_the_key_in_the_secret(aws: Cloud) -> None:
    client, memory = secrets(), MemoryAmazonMl(aws.s3)
    client.create_secret(Name="ml-key", SecretString=KEY)
    with memory.after_call():
        assert calling(memory, client).model(MODEL_ID)["Name"] == TOPIC
    assert memory.access_keys == {ACCESS_KEY}


@pytest.mark.parametrize(
    "content", ["{}", "no json", "[]", '{"accessKeyId": "", "secretAccessKey": 1}']
)
def should_say_which_secret_to_fill_when_it_has_no_key(aws: Cloud, content: str) -> None:
    client, memory = secrets(), MemoryAmazonMl(aws.s3)
    client.create_secret(Name="ml-key", SecretString=content)
    with pytest.raises(CredentialsMissing, match="the secret ml-key has no access key"):
        calling(memory, client).model(MODEL_ID)


@pytest.mark.slow
def should_take_files_through_the_shipped_state_machine(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """And no secret is written anywhere."""
    caplog.set_level(logging.DEBUG)
    (tmp_path / f"{TOPIC}.csv").write_text(CODES, "utf-8")
    with cloud(executes=True) as aws:
        aws.s3.create_bucket(
            Bucket=EXCHANGE, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        memory = MemoryAmazonMl(aws.s3)
        with memory.after_call() as address:
            changes = {
                "AMAZON_ML_URL": address,
                "AMAZON_ML_KEY_SECRET_ARN": "ml-key",
                "CODELISTS_FOLDER": str(tmp_path),
            }
            configured(monkeypatch, "http://nobody.example", VARIABLES | changes)
            journey = Journey(aws, MemoryService(), monkeypatch)
            journey.secrets.create_secret(Name="ml-key", SecretString=KEY)
            written = _three_drops(journey, memory)
        dependencies.cache_clear()
        environment.cache_clear()
    out = capfd.readouterr()
    logs = "\n".join(f"{each.getMessage()} {each.__dict__}" for each in caplog.records)
    for secret in (SECRET_KEY, CLIENT_SECRET):
        assert secret not in "\n".join([out.out, out.err, logs, written])


def _three_drops(journey: Journey, memory: MemoryAmazonMl) -> str:
    """One is coded by the newest model, one by a named one, one fails; all that was written."""
    good = journey.drop(lines(30))
    memory.add_model("ml-Other")
    named = journey.drop(lines(2), f"{TOPIC}/models/ml-Other/jobs.jsonl")
    memory.scores = lambda _row: None
    journey.drop(lines(2), f"{TOPIC}/bad.jsonl")
    told = {body["dropId"]: body for body in journey.notifications()}
    output = journey.aws.result(told[good]["results"]["output"])
    expected = coded(lines(30))
    assert [json.loads(line) for line in output.splitlines()] == [
        json.loads(line) for line in expected.splitlines()
    ]
    assert told[named]["model"] == "ml-Other"
    manifest = journey.document(told[named]["results"]["manifest"])
    assert manifest["model"]["engine"] == "amazon-ml"
    (failed,) = [body for body in told.values() if body["status"] == "failed"]
    assert "line 1 could not be used" in failed["reason"]
    assert (
        boto3.client("s3", region_name=REGION).list_objects_v2(
            Bucket=EXCHANGE, Prefix=f"dropcoder-{good}"
        )["KeyCount"]
        == 0
    )
    return (
        json.dumps(journey.states)
        + repr(journey.executions())
        + repr(journey.aws.ledger.table.scan()["Items"])
    )
