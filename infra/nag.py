"""The rule pack that every synth is checked against."""

from typing import cast

from aws_cdk import Acknowledgment, App, CfnElement, Stack, Validations
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct


def check_rules(app: App) -> None:
    """Makes synth fail on each finding of AwsSolutions that no reason stands beside."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))


# X-Ray and log deliveries know no resources of their own; their actions take "*" alone
# (Service Authorization Reference, "AWS X-Ray" and "Amazon CloudWatch Logs").
WILDCARD = "AwsSolutions-IAM5[Resource::*]"


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Accepts a finding for a construct and what is in it.

    `rule` is the finding's id in full, for example `AwsSolutions-S1`; `reason` says why it is meant
    to be so, and is read by whoever audits the templates.
    """
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))


def acknowledge_keys(bucket: s3.Bucket, reason: str, *patterns: str) -> None:
    """Accepts, in the bucket's stack, grants of named actions on keys of the bucket.

    `patterns` are those that statements name, for example `*/model.json`; without any, it is `*`.
    """
    stack = Stack.of(bucket)
    logical_id = stack.get_logical_id(cast(CfnElement, bucket.node.default_child))
    for pattern in patterns or ("*",):
        acknowledge(stack, f"AwsSolutions-IAM5[Resource::<{logical_id}.Arn>/{pattern}]", reason)
