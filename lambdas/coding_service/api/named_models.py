"""The models that a path names, or the row of the error table that says why there is none."""

from coding_service.coder.errors import (
    ForeignModelError,
    NoModelsError,
    UnknownModelError,
    UnknownTopicError,
)
from coding_service.coder.model_card import ModelCard
from coding_service.errors import Refusal
from coding_service.models.registry import ModelRegistry
from protocol.errors import ServiceAnswer


def models_of(registry: ModelRegistry, topic: str) -> tuple[ModelCard, ...]:
    """The models of a topic, newest first.

    Raises `Refusal` where the topic is unknown or has none.
    """
    try:
        return registry.models(topic)
    except UnknownTopicError:
        raise Refusal(ServiceAnswer.TOPIC_UNKNOWN) from None
    except NoModelsError:
        raise Refusal(ServiceAnswer.NO_MODELS) from None


def model_of(registry: ModelRegistry, topic: str, model_id: str | None) -> ModelCard:
    """The model of a topic with a GUID; None takes the latest.

    Raises `Refusal` as `models_of` does, and where the model is unknown or another topic's.
    """
    cards = models_of(registry, topic)
    if model_id is None:
        return cards[0]
    try:
        return registry.model(topic, model_id)
    except UnknownModelError:
        raise Refusal(ServiceAnswer.MODEL_UNKNOWN) from None
    except ForeignModelError:
        raise Refusal(ServiceAnswer.MODEL_OF_OTHER_TOPIC) from None
