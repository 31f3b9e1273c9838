"""Templates, synthesized once a run for each sort of target.

The CDK is imported by what synthesizes: importing it starts Node, in every process that collects
these tests.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.settings.command_line import project_context
from tests.support.parts import expect_aws

Template = Mapping[str, Any]
LOCAL_CLOUD = "https://localhost:4566"
SERVICE = {
    "serviceUrl": "https://service.example",
    "authUrl": "https://auth.example",
    "presignedHosts": "*.s3.example,files.example",
}
CLIENTS = "pipeline,another"  # so that CodingService has Amazon ML's API
ENGINES = {"engines": "anzsco=amazon-ml,osca=coding-service"}
SECRET = "arn:aws:secretsmanager:ap-southeast-2:111111111111:secret:key-abcdef"
ROLE = "arn:aws:iam::111111111111:role/amazon-ml"
BATCH_KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"

WEB_ACL = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/name/11111111-2222-3333"
VPC = {"vpcId": "vpc-0123abcd", "subnetIds": "subnet-0123abcd,subnet-4567abcd"}
FITTED = {
    "name": "mine",
    "permissionsBoundary": "arn:aws:iam::123456789012:policy/boundary",
    "tags": "team=survey,costs=4711",
    "dropPrincipals": (
        "arn:aws:iam::222222222222:role/survey,arn:aws:iam::333333333333:user/desk/one"
    ),
    "resultPrincipals": "444444444444",
    "dropRetentionDays": "20",
    "resultRetentionDays": "90",
    "monthlyBudget": "49.5",
}


@dataclass(frozen=True)
class Deployment:
    """What a synth gave: the templates by the stacks' ids, and the stacks' own entries."""

    templates: Mapping[str, Template]
    stacks: Mapping[str, Any]
    """The entries of the cloud assembly: names, tags, protection."""

    @property
    def pipeline(self) -> Template:
        return self.templates["Pipeline"]

    @property
    def coding_service(self) -> Template:
        return self.templates["CodingService"]

    def resources(self, kind: str, stack: str | None = None) -> Mapping[str, Any]:
        """Properties of all resources of a type, by `<stack's id>/<logical id>`."""
        return {
            f"{name}/{logical_id}": resource.get("Properties", {})
            for name, template in self.templates.items()
            if stack in (None, name)
            for logical_id, resource in template["Resources"].items()
            if resource["Type"] == kind
        }


def synthesize(place: Path, **context: object) -> Deployment:
    """The app with the context of cdk.json and more; assets stand in for built ones."""
    from aws_cdk import App  # noqa: PLC0415

    from infra.app import add_stacks  # noqa: PLC0415

    expect_aws()
    for package in ("pipeline", "tables", "coding_service"):
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
            stack.id: json.loads(Path(stack.template_full_path).read_text("utf-8"))
            for stack in assembly.stacks
        },
        {stack.id: stack for stack in assembly.stacks},
    )


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Both stacks, for AWS."""
    return synthesize(
        tmp_path_factory.mktemp("aws"),
        codingService="true",
        machineLearningClients=CLIENTS,
        notificationEmails="people@example.com",
        operatorEmails="operators@example.com",
    )


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Both stacks, for the local cloud."""
    return synthesize(
        tmp_path_factory.mktemp("local"),
        codingService="true",
        machineLearningClients=CLIENTS,
        localCloud=LOCAL_CLOUD,
        retainStorage="false",
    )


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Pipeline alone, for a service elsewhere and AWS's own Amazon ML, with settings that no
    other test minds."""
    return synthesize(
        tmp_path_factory.mktemp("alone"),
        **SERVICE,
        **ENGINES,
        defaultTopic="anzsco",
        requestsPerSecond="0.5",
        pollFirstSeconds=3,
        shareOperations="false",
    )


@pytest.fixture(scope="session")
def named(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Both stacks, though the settings name services elsewhere, and more of CodingService's."""
    return synthesize(
        tmp_path_factory.mktemp("named"),
        **SERVICE,
        **ENGINES,
        amazonMlUrl="https://ml.example",
        amazonMlKeySecretArn=SECRET,
        amazonMlRoleArn=ROLE,
        codingService=True,
        inferenceConcurrency=7,
        inferenceRangeBytes=1 << 21,
        apiGatewayLogs="own",
        webAclArn=WEB_ACL,
        machineLearningClients="one,two",
        batchPredictionBuckets="data-of-one",
        batchPredictionKeys=BATCH_KEY,
    )


@pytest.fixture(scope="session")
def coded(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Both stacks, with a topic that CodingService's Amazon ML API codes."""
    return synthesize(tmp_path_factory.mktemp("coded"), codingService="true", **ENGINES)


@pytest.fixture(scope="session")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """All stacks, with functions in a VPC of the account's."""
    return synthesize(
        tmp_path_factory.mktemp("inside"),
        codingService=True,
        machineLearningClients=CLIENTS,
        **VPC,
        routeTableIds="rtb-0123abcd",
        serviceUrl="https://service.example:8443",
        authUrl="https://auth.example",
        presignedHosts="*.s3.example",
    )


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Both stacks, without Amazon ML; API Gateway logs by the account's own role."""
    return synthesize(
        tmp_path_factory.mktemp("plain"), codingService="true", apiGatewayLogs="account"
    )


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Both stacks, with all that an account may ask for but a key and a VPC of its own."""
    return synthesize(
        tmp_path_factory.mktemp("fitted"),
        **FITTED,
        codingService=True,
        engines="anzsco=amazon-ml,osca=coding-service-small",
        useDictionary="osca",
        operatorEmails="operators@example.com",
    )


@pytest.fixture(params=["aws", "local"])
def either(request: pytest.FixtureRequest, aws: Deployment, local: Deployment) -> Deployment:
    """Each sort of target in turn."""
    return {"aws": aws, "local": local}[request.param]
