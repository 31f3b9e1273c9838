"""Builds the engine out of its settings and the clients of a function."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from pipeline.engines.amazon_ml.api import AmazonMl
from pipeline.engines.amazon_ml.codelist import Codelist
from pipeline.engines.amazon_ml.connecting import connection
from pipeline.engines.amazon_ml.engine import AmazonMlEngine
from pipeline.engines.amazon_ml.exchange import Exchange
from pipeline.engines.amazon_ml.models import Models
from pipeline.engines.settings import AmazonMlSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient


def amazon_ml_engine(
    settings: AmazonMlSettings,
    *,
    s3: "S3Client",
    secrets: "Callable[[], SecretsManagerClient]",
) -> AmazonMlEngine:
    """`secrets` is called where a key has to be read."""
    codelists = settings.codelists
    api = AmazonMl(connection(settings, secrets))
    return AmazonMlEngine(
        api=api,
        models=Models(api, dict(settings.models)),
        exchange=Exchange(s3, settings.exchange_bucket),
        codelist_of=lambda topic: Codelist.read(codelists / f"{topic}.csv"),
        threshold=settings.threshold,
    )
