"""Network: where the functions run that the settings put into a VPC, and their ways to AWS.

A stack of its own, as both others use it. The VPC, its subnets and their ways out are the
account's (docs/account.md says what they must have).
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.settings.settings import Settings

# What the functions call and a VPC has an endpoint for. They use keys through other services, and
# Lambda itself brings their logs and traces away.
GATEWAYS = ("s3", "dynamodb")
INTERFACES = ("secretsmanager", "sqs", "states")
HTTPS = 443
ANYWHERE = "0.0.0.0/0"
LAST_PORT = 65_535


class NetworkStack(Stack):
    """The security group of all functions, and the endpoints that the settings ask for."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, **options: Any
    ) -> None:
        super().__init__(
            scope, construct_id, description="Dropcoder: its functions' ways to AWS", **options
        )
        self.subnet_ids = settings.subnet_ids
        """Where the functions run."""
        functions = ec2.CfnSecurityGroup(
            self,
            "Functions",
            group_description="Functions of Dropcoder: nothing comes in, https goes out",
            vpc_id=settings.vpc_id,
            security_group_egress=[
                ec2.CfnSecurityGroup.EgressProperty(
                    ip_protocol="tcp",
                    from_port=first,
                    to_port=last,
                    cidr_ip=ANYWHERE,
                    description="AWS and the coding service, whose addresses may change",
                )
                for first, last in _ports(settings)
            ],
        )
        self.security_group_id = functions.attr_group_id
        """The security group of all functions."""
        if settings.vpc_endpoints:
            self._add_endpoints(settings)
        CfnOutput(self, "FunctionsSecurityGroupId", value=self.security_group_id)

    def _add_endpoints(self, settings: Settings) -> None:
        for service in GATEWAYS:
            ec2.CfnVPCEndpoint(
                self,
                service.title(),
                vpc_id=settings.vpc_id,
                vpc_endpoint_type="Gateway",
                service_name=f"com.amazonaws.{self.region}.{service}",
                route_table_ids=list(settings.route_table_ids),
            )
        group = ec2.CfnSecurityGroup(
            self,
            "Endpoints",
            group_description="Endpoints of AWS: functions of Dropcoder come in by https",
            vpc_id=settings.vpc_id,
            security_group_ingress=[
                ec2.CfnSecurityGroup.IngressProperty(
                    ip_protocol="tcp",
                    from_port=HTTPS,
                    to_port=HTTPS,
                    source_security_group_id=self.security_group_id,
                    description="Functions of Dropcoder",
                )
            ],
        )
        for service in INTERFACES:
            ec2.CfnVPCEndpoint(
                self,
                service.title(),
                vpc_id=settings.vpc_id,
                vpc_endpoint_type="Interface",
                service_name=f"com.amazonaws.{self.region}.{service}",
                private_dns_enabled=True,
                subnet_ids=list(self.subnet_ids),
                security_group_ids=[group.attr_group_id],
            )


def _ports(settings: Settings) -> Iterable[tuple[int, int]]:
    """Ranges of ports that the settings' addresses have, https's own first."""
    found = {(HTTPS, HTTPS)}
    urls = (settings.service_url, settings.auth_url, settings.amazon_ml_url)
    for port in (
        *(str(urlsplit(url).port or HTTPS) for url in urls),
        *(host.partition(":")[2] or str(HTTPS) for host in settings.presigned_hosts),
    ):
        # A pattern stands for any port that fits it.
        found.add((int(port), int(port)) if port.isdecimal() else (1, LAST_PORT))
    return sorted(found)
