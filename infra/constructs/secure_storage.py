"""Buckets and tables, secure by construction."""

from collections.abc import Sequence
from typing import cast

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.keys import storage_removal
from infra.nag import acknowledge
from infra.settings.settings import Settings

# A multipart upload that is older than the longest execution (14 days) is nobody's.
ABANDONED_UPLOAD_DAYS = 15
# How long what was overwritten or deleted can be brought back; ours.
UNDO_DAYS = 30


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

    With `tells_event_bus` it sends its events to EventBridge; `lifecycle_rules` come beside the one
    that ends abandoned multipart uploads.
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


def retention_rules(what: str, days: int, below: Sequence[str] = ("",)) -> list[s3.LifecycleRule]:
    """Lifecycle rules that leave nothing of a bucket's objects after a time; none for 0 days.

    They hold for keys with one of the prefixes `below`: S3 knows no rule for all but one prefix,
    and of several rules for an object the shortest time counts (user guide, "Lifecycle conflicts").

    Objects end `days` after they were written. In a bucket with versions that puts a marker in
    front of them, so versions end too, and the markers once nothing is behind them. `what` names
    the objects in the rules' ids: `Drops`.
    """
    if not days:
        return []
    return [
        *(
            s3.LifecycleRule(
                id=f"Forget{what}{prefix}",
                prefix=prefix or None,
                expiration=Duration.days(days),
                noncurrent_version_expiration=Duration.days(min(days, UNDO_DAYS)),
            )
            for prefix in below
        ),
        # S3 takes it in no rule that has days as well (Amazon S3 API, LifecycleExpiration).
        s3.LifecycleRule(id=f"ForgetMarkersOf{what}", expired_object_delete_marker=True),
    ]


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

    It can't be deleted where the settings keep storage.

    `partition_key` names a string attribute, `sort_key` another or none; `expires_at` names the
    attribute with the item's end in epoch seconds.
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
        deletion_protection=settings.retain_storage,
    )


def _text_attribute(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
