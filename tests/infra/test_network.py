"""Functions in a VPC of the account's, and their ways to AWS."""

import json
from typing import Any

import pytest

from tests.infra.conftest import SERVICE, VPC, Deployment, synthesize

# Without an endpoint: Lambda itself brings logs and traces away, and keys are used through others.
BESIDE = {"logs", "xray", "kms", "ec2"}


def statements(deployment: Deployment, actions: str) -> list[Any]:
    return [
        statement
        for policy in deployment.resources("AWS::IAM::Policy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if actions in json.dumps(statement["Action"])
    ]


def should_run_every_function_of_both_stacks_in_the_subnets(inside: Deployment) -> None:
    functions = inside.resources("AWS::Lambda::Function")
    assert {name.partition("/")[0] for name in functions} == {"Pipeline", "CodingService"}
    for name, function in functions.items():
        network = function["VpcConfig"]
        assert network["SubnetIds"] == VPC["subnetIds"].split(","), name
        (group,) = network["SecurityGroupIds"]
        assert "dropcoder-Network:" in group["Fn::ImportValue"], name


def should_have_an_endpoint_for_every_service_that_functions_call(inside: Deployment) -> None:
    from infra.network import GATEWAYS, INTERFACES  # noqa: PLC0415

    roles = {
        json.dumps({"Ref": each["Role"]["Fn::GetAtt"][0]})
        for each in inside.resources("AWS::Lambda::Function").values()
    }
    called = {
        action.partition(":")[0]
        for policy in inside.resources("AWS::IAM::Policy").values()
        if roles & {json.dumps(role) for role in policy["Roles"]}
        for statement in policy["PolicyDocument"]["Statement"]
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }
    assert called - BESIDE == {*GATEWAYS, *INTERFACES}
    endpoints = inside.resources("AWS::EC2::VPCEndpoint")
    assert len(endpoints) == len(GATEWAYS) + len(INTERFACES)
    for name, endpoint in endpoints.items():
        assert endpoint["VpcId"] == VPC["vpcId"], name
        if endpoint["VpcEndpointType"] == "Gateway":
            assert endpoint["RouteTableIds"] == ["rtb-0123abcd"], name
        else:
            assert endpoint["PrivateDnsEnabled"] is True, name
            assert endpoint["SubnetIds"] == VPC["subnetIds"].split(","), name


def should_let_nothing_in_and_only_the_services_ports_out(inside: Deployment) -> None:
    groups = inside.resources("AWS::EC2::SecurityGroup")
    functions = groups["Network/Functions"]
    assert "SecurityGroupIngress" not in functions
    assert [(each["FromPort"], each["ToPort"]) for each in functions["SecurityGroupEgress"]] == [
        (443, 443),
        (8443, 8443),
    ]
    (let_in,) = groups["Network/Endpoints"]["SecurityGroupIngress"]
    assert let_in["SourceSecurityGroupId"] == {"Fn::GetAtt": ["Functions", "GroupId"]}
    assert (let_in["FromPort"], let_in["ToPort"]) == (443, 443)


def should_let_lambda_make_interfaces_and_not_the_functions_code(
    inside: Deployment, aws: Deployment
) -> None:
    allowed = [each for each in statements(inside, "ec2:") if each["Effect"] == "Allow"]
    denied = [each for each in statements(inside, "ec2:") if each["Effect"] == "Deny"]
    assert len(allowed) == len(denied) == len(inside.resources("AWS::Lambda::Function"))
    for each in denied:
        # Statements with the same resource stand as one.
        assert set(each["Action"]) == {name for name in allowed[0]["Action"] if "ec2:" in name}
        assert "lambda:SourceFunctionArn" in each["Condition"]["ArnLike"]
    assert statements(aws, "ec2:") == []


def should_make_no_endpoint_where_the_vpc_has_its_own(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    place = tmp_path_factory.mktemp("has-its-own")
    deployment = synthesize(place, **SERVICE, **VPC, vpcEndpoints=False)
    assert deployment.resources("AWS::EC2::VPCEndpoint") == {}
    assert "FunctionsSecurityGroupId" in deployment.templates["Network"]["Outputs"]


def should_leave_functions_in_lambdas_own_network_unless_a_vpc_is_named(aws: Deployment) -> None:
    assert "Network" not in aws.templates
    assert not any("VpcConfig" in each for each in aws.resources("AWS::Lambda::Function").values())
