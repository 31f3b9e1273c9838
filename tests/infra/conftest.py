"""Templates, synthesized once a run for each sort of target."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from infra.app import add_stacks
from infra.settings.command_line import project_context

Template = Mapping[str, Any]
LOCAL_CLOUD = "https://localhost:4566"


@dataclass(frozen=True)
class Deployment:
    """What a synth gave: the templates by stack name."""

    templates: Mapping[str, Template]

    @property
    def pipeline(self) -> Template:
        return self.templates["Pipeline"]

    def resources(self, kind: str, stack: str | None = None) -> Mapping[str, Any]:
        """Properties of all resources of a type, by `<stack>/<logical id>`."""
        return {
            f"{name}/{logical_id}": resource.get("Properties", {})
            for name, template in self.templates.items()
            if stack in (None, name)
            for logical_id, resource in template["Resources"].items()
            if resource["Type"] == kind
        }


def synthesize(place: Path, **context: object) -> Deployment:
    """The app with the context of cdk.json and more; assets stand in for built ones."""
    for package in ("pipeline", "coding_service"):
        (place / "assets" / package).mkdir(parents=True, exist_ok=True)
        (place / "assets" / package / "placeholder.py").touch()
    app = App(
        context={**project_context(), "assets": str(place / "assets"), **context},
        outdir=str(place / "out"),
    )
    add_stacks(app)
    assembly = app.synth()
    return Deployment(
        {
            stack.stack_name: json.loads(Path(stack.template_full_path).read_text("utf-8"))
            for stack in assembly.stacks
        }
    )


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Both stacks, for AWS."""
    return synthesize(
        tmp_path_factory.mktemp("aws"),
        codingService="true",
        notificationEmails="people@example.com",
        operatorEmails="operators@example.com",
    )


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Both stacks, for the local cloud."""
    return synthesize(
        tmp_path_factory.mktemp("local"),
        codingService="true",
        localCloud=LOCAL_CLOUD,
        retainStorage="false",
    )


@pytest.fixture(params=["aws", "local"])
def either(request: pytest.FixtureRequest) -> Deployment:
    """Each sort of target in turn."""
    deployment: Deployment = request.getfixturevalue(request.param)
    return deployment
