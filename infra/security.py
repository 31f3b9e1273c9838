"""What both stacks build secure by construction: a key, buckets, queues, log groups, topics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.acknowledgements import acknowledge
from infra.settings import Settings

# SQS keeps a message for at most 14 days (SQS quotas): the time to see to a dead letter.
DEAD_LETTER_DAYS = 14
# A multipart upload that is older than the longest execution (14 days) is nobody's.
ABANDONED_UPLOAD_DAYS = 15
# Services that write to what the stacks encrypt, each on nobody's behalf but its own.
KEY_USERS = ("events.amazonaws.com", "cloudwatch.amazonaws.com")
READ_ACTIONS = ("kms:Decrypt", "kms:DescribeKey")
WRITE_ACTIONS = ("kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo")


def storage_removal(settings: Settings) -> RemovalPolicy:
    """Whether what holds people's files outlives the stack."""
    return RemovalPolicy.RETAIN if settings.retain_storage else RemovalPolicy.DESTROY


def stack_key(scope: Construct, construct_id: str, *, settings: Settings, purpose: str) -> kms.Key:
    """The customer-managed key of a stack, rotated each year.

    :param purpose: what it encrypts, for whoever reads the list of keys.
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
            sid="RulesAndAlarmsOfThisAccount",
            principals=[iam.ServicePrincipal(service) for service in KEY_USERS],
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=["*"],
            conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
        )
    )
    return key


def use_key(
    key: kms.IKey, *, via: str, scope: Construct, read: bool = False, write: bool = False
) -> iam.PolicyStatement:
    """Use of a key through one service only, never by calling KMS itself.

    :param via: the service's name in its host name: `s3`, `dynamodb`, `secretsmanager` …
    :param read: to decrypt. :param write: to encrypt.
    """
    actions = [*(READ_ACTIONS if read else ()), *(WRITE_ACTIONS if write else ())]
    return iam.PolicyStatement(
        actions=actions,
        resources=[key.key_arn],
        conditions={
            "StringEquals": {"kms:ViaService": f"{via}.{Stack.of(scope).region}.amazonaws.com"}
        },
    )


def secure_bucket(
    scope: Construct,
    construct_id: str,
    *,
    key: kms.IKey,
    settings: Settings,
    versioned: bool,
    tells_event_bus: bool,
    lifecycle_rules: Sequence[s3.LifecycleRule] = (),
) -> s3.Bucket:
    """A private bucket: customer-managed key, TLS only, owner's objects, no public access.

    :param tells_event_bus: sends its events to EventBridge.
    :param lifecycle_rules: beside the one that ends abandoned multipart uploads.
    """
    bucket = s3.Bucket(
        scope,
        construct_id,
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        bucket_key_enabled=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        versioned=versioned,
        removal_policy=storage_removal(settings),
        lifecycle_rules=[
            s3.LifecycleRule(
                id="EndAbandonedUploads",
                abort_incomplete_multipart_upload_after=Duration.days(ABANDONED_UPLOAD_DAYS),
            ),
            *lifecycle_rules,
        ],
    )
    if tells_event_bus:
        # Bucket(event_bridge_enabled=True) would bring a custom resource and its function.
        resource = cast(s3.CfnBucket, bucket.node.default_child)
        resource.add_property_override(
            "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled", True
        )
    acknowledge(
        bucket,
        "AwsSolutions-S1",
        "Server access logs are best effort, take no customer-managed key, and would be a second"
        " copy of file names; CloudTrail data events say who reads, where an account wants it.",
    )
    return bucket


def secure_table(
    scope: Construct,
    construct_id: str,
    *,
    key: kms.IKey,
    settings: Settings,
    partition_key: str,
    expires_at: str,
    sort_key: str | None = None,
) -> dynamodb.Table:
    """An on-demand table: customer-managed key, point-in-time recovery, time to live.

    :param partition_key: name of a string attribute. :param sort_key: another, or none.
    :param expires_at: name of the attribute with the item's end in epoch seconds.
    """
    return dynamodb.Table(
        scope,
        construct_id,
        partition_key=_text_attribute(partition_key),
        sort_key=_text_attribute(sort_key) if sort_key else None,
        time_to_live_attribute=expires_at,
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
        encryption_key=key,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        removal_policy=storage_removal(settings),
    )


def _text_attribute(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def dead_letters(scope: Construct, construct_id: str, *, key: kms.IKey) -> sqs.Queue:
    """A queue for what could not be delivered or handled: encrypted, TLS only, 14 days."""
    queue = sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.KMS,
        encryption_master_key=key,
        enforce_ssl=True,
        retention_period=Duration.days(DEAD_LETTER_DAYS),
    )
    acknowledge(queue, "AwsSolutions-SQS3", "This queue is itself where dead letters go.")
    return queue


def secure_topic(
    scope: Construct, construct_id: str, *, key: kms.IKey, display_name: str
) -> sns.Topic:
    """An SNS topic: customer-managed key, TLS only."""
    return sns.Topic(
        scope, construct_id, master_key=key, enforce_ssl=True, display_name=display_name
    )


def encrypted_log_group(
    scope: Construct, construct_id: str, *, key: kms.IKey, settings: Settings
) -> logs.LogGroup:
    """A log group with the stack's key and the settings' retention."""
    group = logs.LogGroup(
        scope, construct_id, encryption_key=key, removal_policy=storage_removal(settings)
    )
    resource = cast(logs.CfnLogGroup, group.node.default_child)
    resource.retention_in_days = settings.log_retention_days
    return group
