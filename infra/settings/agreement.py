"""What settings must agree on among themselves: no one of them shows it alone."""

from typing import TYPE_CHECKING

from infra.settings.readers import QUEUE_CONCURRENCY, check_url
from infra.settings.types import SettingsError

if TYPE_CHECKING:
    from infra.settings.settings import Settings


def check_together(settings: "Settings") -> None:
    """Checks all of it, before anything is made.

    Raises `SettingsError` if the settings contradict each other.
    """
    for name, url in (
        ("serviceUrl", settings.service_url),
        ("authUrl", settings.auth_url),
        ("localCloud", settings.local_cloud),
        ("amazonMlUrl", settings.amazon_ml_url),
    ):
        check_url(name, url, plain_http=settings.allow_plain_http)
    if settings.allow_plain_http and not settings.local_cloud:
        raise SettingsError(
            "allowPlainHttp",
            "is true, and this is no local cloud",
            "give https addresses: what is sent are people's texts and a client's secret",
        )
    if bool(settings.service_url) != bool(settings.auth_url):
        missing = "authUrl" if settings.service_url else "serviceUrl"
        raise SettingsError(missing, "is empty", "set serviceUrl and authUrl together")
    if settings.service_url and not settings.presigned_hosts and _has_presigned_urls(settings):
        raise SettingsError(
            "presignedHosts",
            "is empty",
            "name the hosts that the service's presigned URLs point to, for example"
            ' ["inputs.s3.ap-southeast-2.amazonaws.com"]',
        )
    _check_reserved_concurrency(settings)
    _check_network(settings)
    if settings.poll_first_seconds > settings.poll_ceiling_seconds:
        raise SettingsError(
            "pollFirstSeconds",
            f"({settings.poll_first_seconds}) is above pollCeilingSeconds"
            f" ({settings.poll_ceiling_seconds})",
            "make the first wait the shorter one",
        )


def _has_presigned_urls(settings: "Settings") -> bool:
    """Whether a topic that the settings name is coded in files; where they name none, any may be.

    Small batches have no files behind URLs."""
    in_small_batches = settings.topics_of("coding-service-small")
    named = {*settings.topics_of("coding-service"), settings.default_topic}
    return not in_small_batches or bool(named - {"", *in_small_batches})


def _check_reserved_concurrency(settings: "Settings") -> None:
    """A queue that hands out more at a time than its function may take would throw the rest
    away: what is held back counts as a try."""
    for function, least in (
        ("prepare", settings.prepare_concurrency),
        ("receive", QUEUE_CONCURRENCY[0]),
    ):
        reserved = settings.reserved_concurrency.get(function, least)
        if reserved < least:
            raise SettingsError(
                "reservedConcurrency",
                f"keeps {reserved} for {function}, whose queue hands out {least} at a time",
                f"keep {least} or more"
                + (", or lower prepareConcurrency" if function == "prepare" else ""),
            )


def _check_network(settings: "Settings") -> None:
    if not settings.vpc_id:
        if settings.subnet_ids or settings.route_table_ids:
            raise SettingsError("vpcId", "is empty", "name the VPC of the subnets and route tables")
        return
    if settings.local_cloud:
        raise SettingsError("vpcId", "is set, and the local cloud has no VPC", "leave it empty")
    if not settings.subnet_ids:
        raise SettingsError("subnetIds", "is empty", "list the VPC's subnets for the functions")
    if settings.vpc_endpoints and not settings.route_table_ids:
        raise SettingsError(
            "routeTableIds",
            "is empty, so S3 and DynamoDB could not be reached",
            "list the subnets' route tables, or set vpcEndpoints=false if the VPC has endpoints",
        )
