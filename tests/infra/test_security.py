"""Properties that every resource of both stacks has, on AWS and in the local cloud."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.infra.conftest import Deployment, Template

# Actions that take no resource but "*" (Service Authorization Reference), each for its reason.
WITHOUT_RESOURCES = ("xray:", "logs:")

# What each function does with keys, by the service that it does it through. The local cloud does
# not ask KMS, so nothing but this shows a statement that is wanting.
BOTH = frozenset({"kms:Decrypt", "kms:GenerateDataKey"})
READ = frozenset({"kms:Decrypt"})
TABLE, SECRETS, EVENTS = {"dynamodb": BOTH}, {"secretsmanager": BOTH}, {"sqs": BOTH}
KEY_USE: Mapping[str, Mapping[str, frozenset[str]]] = {
    # It puts back what it has not finished, and sends drops on.
    "pipeline.prepare.handler": {**TABLE, **SECRETS, **EVENTS, "s3": BOTH},
    # It takes from its queue; only dead letters are sent to one.
    "pipeline.receive.handler": {**TABLE, "s3": BOTH, "sqs": READ},
    "pipeline.submit.handler": {**TABLE, **SECRETS, "s3": BOTH},
    "pipeline.check.handler": {**TABLE, **SECRETS},
    # Joining the parts of an upload decrypts them, and so does copying.
    "pipeline.collect.handler": {**TABLE, **SECRETS, "s3": BOTH},
    "pipeline.finish.handler": {**TABLE, "s3": BOTH},
    "pipeline.report_failure.handler": EVENTS,
    "coding_service.authorizer.handler": {},
    # A presigned URL can do what its signer may.
    "coding_service.api.handler": {**TABLE, "s3": BOTH},
    "coding_service.api.code_handler": {**TABLE, "s3": READ},
    "coding_service.inference.start_handler": EVENTS,
    "coding_service.inference.code_handler": {**TABLE, "s3": BOTH},
    "coding_service.inference.lifecycle_handler": {**TABLE, "s3": BOTH},
    # Links to a log are presigned; the secrets are its clients' access keys.
    "coding_service.amazon_ml.api.handler": {**TABLE, "s3": READ, "secretsmanager": READ},
    "coding_service.amazon_ml.work.handler": {**TABLE, "s3": BOTH},
}


def is_key(value: object) -> bool:
    """A reference to a KMS key of the template."""
    return "Key" in json.dumps(value) and isinstance(value, dict)


def statements(deployment: Deployment) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every statement of every role's policies."""
    for name, policy in deployment.resources("AWS::IAM::Policy").items():
        for statement in policy["PolicyDocument"]["Statement"]:
            yield name, statement
    for name, role in deployment.resources("AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def should_encrypt_everything_with_a_customer_managed_key(either: Deployment) -> None:
    for name, bucket in either.resources("AWS::S3::Bucket").items():
        rule = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
        default = rule["ServerSideEncryptionByDefault"]
        assert default["SSEAlgorithm"] == "aws:kms", name
        assert is_key(default["KMSMasterKeyID"]), name
    for kind, property_name in (
        ("AWS::SQS::Queue", "KmsMasterKeyId"),
        ("AWS::SNS::Topic", "KmsMasterKeyId"),
        ("AWS::SecretsManager::Secret", "KmsKeyId"),
        ("AWS::Logs::LogGroup", "KmsKeyId"),
    ):
        found = either.resources(kind)
        assert found, kind
        for name, properties in found.items():
            assert is_key(properties[property_name]), name
    for name, table in either.resources("AWS::DynamoDB::Table").items():
        assert table["SSESpecification"]["SSEType"] == "KMS", name
        assert is_key(table["SSESpecification"]["KMSMasterKeyId"]), name


def should_rotate_every_key(either: Deployment) -> None:
    keys = either.resources("AWS::KMS::Key")
    assert len(keys) == 2
    assert all(key["EnableKeyRotation"] for key in keys.values())


@pytest.mark.parametrize(
    ("kind", "policy_kind", "points_to"),
    [
        ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", lambda policy: [policy["Bucket"]]),
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", lambda policy: policy["Queues"]),
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", lambda policy: policy["Topics"]),
    ],
)
def should_deny_plain_http(either: Deployment, kind: str, policy_kind: str, points_to: Any) -> None:
    denied = set()
    for name, policy in either.resources(policy_kind).items():
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Deny" and statement["Condition"] == {
                "Bool": {"aws:SecureTransport": "false"}
            }:
                stack = name.split("/")[0]
                denied |= {f"{stack}/{target['Ref']}" for target in points_to(policy)}
    assert denied == set(either.resources(kind))


def should_keep_every_bucket_private_and_its_own(either: Deployment) -> None:
    for name, bucket in either.resources("AWS::S3::Bucket").items():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, name
        rules = bucket["OwnershipControls"]["Rules"]
        assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}], name


def should_end_abandoned_uploads_in_every_bucket(either: Deployment) -> None:
    for name, bucket in either.resources("AWS::S3::Bucket").items():
        rules = bucket["LifecycleConfiguration"]["Rules"]
        assert any("AbortIncompleteMultipartUpload" in rule for rule in rules), name


def should_recover_tables_to_a_point_in_time(either: Deployment) -> None:
    for name, table in either.resources("AWS::DynamoDB::Table").items():
        recovery = table["PointInTimeRecoverySpecification"]
        assert recovery["PointInTimeRecoveryEnabled"] is True, name
        assert table["BillingMode"] == "PAY_PER_REQUEST", name
        assert table["TimeToLiveSpecification"]["Enabled"] is True, name


def should_log_state_machines_where_deliveries_share_an_entry_of_the_accounts_policy(
    either: Deployment,
) -> None:
    groups = either.resources("AWS::Logs::LogGroup")
    names = []
    for machine, properties in either.resources("AWS::StepFunctions::StateMachine").items():
        (to,) = properties["LoggingConfiguration"]["Destinations"]
        group = to["CloudWatchLogsLogGroup"]["LogGroupArn"]["Fn::GetAtt"][0]
        names.append(json.dumps(groups[f"{machine.split('/')[0]}/{group}"]["LogGroupName"]))
    assert len(set(names)) == len(names) == 3
    for name in names:
        assert name.startswith('{"Fn::Join": ["", ["/aws/vendedlogs/states/'), name
        assert "AWS::StackId" in name  # a log group that is kept is in no later stack's way


def should_grant_no_action_by_wildcard(either: Deployment) -> None:
    for name, statement in statements(either):
        for action in as_list(statement["Action"]):
            assert "*" not in action, (name, action)


def should_grant_on_any_resource_only_what_takes_no_resource(aws: Deployment) -> None:
    for name, action in _granted_on_any(aws):
        assert action.startswith(WITHOUT_RESOURCES), (name, action)


def should_grant_on_any_resource_what_the_local_cloud_asks_of_none_there_alone(
    local: Deployment,
) -> None:
    for name, action in _granted_on_any(local):
        assert action.startswith((*WITHOUT_RESOURCES, "states:ListExecutions")), (name, action)


def _granted_on_any(deployment: Deployment) -> list[tuple[str, str]]:
    return [
        (name, action)
        for name, statement in statements(deployment)
        if "*" in as_list(statement["Resource"])
        for action in as_list(statement["Action"])
    ]


def should_use_keys_through_their_services_only(aws: Deployment) -> None:
    for name, statement in statements(aws):
        if any(action.startswith("kms:") for action in as_list(statement["Action"])):
            assert "kms:ViaService" in json.dumps(statement["Condition"]), name


def should_let_no_role_encrypt_or_re_encrypt_by_a_key(aws: Deployment) -> None:
    for name, statement in statements(aws):
        for action in as_list(statement["Action"]):
            assert not action.startswith(("kms:Encrypt", "kms:ReEncrypt", "kms:*")), name
            if action == "kms:DescribeKey":
                via = json.dumps(statement["Condition"]["StringEquals"]["kms:ViaService"])
                assert '"dynamodb.' in via, name


def should_let_each_function_use_keys_for_what_it_reads_and_writes(aws: Deployment) -> None:
    found: dict[str, dict[str, set[str]]] = {}
    for name, function in aws.resources("AWS::Lambda::Function").items():
        module, stack = function["Handler"].removesuffix(".handler"), name.partition("/")[0]
        found[module] = key_use(aws, stack, function["Role"]["Fn::GetAtt"][0])
    assert found == KEY_USE


def key_use(deployment: Deployment, stack: str, role: str) -> dict[str, set[str]]:
    """The actions of `BOTH` that a role may do, by service."""
    used: dict[str, set[str]] = {}
    for policy in deployment.resources("AWS::IAM::Policy", stack).values():
        if {"Ref": role} not in policy["Roles"]:
            continue
        for statement in policy["PolicyDocument"]["Statement"]:
            if actions := BOTH & set(as_list(statement["Action"])):
                via = json.dumps(statement["Condition"]["StringEquals"]["kms:ViaService"])
                service = next(
                    name
                    for name in ("dynamodb", "secretsmanager", "s3", "sqs")
                    if f'"{name}.' in via
                )
                used.setdefault(service, set()).update(actions)
    return used


def should_keep_what_people_store_when_the_settings_say_so(
    aws: Deployment, local: Deployment
) -> None:
    def policies(templates: Mapping[str, Template]) -> set[str]:
        kept = ("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SecretsManager::Secret")
        return {
            resource["DeletionPolicy"]
            for template in templates.values()
            for resource in template["Resources"].values()
            if resource["Type"] in kept
        }

    assert policies(aws.templates) == {"Retain"}
    assert policies(local.templates) == {"Delete"}


def should_fail_the_synth_when_a_finding_has_no_reason(tmp_path: Path) -> None:
    from aws_cdk import App, Stack  # noqa: PLC0415
    from aws_cdk import aws_s3 as s3  # noqa: PLC0415

    from infra.nag import check_rules  # noqa: PLC0415

    app = App(outdir=str(tmp_path))
    s3.Bucket(Stack(app, "Careless"), "Public")
    check_rules(app)
    with pytest.raises(RuntimeError, match="AwsSolutions-S10"):
        app.synth()
