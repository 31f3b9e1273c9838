"""A key of the deployer's own encrypts everything, in place of one for each stack."""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.infra.conftest import SERVICE, Deployment, synthesize
from tests.support.markdown import document

KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
REFERENCES = {"AWS::Region": "<region>", "AWS::URLSuffix": "amazonaws.com"}


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return synthesize(
        tmp_path_factory.mktemp("keyed"),
        **SERVICE,
        codingService=True,
        engines="anzsco=amazon-ml",
        kmsKeyArn=KEY,
        dropPrincipals="222222222222",
        operatorEmails="operators@example.com",
    )


def should_make_no_key_when_one_is_named(keyed: Deployment) -> None:
    assert keyed.resources("AWS::KMS::Key") == {}
    assert keyed.pipeline["Outputs"]["KeyArn"]["Value"] == KEY


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("AWS::S3::Bucket", ("BucketEncryption", "ServerSideEncryptionConfiguration")),
        ("AWS::DynamoDB::Table", ("SSESpecification", "KMSMasterKeyId")),
        ("AWS::SQS::Queue", ("KmsMasterKeyId",)),
        ("AWS::SNS::Topic", ("KmsMasterKeyId",)),
        ("AWS::SecretsManager::Secret", ("KmsKeyId",)),
        ("AWS::Logs::LogGroup", ("KmsKeyId",)),
    ],
)
def should_encrypt_everything_with_the_named_key(
    keyed: Deployment, kind: str, path: tuple[str, ...]
) -> None:
    found = keyed.resources(kind)
    assert found
    for name, properties in found.items():
        found_there = properties
        for step in path:
            found_there = found_there[step]
        assert KEY in json.dumps(found_there), name


def should_let_the_functions_use_the_named_key_and_no_other(keyed: Deployment) -> None:
    used = {
        json.dumps(statement["Resource"])
        for policy in keyed.resources("AWS::IAM::Policy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if "kms:" in json.dumps(statement["Action"])
    }
    assert used == {json.dumps(KEY)}


def should_document_every_service_that_the_stacks_own_keys_let_in(aws: Deployment) -> None:
    (fence,) = [each for each in document("docs/account.md").fences if each.label == "keypolicy"]
    documented = dict(_of_services(json.loads(fence.body)))
    shipped = [
        pair
        for key in aws.resources("AWS::KMS::Key").values()
        for pair in _of_services(key["KeyPolicy"])
    ]
    assert shipped
    for service, actions in shipped:
        for action in actions:
            assert any(fnmatchcase(action, each) for each in documented[service]), (service, action)


def _of_services(policy: Any) -> Iterator[tuple[str, list[str]]]:
    """Each service that a policy lets in, the region's name left out, with what it may do."""
    for statement in policy["Statement"]:
        services = statement["Principal"].get("Service", [])
        if isinstance(services, dict):
            services = "".join(
                part if isinstance(part, str) else REFERENCES[part["Ref"]]
                for part in services["Fn::Join"][1]
            )
        actions = statement["Action"]
        for service in [services] if isinstance(services, str) else services:
            yield service, [actions] if isinstance(actions, str) else actions
