"""AWS's services as principals, let in for one account and for named resources of it.

A service acts for everybody. Without conditions, another account's rule, alarm or state machine
would be let in as well as this one's (IAM user guide, "The confused deputy problem").
"""

from collections.abc import Mapping
from typing import Any

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct


def service_for(scope: Construct, service: str, *, arn: str) -> iam.ServicePrincipal:
    """A service, when it acts for this account and for the resource `arn`.

    `service` is as in `events.amazonaws.com`; `arn` may have `*` in its last part, for where the
    resource can't be named (it names in turn what the principal is let in to).
    """
    return iam.ServicePrincipal(service, conditions=acting_for(scope, arn=arn))


def acting_for(scope: Construct, *, arn: str) -> Mapping[str, Any]:
    """The conditions of `service_for`."""
    return {
        "StringEquals": {"aws:SourceAccount": Stack.of(scope).account},
        "ArnLike": {"aws:SourceArn": arn},
    }


def any_rule(scope: Construct) -> str:
    """The ARN of each EventBridge rule of the account and region."""
    return _any(scope, "events", "rule", ArnFormat.SLASH_RESOURCE_NAME)


def any_alarm(scope: Construct) -> str:
    """The ARN of each CloudWatch alarm of the account and region."""
    return _any(scope, "cloudwatch", "alarm", ArnFormat.COLON_RESOURCE_NAME)


def any_state_machine(scope: Construct) -> str:
    """The ARN of each state machine of the account and region."""
    return _any(scope, "states", "stateMachine", ArnFormat.COLON_RESOURCE_NAME)


def _any(scope: Construct, service: str, resource: str, form: ArnFormat) -> str:
    return Stack.of(scope).format_arn(
        service=service, resource=resource, resource_name="*", arn_format=form
    )
