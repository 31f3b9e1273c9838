"""The customer-managed key of a stack, and its use through services."""

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.constructs.service_principals import any_alarm, any_rule, service_for
from infra.settings.settings import Settings

READ_ACTIONS = ("kms:Decrypt",)
WRITE_ACTIONS = ("kms:GenerateDataKey",)
# DynamoDB's developer guide, "Authorizing use of your customer managed key", has kms:Encrypt and
# kms:ReEncrypt* for who makes the table; who uses its items is seen to call Decrypt alone
# ("Monitoring DynamoDB interaction with AWS KMS").
TABLE_ACTIONS = ("kms:DescribeKey",)


def stack_key(scope: Construct, construct_id: str, *, settings: Settings, purpose: str) -> kms.IKey:
    """The customer-managed key of a stack, rotated each year; or the one that the settings name.

    `purpose` says what it encrypts, for whoever reads the list of keys. The policy of a key that
    the settings name is its owner's: what is added to it here is left out (docs/account.md).
    """
    if settings.kms_key_arn:
        return kms.Key.from_key_arn(scope, construct_id, settings.kms_key_arn)
    stack = Stack.of(scope)
    key = kms.Key(
        scope,
        construct_id,
        description=purpose,
        enable_key_rotation=True,
        removal_policy=storage_removal(settings),
    )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="LogGroupsOfThisAccount",
            principals=[iam.ServicePrincipal(f"logs.{stack.region}.{stack.url_suffix}")],
            actions=[
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:Describe*",
            ],
            resources=["*"],
            conditions={
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": stack.format_arn(
                        service="logs", resource="*"
                    )
                }
            },
        )
    )
    # Any rule and alarm of the account: those that are meant name, in turn, what the key encrypts.
    # Which they are, the policies of the queues and topics say.
    for sid, service, arn in (
        ("RulesOfThisAccount", "events.amazonaws.com", any_rule(scope)),
        ("AlarmsOfThisAccount", "cloudwatch.amazonaws.com", any_alarm(scope)),
    ):
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                principals=[service_for(scope, service, arn=arn)],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
            )
        )
    return key


def use_key(
    key: kms.IKey, *, via: str, scope: Construct, read: bool = False, write: bool = False
) -> iam.PolicyStatement:
    """Use of a key through one service only, never by calling KMS itself.

    `via` is the service's name in its host name: `s3`, `dynamodb`, `secretsmanager` …; `read` is to
    decrypt, `write` to encrypt.
    """
    actions = [
        *(READ_ACTIONS if read else ()),
        *(WRITE_ACTIONS if write else ()),
        *(TABLE_ACTIONS if via == "dynamodb" else ()),
    ]
    return iam.PolicyStatement(
        actions=actions,
        resources=[key.key_arn],
        conditions={"StringEquals": {"kms:ViaService": via_service(via, scope)}},
    )


def via_service(service: str, scope: Construct) -> list[str]:
    """The values of `kms:ViaService` for a service in the stack's region.

    KMS's guide has them end in `amazonaws.com`, and does not say what they are in partitions whose
    hosts end otherwise; both forms are names that AWS alone gives.
    """
    stack = Stack.of(scope)
    return [f"{service}.{stack.region}.{end}" for end in ("amazonaws.com", stack.url_suffix)]


def storage_removal(settings: Settings) -> RemovalPolicy:
    """Whether what holds people's files outlives the stack."""
    return RemovalPolicy.RETAIN if settings.retain_storage else RemovalPolicy.DESTROY
