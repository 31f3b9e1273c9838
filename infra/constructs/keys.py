"""The customer-managed key of a stack, and its use through services."""

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.settings.settings import Settings

# Services that write to what the stacks encrypt, each on nobody's behalf but its own.
KEY_USERS = ("events.amazonaws.com", "cloudwatch.amazonaws.com")
READ_ACTIONS = ("kms:Decrypt", "kms:DescribeKey")
WRITE_ACTIONS = ("kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo")


def stack_key(scope: Construct, construct_id: str, *, settings: Settings, purpose: str) -> kms.Key:
    """The customer-managed key of a stack, rotated each year.

    `purpose` says what it encrypts, for whoever reads the list of keys.
    """
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
            principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
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
    key.add_to_resource_policy(
        iam.PolicyStatement(
            # Without a condition on the caller's account, as AWS's own examples have it: a key
            # that refuses loses an alarm or a dead letter without a sound. Whose rule or alarm
            # it may be is said by the policies of the queues and topics.
            sid="RulesAndAlarms",
            principals=[iam.ServicePrincipal(service) for service in KEY_USERS],
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
    actions = [*(READ_ACTIONS if read else ()), *(WRITE_ACTIONS if write else ())]
    return iam.PolicyStatement(
        actions=actions,
        resources=[key.key_arn],
        conditions={
            "StringEquals": {"kms:ViaService": f"{via}.{Stack.of(scope).region}.amazonaws.com"}
        },
    )


def storage_removal(settings: Settings) -> RemovalPolicy:
    """Whether what holds people's files outlives the stack."""
    return RemovalPolicy.RETAIN if settings.retain_storage else RemovalPolicy.DESTROY
