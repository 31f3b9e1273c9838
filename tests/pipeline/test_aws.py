"""How AWS is called."""

import boto3
import pytest

from pipeline.aws import S3
from tests.support.regions import regions_of_s3


@pytest.mark.parametrize(("_partition", "region", "suffix"), regions_of_s3())
def should_call_s3_in_its_region_in_every_region(_partition: str, region: str, suffix: str) -> None:
    s3 = boto3.client("s3", region_name=region, config=S3)
    assert s3.meta.endpoint_url == f"https://s3.{region}.{suffix}"
