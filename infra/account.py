"""What an account asks of everything in a stack, whatever it is: by the settings, for all alike."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from infra.settings.settings import Settings


def fit_into_account(stack: Stack, settings: Settings) -> None:
    """Gives every role of a stack the boundary that the settings name."""
    if settings.permissions_boundary:
        boundary = iam.ManagedPolicy.from_managed_policy_arn(
            stack, "PermissionsBoundary", settings.permissions_boundary
        )
        iam.PermissionsBoundary.of(stack).apply(boundary)
