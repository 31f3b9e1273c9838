"""Queues, topics and log groups, secure by construction."""

from typing import cast

from aws_cdk import Aws, Duration, Fn, Stack
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
VENDED_LOGS = "/aws/vendedlogs/"


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
    return _log_group(scope, construct_id, key=key, settings=settings, name=None)


def state_machine_log_group(
    scope: Construct, construct_id: str, *, key: kms.IKey, settings: Settings, machine: str
) -> logs.LogGroup:
    """A log group as `encrypted_log_group` makes it, for the state machine of this name.

    Step Functions has its logs delivered: for each log group, an entry is written into one policy
    of the account, which takes 5,120 characters; those below /aws/vendedlogs/ share an entry (Step
    Functions developer guide, "Using CloudWatch Logs to log execution history").
    """
    # A retained log group outlives its stack; another stack of the same name gets its own.
    stack_guid = Fn.select(2, Fn.split("/", Aws.STACK_ID))
    begin = Fn.select(0, Fn.split("-", stack_guid))
    name = f"{VENDED_LOGS}states/{Stack.of(scope).stack_name}-{machine}-{begin}"
    return _log_group(scope, construct_id, key=key, settings=settings, name=name)


def _log_group(
    scope: Construct, construct_id: str, *, key: kms.IKey, settings: Settings, name: str | None
) -> logs.LogGroup:
    group = logs.LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        encryption_key=key,
        removal_policy=storage_removal(settings),
    )
    resource = cast(logs.CfnLogGroup, group.node.default_child)
    resource.retention_in_days = settings.log_retention_days
    return group
