"""What an account asks of every resource is given to every resource of both stacks."""

from typing import Any

import pytest

from tests.infra.conftest import FITTED, Deployment


def should_bound_every_role(fitted: Deployment, aws: Deployment) -> None:
    roles = fitted.resources("AWS::IAM::Role")
    assert {name.partition("/")[0] for name in roles} == {"Pipeline", "CodingService"}
    assert {role["PermissionsBoundary"] for role in roles.values()} == {
        FITTED["permissionsBoundary"]
    }
    assert not any(
        "PermissionsBoundary" in role for role in aws.resources("AWS::IAM::Role").values()
    )


def tags_of(properties: Any) -> dict[str, str]:
    found = properties.get("Tags") or properties.get("UserPoolTags") or {}
    return found if isinstance(found, dict) else {each["Key"]: each["Value"] for each in found}


@pytest.mark.parametrize(
    "kind",
    [
        *("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Lambda::Function"),
        *("AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::SecretsManager::Secret"),
        *("AWS::Logs::LogGroup", "AWS::StepFunctions::StateMachine", "AWS::IAM::Role"),
        *("AWS::CloudWatch::Alarm", "AWS::ApiGateway::RestApi", "AWS::Cognito::UserPool"),
    ],
)
def should_tag_whatever_takes_tags(fitted: Deployment, aws: Deployment, kind: str) -> None:
    expected = {"team": "survey", "costs": "4711", "dropcoder-deployment": "mine"}
    found = fitted.resources(kind)
    assert found
    assert all(tags_of(each) == expected for each in found.values())
    assert all(
        tags_of(each) == {"dropcoder-deployment": "dropcoder"}
        for each in aws.resources(kind).values()
    )


def should_tag_the_stacks_themselves(fitted: Deployment) -> None:
    for stack in fitted.stacks.values():
        assert dict(stack.tags)["dropcoder-deployment"] == "mine"


def should_protect_stacks_tables_and_clients_while_storage_is_kept(
    aws: Deployment, local: Deployment
) -> None:
    for deployment, kept in ((aws, True), (local, False)):
        assert {each.termination_protection for each in deployment.stacks.values()} == {kept}
        tables = deployment.resources("AWS::DynamoDB::Table").values()
        assert {table["DeletionProtectionEnabled"] for table in tables} == {kept}
        (pool,) = deployment.resources("AWS::Cognito::UserPool").values()
        assert pool.get("DeletionProtection", "INACTIVE") == ("ACTIVE" if kept else "INACTIVE")
