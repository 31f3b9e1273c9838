"""The hosts that Pipeline may call are those of the URLs that CodingService signs."""

from collections.abc import Mapping
from typing import Any

import boto3
import pytest

from coding_service.api.presigned_urls import Presigner
from coding_service.aws import configuration
from pipeline.engines.coding_service.presigned import PresignedHosts
from pipeline.errors import AddressRefused
from tests.infra.conftest import Deployment
from tests.support.regions import regions_of_s3


class Resolved:
    """What CloudFormation makes of values of the templates in a region."""

    def __init__(self, deployment: Deployment, region: str, suffix: str) -> None:
        self._exports = {
            each["Export"]["Name"]: each["Value"]
            for each in deployment.coding_service["Outputs"].values()
            if "Export" in each
        }
        self._pseudo = {"AWS::Region": region, "AWS::URLSuffix": suffix}

    def text(self, value: Any) -> str:
        """A generated name is lower-cased, as S3 makes those of buckets."""
        match value:
            case str():
                return value
            case {"Fn::Join": [between, parts]}:
                return str(between).join(map(self.text, parts))
            case {"Fn::ImportValue": name}:
                return self.text(self._exports[name])
            case {"Ref": name}:
                return self._pseudo.get(name) or f"codingservice-{name.lower()}"[:63]
        raise AssertionError(f"not resolved: {value}")


def variables(deployment: Deployment, handler: str) -> Mapping[str, Any]:
    (function,) = (
        each
        for each in deployment.resources("AWS::Lambda::Function").values()
        if each["Handler"] == handler
    )
    found: Mapping[str, Any] = function["Environment"]["Variables"]
    return found


@pytest.mark.parametrize(("partition", "region", "suffix"), regions_of_s3())
def should_let_in_the_two_buckets_and_no_others_in_every_region(
    partition: str, region: str, suffix: str, aws: Deployment
) -> None:
    resolved = Resolved(aws, region, suffix)
    service = variables(aws, "coding_service.api.handler.handler")
    hosts = PresignedHosts(
        tuple(
            resolved.text(
                variables(aws, "pipeline.submit.handler.handler")["PRESIGNED_HOSTS"]
            ).split(",")
        )
    )
    s3 = boto3.client(
        "s3",
        region_name=region,
        aws_access_key_id="id",
        aws_secret_access_key="secret",
        config=configuration(service["S3_ADDRESSING_STYLE"]),
    )
    inputs, outputs = (resolved.text(service[name]) for name in ("INPUT_BUCKET", "OUTPUT_BUCKET"))
    signer = Presigner(s3, inputs, outputs, f"arn:{partition}:kms:{region}:1:key/k")
    for url in (
        signer.upload_url("id", seconds=60),
        signer.output_url("id"),
        signer.metadata_url("id"),
    ):
        assert hosts.check(url) == url
    assert len(hosts.patterns) == 2
    assert not any("*" in pattern for pattern in hosts.patterns)
    other = Presigner(s3, f"x{inputs}"[:63], f"{outputs}x"[-63:], "arn")
    for url in (other.upload_url("id", seconds=60), other.output_url("id")):
        with pytest.raises(AddressRefused):
            hosts.check(url)
