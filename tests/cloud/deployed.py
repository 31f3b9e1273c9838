"""The local cloud that these tests share, and ways to change how its functions are set."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localcloud.cloud import LocalCloud
from localcloud.places import PROJECT

TOPIC = "anzsco"
OTHER_TOPIC = "second"
OTHER_MODEL = "11111111-2222-4333-8444-555555555555"
HOLLOW_TOPIC = "hollow"

MODELS = "build/test-models"
ASSETS = "build/test-assets"

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
    "pollCeilingSeconds": "2",
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
    second = models / OTHER_TOPIC / OTHER_MODEL
    shutil.copytree(first, second)
    card = json.loads((second / "model.json").read_text("utf-8"))
    card["topic"] = {"uriName": OTHER_TOPIC, "fullName": "The same codes under another name"}
    card["modelId"] = OTHER_MODEL
    (second / "model.json").write_text(json.dumps(card), "utf-8")
    (models / HOLLOW_TOPIC).mkdir()
    (models / HOLLOW_TOPIC / "README").write_text("A topic that nobody has trained.\n", "utf-8")


@contextmanager
def changed_function(cloud: LocalCloud, module: str, **environment: str) -> Iterator[None]:
    """A function with other environment variables, until the context ends.

    :param module: as in its handler: `coding_service.api`, say.
    """
    functions = cloud.functions()
    found = next(
        function
        for page in functions.get_paginator("list_functions").paginate()
        for function in page["Functions"]
        if function.get("Handler") == f"{module}.handler"
    )
    name = found["FunctionName"]
    before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    assert environment.keys() <= before.keys(), "a variable that the function does not have"
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": {**before, **environment}}
    )
    try:
        yield
    finally:
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": before}
        )
