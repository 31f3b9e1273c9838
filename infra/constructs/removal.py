"""What outlives a stack."""

from aws_cdk import RemovalPolicy

from infra.settings.settings import Settings


def storage_removal(settings: Settings) -> RemovalPolicy:
    """Whether what holds people's files outlives the stack."""
    return RemovalPolicy.RETAIN if settings.retain_storage else RemovalPolicy.DESTROY
