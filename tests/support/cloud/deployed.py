"""The local cloud that these tests share, and ways to change how its functions are set."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.cloud import LocalCloud
from localcloud.places import PROJECT

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

TOPIC = "anzsco"
OTHER_TOPIC = "second"
OTHER_MODEL = "11111111-2222-4333-8444-555555555555"
HOLLOW_TOPIC = "hollow"
PREDICTED_TOPIC = "predicted"
"""Coded by Amazon ML, with the model of the second topic."""

SMALL_TOPIC = "small"
"""Coded in small batches, with the same model as the second topic has."""
SMALL_MODEL = "22222222-2222-4333-8444-555555555555"

PREDICTION_BUCKET = "data-of-a-client"
SECOND_CLIENT = "somebody-else"

OTHER_ACCOUNT = "222222222222"
"""May drop files and fetch results, as far as it lets its own users do so."""

MODELS = "build/test-models"
ASSETS = "build/test-assets"
CODELISTS = "build/test-codelists"

SETTINGS = {
    "assets": ASSETS,
    "modelsDir": MODELS,
    # Far above what the tests call; the two limits have tests of their own.
    "serviceRequestsPerSecond": "500",
    "serviceBurst": "500",
    "requestsPerSecond": "50",
    "requestsPerDay": "100000",
    "serviceRequestsPerDay": "100000",
    "pollFirstSeconds": "1",
    "prepareConcurrency": "2",
    "shareWaitSeconds": "1",
    "machineLearningClients": f"pipeline,{SECOND_CLIENT}",
    "batchPredictionBuckets": PREDICTION_BUCKET,
    "engines": f"{PREDICTED_TOPIC}=amazon-ml,{SMALL_TOPIC}=coding-service-small",
    "amazonMlModels": f"{PREDICTED_TOPIC}={OTHER_MODEL}",
    "codelists": CODELISTS,
    "useDictionary": OTHER_TOPIC,
    "dropPrincipals": OTHER_ACCOUNT,
    "resultPrincipals": OTHER_ACCOUNT,
}


def make_models(trained: Path = PROJECT / "build" / "models") -> None:
    """The trained topic; a second one with a model of its own; and one that has no model."""
    models = PROJECT / MODELS
    shutil.rmtree(models, ignore_errors=True)
    for source in (trained / TOPIC).rglob("*"):
        if source.is_file():
            target = models / TOPIC / source.relative_to(trained / TOPIC)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)  # as new as now, so that nobody trains it again
    first = next((models / TOPIC).iterdir())
    for topic, model in ((OTHER_TOPIC, OTHER_MODEL), (SMALL_TOPIC, SMALL_MODEL)):
        copied = models / topic / model
        shutil.copytree(first, copied)
        card = json.loads((copied / "model.json").read_text("utf-8"))
        card["topic"] = {"uriName": topic, "fullName": "The same codes under another name"}
        card["modelId"] = model
        (copied / "model.json").write_text(json.dumps(card), "utf-8")
    (models / HOLLOW_TOPIC).mkdir()
    (models / HOLLOW_TOPIC / "README").write_text("A topic that nobody has trained.\n", "utf-8")


def make_codelists(topics: Path = PROJECT / "topics") -> None:
    """The codes of the second topic's model, under the name of the topic that it codes here."""
    folder = PROJECT / CODELISTS / PREDICTED_TOPIC
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(topics / TOPIC / "codes.csv", folder / "codes.csv")


def function_name(cloud: LocalCloud, module: str) -> str:
    """The name of the function whose handler is `<module>.handler`: `pipeline.submit.handler`."""
    return _function_names(cloud)[f"{module}.handler"]


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue whose messages a function takes."""

    sqs: "SQSClient"
    url: str

    def put(self, body: str) -> None:
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def is_empty(self) -> bool:
        """Whether the function has taken and dealt with all of them."""
        names: list[QueueAttributeNameType] = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
        ]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return all(found["Attributes"][name] == "0" for name in names)


def queue_in_front_of(cloud: LocalCloud, module: str) -> Queue:
    """The queue that the function `<module>.handler` takes its messages from."""
    (source,) = cloud.functions().list_event_source_mappings(
        FunctionName=function_name(cloud, module)
    )["EventSourceMappings"]
    sqs = cloud.sqs()
    name = source["EventSourceArn"].rpartition(":")[2]
    return Queue(sqs, sqs.get_queue_url(QueueName=name)["QueueUrl"])


@cache
def _function_names(cloud: LocalCloud) -> dict[str, str]:
    pages = cloud.functions().get_paginator("list_functions").paginate()
    found = (function for page in pages for function in page["Functions"])
    return {function["Handler"]: function["FunctionName"] for function in found}


@contextmanager
def changed_function(
    cloud: LocalCloud, module: str, *, timeout_seconds: int | None = None, **environment: str
) -> Iterator[None]:
    """A function with another timeout or other environment variables, until the context ends.

    `module` is as in its handler: `pipeline.submit.handler`, say.
    """
    functions, name = cloud.functions(), function_name(cloud, module)
    before = functions.get_function_configuration(FunctionName=name)
    timeout, variables = before["Timeout"], before["Environment"]["Variables"]
    unknown = [name for name in environment if name not in variables and name[:4] != "AWS_"]
    assert not unknown, f"variables that the function does not have: {unknown}"
    functions.update_function_configuration(
        FunctionName=name,
        Timeout=timeout_seconds or timeout,
        Environment={"Variables": {**variables, **environment}},
    )
    try:
        yield
    finally:
        functions.update_function_configuration(
            FunctionName=name, Timeout=timeout, Environment={"Variables": variables}
        )
