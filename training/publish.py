"""Gives a trained model to a deployed service, by way of its bucket of models."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError

from coding_service.coder.errors import ModelError
from coding_service.coder.model_card import CARD, ModelCard
from coding_service.coder.model_files import read_model
from coding_service.errors import AwsBusy
from coding_service.models.bucket import (
    ModelsBucket,
    PublishedModel,
    check_card,
    digest_of,
    key_of,
    metadata_name,
)
from shared.aws_errors import code_of
from training.errors import PublishError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

MOST_BYTES = 500_000_000  # a function unpacks it in its /tmp of 512 MB (Lambda's default)
ATTEMPTS = 5
NAME_THE_BUCKET = "Name the one in the CodingService stack's output ModelsBucketName"
DENIED = frozenset({"AccessDenied", "AllAccessDisabled", "403"})
BAD_CREDENTIALS = frozenset(
    {"ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch"}
)
TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


@dataclass(frozen=True, slots=True)
class Publication:
    """A model that lies in the bucket of published models."""

    card: ModelCard
    bucket: str
    was_there: bool
    """Whether the same model had been published before."""

    def report(self) -> str:
        """For who typed the command."""
        card = self.card
        model = f"{card.topic} version {card.model_version}, model {card.model_id}"
        if self.was_there:
            return f"{model}: is in {self.bucket} already\n"
        return (
            f"{model}: published to {self.bucket}\n"
            "Within a minute the service codes with it:\n"
            f"  as the topic's latest    POST /v1/topics/{card.topic}/batch-code\n"
            f"  and by its id            POST /v1/topics/{card.topic}/models/{card.model_id}"
            "/batch-code\n"
            "It is the latest unless the deployment has a higher version of the topic.\n"
        )


def s3_client(endpoint_url: str | None = None) -> "S3Client":
    """A client as the environment says. A cloud that is not AWS has one host for all buckets.

    Raises `PublishError` if the environment makes no client.
    """
    config = Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS})
    try:
        client = boto3.client("s3", endpoint_url=endpoint_url, config=config)
        host = urlsplit(client.meta.endpoint_url).hostname or ""
        if host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
            return client
        config = config.merge(Config(s3={"addressing_style": "path"}))
        return boto3.client("s3", endpoint_url=endpoint_url, config=config)
    except (BotoCoreError, ValueError) as error:
        raise PublishError(f"AWS is not set up: {error}", "Mend the environment") from None


def publish(directory: Path, bucket: str, *, s3: "S3Client") -> Publication:
    """Uploads the model in a directory, the card last.

    Raises `ModelError` if there is no sound model in the directory. Raises `PublishError` if the
    model is not newer than what is published, or S3 refuses it.
    """
    card = read_model(directory).card
    check_card(card, key_of(card, CARD))
    size = sum((directory / name).stat().st_size for name in card.files)
    if size > MOST_BYTES:
        raise PublishError(
            f"{directory}: {size:,} bytes are more than a function has room for, {MOST_BYTES:,}",
            "Train it on fewer examples",
        )
    model = PublishedModel(card, {name: digest_of(directory / name) for name in card.files})
    with _explained(bucket):
        if _is_there(model, ModelsBucket(s3, bucket)):
            return Publication(card, bucket, was_there=True)
        for name in card.files:
            with (directory / name).open("rb") as file:
                s3.put_object(
                    Bucket=bucket,
                    Key=key_of(card, name),
                    Body=file,
                    ChecksumAlgorithm="SHA256",
                )
        try:
            s3.put_object(
                Bucket=bucket,
                Key=key_of(card, CARD),
                Body=(directory / CARD).read_bytes(),
                ContentType="application/json",
                Metadata={metadata_name(name): hexed for name, hexed in model.digests.items()},
                ChecksumAlgorithm="SHA256",
                IfNoneMatch="*",
            )
        except ClientError as error:
            # Somebody published it meanwhile.
            if code_of(error) in TAKEN and _is_there(model, ModelsBucket(s3, bucket)):
                return Publication(card, bucket, was_there=True)
            raise
    return Publication(card, bucket, was_there=False)


def newest_version(topic: str, bucket: str, *, s3: "S3Client") -> int:
    """The highest version of a topic that is published; 0 where none is. Raises `PublishError`."""
    with _explained(bucket):
        found = _published(ModelsBucket(s3, bucket), topic)
        return max((model.card.model_version for _, model in found), default=0)


def _is_there(model: PublishedModel, bucket: ModelsBucket) -> bool:
    """Whether the very model is published; raises `PublishError` where it can't be any more."""
    card, own = model.card, key_of(model.card, CARD)
    highest: ModelCard | None = None
    for key, found in _published(bucket, card.topic, own):
        if key == own and found == model:
            return True
        if key == own:
            raise PublishError(
                f"s3://{bucket.bucket} has other files under this model's id, {card.model_id}",
                _next_version(card),
            )
        if highest is None or found.card.model_version > highest.model_version:
            highest = found.card
    if highest and highest.model_version >= card.model_version:
        raise PublishError(
            f"Version {card.model_version} of {card.topic} is not above version "
            f"{highest.model_version}, which is published (model {highest.model_id})",
            _next_version(highest),
        )
    return False


def _published(
    bucket: ModelsBucket, topic: str, own: str = ""
) -> Iterator[tuple[str, PublishedModel]]:
    """The models of a topic that are published, each with the key of its card.

    Raises `PublishError` where the card with the key `own` is damaged."""
    for listed in bucket.list(topic):
        try:
            yield listed.key, bucket.read(listed)
        except ModelError as error:
            if listed.key != own:
                continue  # The service passes it over too, and tells its operator.
            raise PublishError(
                f"s3://{bucket.bucket}/{listed.key} is damaged ({error})",
                "Delete that object and publish again",
            ) from None


def _next_version(card: ModelCard) -> str:
    return (
        f"Raise `version` in the topic's topic.yaml above {card.model_version}, train again and "
        "publish what that makes"
    )


@contextmanager
def _explained(bucket: str) -> Iterator[None]:
    """AWS's errors as what to do next."""
    try:
        yield
    except NoCredentialsError:
        raise PublishError(
            "There are no AWS credentials in the environment", "Sign in as for the aws command"
        ) from None
    except ParamValidationError:
        raise PublishError(f"No bucket has the name {bucket!r}", NAME_THE_BUCKET) from None
    except ClientError as error:
        raise _explanation(error, bucket) from None
    except (BotoCoreError, AwsBusy) as error:
        raise PublishError(
            f"The upload to {bucket} broke off ({error}); a model is offered only when it is whole",
            "Run the command again",
        ) from None


def _explanation(error: ClientError, bucket: str) -> PublishError:
    code = code_of(error)
    if code == "NoSuchBucket":
        return PublishError(f"There is no bucket {bucket}", NAME_THE_BUCKET)
    if code in DENIED:
        return PublishError(
            f"{error.operation_name} in the bucket {bucket} is not allowed ({code})",
            "Use credentials that may list it, read and write its objects, and use its KMS key",
        )
    if code in BAD_CREDENTIALS:
        return PublishError(f"AWS does not accept the credentials ({code})", "Sign in again")
    return PublishError(
        f"{error.operation_name} in the bucket {bucket} failed ({code}); "
        "a model is offered only when it is whole",
        "Run the command again",
    )
