"""Which stacks the settings deploy, and how they are joined."""

from aws_cdk import App, Stack

from infra.account import fit_into_account
from infra.coding_service.amazon_ml_api import AmazonMlApi
from infra.coding_service.stack import CodingServiceStack
from infra.nag import check_rules
from infra.network import NetworkStack
from infra.pipeline.amazon_ml import AWS_OWN, AmazonMlService
from infra.pipeline.stack import PipelineStack
from infra.settings.command_line import target_region
from infra.settings.service_addresses import ServiceAddresses
from infra.settings.settings import Settings, check_names


def add_stacks(app: App) -> None:
    """Adds Pipeline and, where the settings ask for them, CodingService and the network.

    Raises `SettingsError` if a setting in the app's context cannot be used.
    """
    check_names(app.node.get_all_context())
    settings = Settings.from_context(app.node.try_get_context)
    settings.check_pipeline()
    settings.check_region(target_region())
    service = ServiceAddresses.from_settings(settings)
    amazon_ml = AmazonMlService.from_settings(settings)
    network = _network(app, settings)
    if settings.coding_service:
        coding_service = CodingServiceStack(
            app,
            "CodingService",
            stack_name=settings.stack_name("CodingService"),
            settings=settings,
            network=network,
        )
        service = service or coding_service.addresses
        if coding_service.amazon_ml_api is not None:
            amazon_ml = amazon_ml or _amazon_ml_of(coding_service.amazon_ml_api)
    if service is not None:  # check_pipeline has made sure of it
        PipelineStack(
            app,
            "Pipeline",
            stack_name=settings.stack_name("Pipeline"),
            settings=settings,
            service=service,
            amazon_ml_service=amazon_ml or AWS_OWN,
            network=network,
        )
    for stack in app.node.children:
        if isinstance(stack, Stack):
            fit_into_account(stack, settings)
    check_rules(app)


def _network(app: App, settings: Settings) -> NetworkStack | None:
    """Where the functions of both stacks run, if that is a VPC of the account's."""
    if not settings.vpc_id:
        return None
    return NetworkStack(
        app, "Network", stack_name=settings.stack_name("Network"), settings=settings
    )


def _amazon_ml_of(api: AmazonMlApi) -> AmazonMlService:
    return AmazonMlService(
        url=api.url,
        key_secret_arn=api.key_secret_arn,
        role_arn=api.role_arn,
        key_arn=api.key.key_arn,
    )
