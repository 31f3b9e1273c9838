"""What an account asks of everything in a stack, whatever it is: by the settings, for all alike."""

from aws_cdk import Stack, Tags
from aws_cdk import aws_iam as iam

from infra.settings.account_readers import DEPLOYMENT_TAG
from infra.settings.settings import Settings


def fit_into_account(stack: Stack, settings: Settings) -> None:
    """Gives everything in a stack the deployment's name and the settings' tags, and every role the
    boundary that the settings name; protects the stack from being deleted by mistake.

    CloudFormation hands a stack's own tags on to what it makes; they stand beside each resource
    too, so that the template shows them.
    """
    for key, value in {**settings.tags, DEPLOYMENT_TAG: settings.deployment}.items():
        Tags.of(stack).add(key, value)
        stack.tags.set_tag(key, value)
    # What outlives its stack is meant to be kept, and so is the stack that uses it.
    stack.termination_protection = settings.retain_storage
    if settings.permissions_boundary:
        boundary = iam.ManagedPolicy.from_managed_policy_arn(
            stack, "PermissionsBoundary", settings.permissions_boundary
        )
        iam.PermissionsBoundary.of(stack).apply(boundary)
