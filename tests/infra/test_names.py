"""What is unique in an account and region has the deployment's name in it, or no name of ours."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.infra.conftest import CLIENTS, Deployment, synthesize

# Names that count within another resource, which is a deployment's own: a role, an API, a pool; and
# those of metrics, whose namespace is looked at in their place.
WITHIN_ANOTHER = {
    ("AWS::IAM::Policy", "PolicyName"),
    ("AWS::ApiGateway::Authorizer", "Name"),
    ("AWS::ApiGateway::Stage", "StageName"),
    ("AWS::ApiGateway::GatewayResponse", "ResponseType"),
    ("AWS::Cognito::UserPoolResourceServer", "Name"),
    ("AWS::CloudWatch::Alarm", "MetricName"),
    # Shown above an e-mail, and nothing else.
    ("AWS::SNS::Topic", "DisplayName"),
}
AWS_OWN = "AWS/"


def physical_names(deployment: Deployment) -> Iterator[str]:
    """Stack names, exports, and every name that a template gives instead of CloudFormation."""
    for stack, template in deployment.templates.items():
        yield f"stack {deployment.stacks[stack].stack_name}"
        for output in template.get("Outputs", {}).values():
            if "Export" in output:
                yield f"export {json.dumps(output['Export']['Name'])}"
        for resource in template["Resources"].values():
            for name, value in resource.get("Properties", {}).items():
                if _is_given(resource["Type"], name, value):
                    yield f"{resource['Type']} {name} {json.dumps(value)}"


def _is_given(kind: str, name: str, value: Any) -> bool:
    if not (name.endswith("Name") or name in {"Domain", "Namespace"}):
        return False
    if (kind, name) in WITHIN_ANOTHER or (isinstance(value, str) and value.startswith(AWS_OWN)):
        return False
    # A reference leads to another resource, whose own name is looked at.
    return not (isinstance(value, dict) and value.keys() <= {"Ref", "Fn::GetAtt"})


def should_share_no_physical_name_with_another_deployment(
    aws: Deployment, fitted: Deployment
) -> None:
    first, second = (set(physical_names(each)) for each in (aws, fitted))
    assert {"stack mine-Pipeline", "stack mine-CodingService"} <= second
    for found in (first, second):
        assert any("UserPoolDomain" in each for each in found)
        assert any(each.startswith("export ") for each in found)
    assert first & second == set()


def should_share_no_metric_with_another_deployment(aws: Deployment, fitted: Deployment) -> None:
    for deployment, namespace in ((aws, "Dropcoder"), (fitted, "Dropcoder/mine")):
        written = {
            function["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"]
            for function in deployment.resources("AWS::Lambda::Function").values()
        }
        assert written == {namespace}
        (counting,) = deployment.resources("AWS::Logs::MetricFilter").values()
        watched = {
            alarm["Namespace"]
            for alarm in deployment.resources("AWS::CloudWatch::Alarm").values()
            if not alarm["Namespace"].startswith(AWS_OWN)
        }
        assert watched == written
        assert counting["MetricTransformations"][0]["MetricNamespace"] in written
        (dashboard,) = deployment.resources("AWS::CloudWatch::Dashboard").values()
        assert json.dumps(namespace) in "".join(
            part for part in dashboard["DashboardBody"]["Fn::Join"][1] if isinstance(part, str)
        )


def kept(deployment: Deployment, stack: str) -> set[str]:
    """Logical ids, without that of the API's snapshot, which is made of what the API is."""
    found = deployment.templates[stack]["Resources"].items()
    return {key for key, each in found if each["Type"] != "AWS::ApiGateway::Deployment"}


def should_put_the_default_name_before_the_stacks(aws: Deployment) -> None:
    names = {stack: entry.stack_name for stack, entry in aws.stacks.items()}
    assert names == {"Pipeline": "dropcoder-Pipeline", "CodingService": "dropcoder-CodingService"}


def should_keep_the_names_of_a_deployment_from_before_when_the_name_is_empty(
    tmp_path: Path, aws: Deployment
) -> None:
    unnamed = synthesize(
        tmp_path,
        name="",
        codingService="true",
        machineLearningClients=CLIENTS,
        notificationEmails="people@example.com",
        operatorEmails="operators@example.com",
    )
    assert {entry.stack_name for entry in unnamed.stacks.values()} == {"Pipeline", "CodingService"}
    for stack in aws.templates:
        assert kept(unnamed, stack) == kept(aws, stack)
    domains = [
        next(iter(each.resources("AWS::Cognito::UserPoolDomain").values()))["Domain"]
        for each in (unnamed, aws)
    ]
    assert domains[0] == domains[1]
