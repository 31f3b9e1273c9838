"""Versions of a topic that is new to the service, published into it while it runs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from localcloud.cloud import LocalCloud
from localcloud.environment import REGION, client_exports
from localcloud.places import PROJECT
from tests.support.cloud.service_client import ServiceClient
from tests.support.coding_service.topic_folders import SETTINGS, topic_folder
from tests.support.eventually import eventually
from training.fit.train import train_into
from training.topic.files import read_topic

TOPIC = "trades"
WITHIN = 90  # seconds; a process that lists topics may know of new ones a minute late
RECORDS = b'{"recordId": "1", "occp_text": "night baker", "tasks_text": ""}\n' * 3


def trained(version: int, folder: Path) -> Path:
    settings = SETTINGS.replace("version: 3", f"version: {version}")
    topic = read_topic(topic_folder(folder / f"v{version}", settings=settings))
    return train_into(topic, folder / "models")[0]


def published(cloud: LocalCloud, directory: Path) -> str:
    """What the command says, in an environment such as `make env` prints."""
    assert cloud.service is not None
    command = [sys.executable, "-m", "training", "publish", str(directory)]
    done = subprocess.run(
        [*command, "--bucket", cloud.service.models_bucket],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PROJECT / "lambdas"),
            **client_exports(cloud.reach),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def listed(caller: ServiceClient) -> list[str]:
    answer = caller.get(f"/v1/topics/{TOPIC}/models")
    return [model["modelId"] for model in answer.json()] if answer.status == 200 else []


def coded(caller: ServiceClient, model: str | None) -> tuple[str, list[Any]]:
    """The model that coded the records, and their codes."""
    created = caller.create(TOPIC, model)
    assert caller.upload(created, RECORDS).status == 200
    done = eventually(
        lambda: caller.operation(TOPIC, created.operation_id).json(),
        until=lambda body: body["operationStatus"] not in {"awaiting_input", "in_progress"},
    )
    assert done["operationStatus"] == "complete", done.get("error")
    metadata = caller.fetch(done["metadataDownloadUrl"]).json()
    output = caller.fetch(done["responseDownloadUrl"]).body
    return metadata["modelId"], [json.loads(line) for line in output.splitlines()]


@pytest.fixture(scope="module")
def machine_learning(cloud: LocalCloud) -> Any:
    assert cloud.service is not None
    secret = cloud.service.machine_learning_key_secret
    key = json.loads(cloud.secrets().get_secret_value(SecretId=secret)["SecretString"])
    made: Any = boto3.client
    return made(
        "machinelearning",
        region_name=REGION,
        endpoint_url=cloud.service.machine_learning_url,
        aws_access_key_id=key["accessKeyId"],
        aws_secret_access_key=key["secretAccessKey"],
        verify=str(cloud.reach.bundle),
    )


def should_code_with_what_was_published_and_keep_older_models(
    cloud: LocalCloud, caller: ServiceClient, machine_learning: Any, tmp_path: Path
) -> None:
    first, second = (trained(version, tmp_path) for version in (1, 2))

    assert "published to" in published(cloud, first)
    # By its id at once, in whichever process; and then in the lists.
    model, lines = coded(caller, first.name)
    assert model == first.name
    assert len(lines) == 3
    assert all(("result" in line) != ("suggestions" in line) for line in lines)
    eventually(lambda: listed(caller), until=lambda ids: ids == [first.name], within=WITHIN)
    assert TOPIC in {each["uriName"] for each in caller.get("/v1/topics").json()}
    assert machine_learning.get_ml_model(MLModelId=first.name)["Name"] == TOPIC

    assert "published to" in published(cloud, second)
    assert "already" in published(cloud, second)
    assert machine_learning.get_ml_model(MLModelId=second.name)["Status"] == "COMPLETED"
    assert coded(caller, second.name)[0] == second.name
    eventually(
        lambda: listed(caller), until=lambda ids: ids == [second.name, first.name], within=WITHIN
    )
    assert coded(caller, None)[0] == second.name
    assert coded(caller, first.name) == (first.name, lines)
    described = machine_learning.describe_ml_models(FilterVariable="Name", EQ=TOPIC)["Results"]
    assert {each["MLModelId"] for each in described} == {first.name, second.name}
