"""The bucket of published models: `<topic>/<modelId>/` with the files of a model's directory.

`training.publish` writes the card last and never over another, so a model with a card is whole. The
card's object has the SHA-256 of the other files as metadata.
"""

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from coding_service.aws import busy_is_retried
from coding_service.coder.errors import ModelError
from coding_service.coder.model_card import CARD, ModelCard, card_of
from shared.aws_errors import code_of

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

GONE = frozenset({"NoSuchKey", "404"})
READ_BYTES = 1 << 20
MOST_LISTED_BYTES = 2_500  # of a model in a list of 1,000, which an answer has room for; ours


class NotPublished(Exception):
    """The model is no longer in the bucket."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A card's object as the bucket lists it."""

    key: str
    etag: str
    """Another content has another."""
    published: datetime
    """When the card was stored."""


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A card from the bucket, and the digests of its model's other files."""

    card: ModelCard
    digests: Mapping[str, str]
    """SHA-256 as hex, by the file's name."""


@dataclass(frozen=True, slots=True)
class ModelsBucket:
    """Reads published models. Every method raises `AwsBusy` when S3 is."""

    s3: "S3Client"
    bucket: str

    def list(self, topic: str | None = None) -> tuple[Listed, ...]:
        """The cards of a topic, or of all topics: a call for each 1,000 objects, 3 or 4 a model."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{topic}/" if topic else ""
        )
        with busy_is_retried():
            return tuple(
                Listed(each["Key"], each["ETag"], each["LastModified"])
                for page in pages
                for each in page.get("Contents", [])
                if PurePosixPath(f"/{each['Key']}").match(f"/*/*/{CARD}")
            )

    def read(self, listed: Listed) -> PublishedModel:
        """The model whose card was listed.

        Raises `ModelError` where the card is damaged, gone, of another format, or in the wrong
        place.
        """
        try:
            with busy_is_retried():
                answer = self.s3.get_object(Bucket=self.bucket, Key=listed.key)
                content = answer["Body"].read()
        except ClientError as error:
            if code_of(error) in GONE:
                raise ModelError(Path(listed.key), "the card is gone") from None
            raise
        card = card_of(content, Path(listed.key))
        check_card(card, listed.key)
        digests = {name: answer["Metadata"].get(metadata_name(name), "") for name in card.files}
        return PublishedModel(card, digests)

    def download(self, model: PublishedModel, folder: Path) -> None:
        """Stores all files of a model in `folder`, each compared with its digest.

        Raises `NotPublished` where a file is gone, `ModelError` where one is not the file that was
        published.
        """
        files = model.card.files
        with ThreadPoolExecutor(len(files)) as threads:
            for done in [threads.submit(self._fetch, model, name, folder / name) for name in files]:
                done.result()
        (folder / CARD).write_text(json.dumps(model.card.to_json()), encoding="utf-8")

    def _fetch(self, model: PublishedModel, name: str, to: Path) -> None:
        key = key_of(model.card, name)
        try:
            with busy_is_retried(), to.open("wb") as file:
                body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"]
                file.writelines(body.iter_chunks(READ_BYTES))
        except ClientError as error:
            if code_of(error) in GONE:
                raise NotPublished(key) from None
            raise
        if digest_of(to) != model.digests[name]:
            problem = "it is not the file that was published with the model's card"
            raise ModelError(Path(key), problem)


def key_of(card: ModelCard, name: str) -> str:
    """The key of a model's file in the bucket."""
    return f"{card.topic}/{card.model_id}/{name}"


def metadata_name(name: str) -> str:
    """The name of a file's digest in the metadata of the card's object."""
    return f"sha256-{name.partition('.')[0]}"


def digest_of(path: Path) -> str:
    """SHA-256 of a file, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_card(card: ModelCard, key: str) -> None:
    """Checks what `card_of` takes on trust, as a packaged model was trained here.

    Raises `ModelError` where the card belongs elsewhere, or a value in it is not of its kind.
    """
    if key != key_of(card, CARD):
        raise ModelError(Path(key), f"the model in it is {card.topic}/{card.model_id}")
    texts = (card.full_name, card.model_type, card.standard, card.topic_version, card.release_date)
    try:
        datetime.fromisoformat(card.release_date)
        sound = isinstance(card.model_version, int) and all(isinstance(each, str) for each in texts)
        sound = sound and all(isinstance(each, float | int) for each in card.field_weights.values())
    except (ValueError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise ModelError(Path(key), "damaged: a value is not of its kind")
    if len(json.dumps([card.metadata(), card.full_name])) > MOST_LISTED_BYTES:
        raise ModelError(
            Path(key),
            f"its names and fields have more than the {MOST_LISTED_BYTES:,} bytes that a list of "
            "models has room for",
        )
