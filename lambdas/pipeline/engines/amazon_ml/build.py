"""Builds the engine out of its settings and the clients of a function."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config

from pipeline.aws import aws_busy_as_try_again
from pipeline.engines.amazon_ml.api import AmazonMlClient, MachineLearning
from pipeline.engines.amazon_ml.codelist import read_codelist
from pipeline.engines.amazon_ml.engine import AmazonMlEngine
from pipeline.engines.amazon_ml.models import AmazonMlModels
from pipeline.engines.exchange_bucket import ExchangeBucket
from pipeline.engines.settings import AmazonMlSettings
from pipeline.errors import CredentialsMissing
from shared.received_json import JsonFault, read_object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient


CALLS = Config(
    connect_timeout=5,  # seconds; ours
    read_timeout=10,  # seconds, as every call only looks at a record or writes one; ours
    # Amazon ML refuses calls that come too quickly: each function then slows down by itself.
    retries={"mode": "adaptive", "total_max_attempts": 5},
)


def connection(
    settings: AmazonMlSettings, secrets: "Callable[[], SecretsManagerClient]"
) -> Callable[[], MachineLearning]:
    """A maker of clients; it raises `CredentialsMissing` and `AwsBusy` where it has no key."""

    def connect() -> MachineLearning:
        options: dict[str, Any] = {"config": CALLS}
        if settings.url is not None:
            options["endpoint_url"] = settings.url
        if settings.key_secret_arn is not None:
            options |= _key(secrets(), settings.key_secret_arn)
        return cast(MachineLearning, boto3.client("machinelearning", **options))

    return connect


def _key(secrets: "SecretsManagerClient", arn: str) -> dict[str, str]:
    """The access key in a secret, under boto3's names."""
    with aws_busy_as_try_again():
        text = secrets.get_secret_value(SecretId=arn)["SecretString"]
    try:
        read = read_object(text)
        key = {
            "aws_access_key_id": read["accessKeyId"],
            "aws_secret_access_key": read["secretAccessKey"],
        }
    except (JsonFault, KeyError):
        key = {}
    # They stand in a header.
    if not key or not all(
        isinstance(value, str) and value and value.isascii() and value.isprintable()
        for value in key.values()
    ):
        raise CredentialsMissing(
            f"the secret {arn} has no access key of Amazon ML; fill it with "
            '{"accessKeyId": "…", "secretAccessKey": "…"}'
        )
    return key


def amazon_ml_engine(
    settings: AmazonMlSettings,
    *,
    s3: "S3Client",
    secrets: "Callable[[], SecretsManagerClient]",
) -> AmazonMlEngine:
    """The engine with these settings. `secrets` is called where a key has to be read."""
    codelists = settings.codelists
    api = AmazonMlClient(connection(settings, secrets))
    return AmazonMlEngine(
        api=api,
        models=AmazonMlModels(api, dict(settings.models)),
        exchange=ExchangeBucket(s3, settings.exchange_bucket),
        codelist_of=lambda topic: read_codelist(codelists / f"{topic}.csv"),
        threshold=settings.threshold,
    )
