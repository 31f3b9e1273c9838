"""Queues, topics and log groups, secure by construction."""

from typing import cast

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.keys import storage_removal
from infra.nag import acknowledge
from infra.settings.settings import Settings

# SQS keeps a message for at most 14 days (SQS quotas): the time to see to a dead letter.
DEAD_LETTER_DAYS = 14


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


def work_queue(
    scope: Construct,
    construct_id: str,
    *,
    key: kms.IKey,
    hidden_seconds: int,
    tries: int,
    failed: sqs.IQueue,
) -> sqs.Queue:
    """A queue in front of a function: encrypted, TLS only.

    A message that is being handled is hidden for `hidden_seconds`: at least the function's timeout,
    and six times as long where throttled tries count (Lambda developer guide, "Using Lambda with
    Amazon SQS"). A message is handed out `tries` times before it goes to `failed`.
    """
    return sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.KMS,
        encryption_master_key=key,
        enforce_ssl=True,
        visibility_timeout=Duration.seconds(hidden_seconds),
        retention_period=Duration.days(DEAD_LETTER_DAYS),
        dead_letter_queue=sqs.DeadLetterQueue(queue=failed, max_receive_count=tries),
    )


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
