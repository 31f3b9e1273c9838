"""No policy lets an AWS service in without saying for whose account and which resource it acts."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.infra.conftest import Deployment, Template

ACCOUNT = {"Ref": "AWS::AccountId"}
# Such a service takes a role of its own account alone, from somebody who may pass it
# (`iam:PassRole`): nobody else's function or API can have it.
PASSED_ROLES = ("lambda.amazonaws.com", "apigateway.amazonaws.com")
# Log groups say in the encryption context who they are (CloudWatch Logs user guide, "Encrypt log
# data"); no source is named there.
LOGS_CONTEXT = "kms:EncryptionContext:aws:logs:arn"


def faults(templates: Mapping[str, Template]) -> list[str]:
    """What is wrong with the policies of all resources, by stack, resource and statement."""
    found = []
    for stack, template in templates.items():
        for name, resource in template["Resources"].items():
            where = f"{stack}/{name}"
            properties = resource.get("Properties", {})
            found += [f"{where}: a policy as text" for _ in _texts_of_policies(properties)]
            for statement in _statements(properties):
                found += [f"{where}: {fault}" for fault in _faults_of(statement)]
            if resource["Type"] == "AWS::Lambda::Permission":
                arn = json.dumps(properties.get("SourceArn", ""))
                if "Fn::GetAtt" not in arn and "AWS::AccountId" not in arn:
                    found.append(f"{where}: no source of this account")
    return found


def _statements(value: Any) -> Iterator[Mapping[str, Any]]:
    """The statements of every policy document in a resource's properties, however deep."""
    if isinstance(value, dict):
        statements = value.get("Statement")
        if statements is not None:
            yield from statements if isinstance(statements, list) else [statements]
        for each in value.values():
            yield from _statements(each)
    elif isinstance(value, list):
        for each in value:
            yield from _statements(each)


def _texts_of_policies(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts_of_policies(each)
    elif isinstance(value, str) and '"Principal"' in value:
        yield value


def _faults_of(statement: Mapping[str, Any]) -> Iterator[str]:
    if statement["Effect"] != "Allow" or "Principal" not in statement:
        return
    principal = statement["Principal"]
    if principal == "*" or principal.get("AWS") == "*":
        yield "lets everybody in"
        return
    named = principal.get("Service", [])
    for service in named if isinstance(named, list) else [named]:
        said = json.dumps(service)
        if statement["Action"] == "sts:AssumeRole" and service in PASSED_ROLES:
            continue
        conditions = statement.get("Condition", {})
        if "logs." in said and ACCOUNT in _parts(conditions, "ArnLike", LOGS_CONTEXT):
            continue
        if conditions.get("StringEquals", {}).get("aws:SourceAccount") != ACCOUNT:
            yield f"{said} without aws:SourceAccount"
        if not conditions.get("ArnLike", {}).get("aws:SourceArn"):
            yield f"{said} without aws:SourceArn"


def _parts(conditions: Mapping[str, Any], operator: str, key: str) -> list[Any]:
    joined = conditions.get(operator, {}).get(key, {})
    return joined.get("Fn::Join", ["", []])[1] if isinstance(joined, dict) else []


@pytest.mark.parametrize(
    "deployment", ["aws", "local", "alone", "named", "plain", "coded", "fitted", "inside"]
)
def should_let_services_in_for_this_account_and_a_named_resource_alone(
    request: pytest.FixtureRequest, deployment: str
) -> None:
    assert faults(request.getfixturevalue(deployment).templates) == []


def should_let_in_the_one_rule_that_sends_to_a_queue(aws: Deployment) -> None:
    let_in = {}
    for name, policy in aws.resources("AWS::SQS::QueuePolicy").items():
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Allow":
                rule = statement["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::GetAtt"][0]
                let_in[f"{name.split('/')[0]}/{policy['Queues'][0]['Ref']}"] = rule
                assert statement["Action"] == "sqs:SendMessage"
    sent = {}
    for name, rule in aws.resources("AWS::Events::Rule").items():
        stack, _, logical_id = name.partition("/")
        for target in rule["Targets"]:
            for arn in (target["Arn"], target["DeadLetterConfig"]["Arn"]):
                sent[f"{stack}/{arn['Fn::GetAtt'][0]}"] = logical_id
    queues = aws.resources("AWS::SQS::Queue")
    assert let_in == {queue: rule for queue, rule in sent.items() if queue in queues}


def should_let_step_functions_have_the_roles_of_its_machines_for_this_account(
    aws: Deployment,
) -> None:
    machines = aws.resources("AWS::StepFunctions::StateMachine")
    roles = aws.resources("AWS::IAM::Role")
    for name, machine in machines.items():
        role = f"{name.partition('/')[0]}/{machine['RoleArn']['Fn::GetAtt'][0]}"
        (trust,) = roles[role]["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
        assert ":stateMachine:*" in json.dumps(trust["Condition"]["ArnLike"]["aws:SourceArn"])
    assert len(machines) == 3


def should_notice_a_policy_that_somebody_adds_without_conditions(tmp_path: Path) -> None:
    from aws_cdk import App, Stack  # noqa: PLC0415
    from aws_cdk import aws_iam as iam  # noqa: PLC0415
    from aws_cdk import aws_kms as kms  # noqa: PLC0415
    from aws_cdk import aws_logs as logs  # noqa: PLC0415
    from aws_cdk import aws_s3 as s3  # noqa: PLC0415
    from aws_cdk import aws_sns as sns  # noqa: PLC0415

    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Careless")
    service = iam.ServicePrincipal("events.amazonaws.com")
    half = iam.ServicePrincipal(
        "s3.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": stack.account}}
    )
    kms.Key(stack, "Key").grant_decrypt(service)
    sns.Topic(stack, "Topic").grant_publish(half)
    s3.Bucket(stack, "Bucket", public_read_access=True, block_public_access=_open())
    iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
    logs.ResourcePolicy(
        stack,
        "Logs",
        policy_statements=[
            iam.PolicyStatement(principals=[service], actions=["logs:PutLogEvents"])
        ],
    )
    template = app.synth().get_stack_by_name("Careless").template
    found = faults({"Careless": template})
    for each in ("Key", "Topic", "Bucket", "Role", "Logs"):
        assert any(fault.startswith(f"Careless/{each}") for fault in found), each
    (of_topic,) = (fault for fault in found if "/Topic" in fault)
    assert of_topic.endswith("without aws:SourceArn")


def _open() -> Any:
    from aws_cdk import aws_s3 as s3  # noqa: PLC0415

    return s3.BlockPublicAccess(block_public_policy=False)
