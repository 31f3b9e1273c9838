"""The registry of models: those of the deployment, and those published since.

A model may be published at any time, and none changes: the bucket is listed at most once a minute,
and only the cards that are new are read.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

from coding_service.aws import s3
from coding_service.coder.catalogue import Catalogue
from coding_service.coder.errors import (
    CatalogueError,
    ModelError,
    UnknownModelError,
    UnknownTopicError,
)
from coding_service.coder.model_card import ModelCard
from coding_service.config import service_environment, storage_environment
from coding_service.errors import AwsBusy, ModelGone
from coding_service.models.bucket import Listed, ModelsBucket, NotPublished, PublishedModel
from coding_service.observability import logger, metrics
from protocol.messages import Topic

if TYPE_CHECKING:
    from coding_service.coder.model import TrainedModel

REFRESH_SECONDS = 60  # a new model is seen so late; a listing costs 1/200,000 of a dollar; ours
CARDS_AT_A_TIME = 8  # boto3 keeps ten connections; ours
DAMAGED = "PublishedModelsDamaged"
"""The metric behind the alarm of that name."""


class ModelRegistry:
    """The models `packaged` with the deployment and those published to `bucket`, as one catalogue.

    A topic's latest is the highest version of both; of equal ones, that which was published last.
    Raises `AwsBusy` while the bucket could never be listed yet; later, what was listed stays.
    `clock` gives epoch seconds.
    """

    def __init__(
        self, packaged: Catalogue, bucket: ModelsBucket, clock: Callable[[], float]
    ) -> None:
        self._packaged = packaged
        self._bucket = bucket
        self._clock = clock
        self._read: dict[Listed, PublishedModel | None] = {}
        self._merged: Catalogue | None = None
        self._listed_at = 0.0

    @property
    def cards(self) -> Mapping[str, tuple[ModelCard, ...]]:
        """The models of each topic, newest first."""
        return self._current().cards

    def topics(self) -> tuple[Topic, ...]:
        """Every topic that has a model, by name."""
        return self._current().topics()

    def models(self, topic: str) -> tuple[ModelCard, ...]:
        """The models of a topic, newest first; an unknown topic has the bucket listed anew.

        Raises `UnknownTopicError`, `NoModelsError`.
        """
        try:
            return self._current().models(topic)
        except UnknownTopicError:
            return self._refreshed().models(topic)

    def latest(self, topic: str) -> ModelCard:
        """The newest model of a topic. Raises as `models` does."""
        return self.models(topic)[0]

    def model(self, topic: str, model_id: str) -> ModelCard:
        """The model of a topic with a GUID; an unknown one has the bucket listed anew.

        Raises `UnknownTopicError`, `UnknownModelError`, `ForeignModelError`.
        """
        try:
            return self._current().model(topic, model_id)
        except (UnknownTopicError, UnknownModelError):
            return self._refreshed().model(topic, model_id)

    def find(self, model_id: str) -> ModelCard | None:
        """The model of any topic with a GUID; an unknown one has the bucket listed anew."""
        return self._current().find(model_id) or self._refreshed().find(model_id)

    def load(self, card: ModelCard) -> "TrainedModel":
        """The model of a card, with its weights.

        Raises `UnknownModelError` where it was taken out of the bucket, `ModelError` where its
        files are damaged.
        """
        published = self._published(card)
        if published is None:
            return self._packaged.load(card)
        # Numpy comes with it, which the functions that only list models can do without.
        from coding_service.coder.model import TrainedModel  # noqa: PLC0415

        # The files go once they are read, so /tmp never holds more than one model.
        with TemporaryDirectory(prefix="model-") as folder:
            try:
                self._bucket.download(published, Path(folder))
            except NotPublished:
                raise UnknownModelError(card.model_id) from None
            return TrainedModel.load(Path(folder))

    def _published(self, card: ModelCard) -> PublishedModel | None:
        """The published model of the card; None for a packaged one, which needs no download."""
        if card in self._packaged.cards.get(card.topic, ()):
            return None
        return next((each for each in self._read.values() if each and each.card == card), None)

    def _current(self) -> Catalogue:
        now = self._clock()
        if self._merged is None:
            return self._refreshed()
        if now - self._listed_at >= REFRESH_SECONDS:
            try:
                return self._refreshed()
            except AwsBusy as error:
                self._listed_at = now  # later, and not at every call
                logger.warning("published models not listed", reason=str(error))
        return self._merged

    def _refreshed(self) -> Catalogue:
        listed = self._bucket.list()
        with ThreadPoolExecutor(CARDS_AT_A_TIME) as threads:
            models = tuple(threads.map(self._model_of, listed))
        self._read = dict(zip(listed, models, strict=True))
        damaged = sum(model is None for model in self._read.values())
        if damaged:
            metrics.add_metric(DAMAGED, MetricUnit.Count, damaged)
        self._merged = Catalogue(self._packaged.directory, self._merge())
        self._listed_at = self._clock()
        return self._merged

    def _model_of(self, listed: Listed) -> PublishedModel | None:
        """The model of a listed card; None where the card is damaged: the others stay listed."""
        if listed in self._read:
            return self._read[listed]
        try:
            return self._bucket.read(listed)
        except ModelError as error:
            logger.error("damaged model card ignored", key=listed.key, reason=str(error))
            return None

    def _merge(self) -> dict[str, tuple[ModelCard, ...]]:
        found: dict[str, dict[str, tuple[datetime | None, ModelCard]]] = {
            topic: {card.model_id: (None, card) for card in cards}
            for topic, cards in self._packaged.cards.items()
        }
        for listed, model in self._read.items():
            if model is not None:
                of_topic = found.setdefault(model.card.topic, {})
                of_topic.setdefault(model.card.model_id, (listed.published, model.card))
        return {topic: _newest_first(found[topic].values()) for topic in sorted(found)}


def _newest_first(
    models: Iterable[tuple[datetime | None, ModelCard]],
) -> tuple[ModelCard, ...]:
    def age(model: tuple[datetime | None, ModelCard]) -> tuple[int, float, str]:
        published, card = model
        return card.model_version, published.timestamp() if published else 0.0, card.model_id

    return tuple(card for _, card in sorted(models, key=age, reverse=True))


def model_registry() -> ModelRegistry:
    """The registry of this function's deployment."""
    return ModelRegistry(
        Catalogue.read(service_environment().models),
        ModelsBucket(s3(), storage_environment().models_bucket),
        clock=time.time,
    )


MODELS_KEPT = 2  # in memory: the latest, and an older one that a client still names; ours


@dataclass(frozen=True)
class DeployedModels:
    """The registry's models with their weights; each is loaded once a process."""

    registry: ModelRegistry
    _loaded: "dict[str, TrainedModel]" = field(default_factory=dict, repr=False)

    def model(self, topic: str, model_id: str) -> "TrainedModel":
        """A model with its weights. Raises `ModelGone` where the registry no longer has it."""
        found = self._loaded.get(model_id)
        if found is None:
            found = self._load(topic, model_id)
            while len(self._loaded) >= MODELS_KEPT:
                del self._loaded[next(iter(self._loaded))]
            self._loaded[model_id] = found
        return found

    def _load(self, topic: str, model_id: str) -> "TrainedModel":
        try:
            return self.registry.load(self.registry.model(topic, model_id))
        except CatalogueError:
            raise ModelGone(
                f"The model {model_id} is no longer offered. "
                "Create an operation for the latest model."
            ) from None
