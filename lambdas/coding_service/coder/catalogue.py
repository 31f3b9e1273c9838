"""The trained models in a directory: `<directory>/<topic>/<modelId>/`.

Only cards are read; a model's weights are loaded when it is asked to code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from coding_service.coder.errors import (
    ForeignModelError,
    ModelError,
    NoModelsError,
    UnknownModelError,
    UnknownTopicError,
)
from coding_service.coder.model_card import CARD, ModelCard, read_card
from protocol.messages import Topic

if TYPE_CHECKING:
    from coding_service.coder.model import TrainedModel


@dataclass(frozen=True)
class Catalogue:
    """Topics and their models."""

    directory: Path
    """Where the models lie."""
    cards: Mapping[str, tuple[ModelCard, ...]]
    """The models of each topic, newest first; empty for a topic without one."""

    @classmethod
    def read(cls, directory: Path) -> "Catalogue":
        """The catalogue of a directory.

        Raises `ModelError` if the directory is missing, a card is damaged or lies in the wrong
        place, or two models of a topic have the same version.
        """
        if not directory.is_dir():
            raise ModelError(directory, "there is no such directory of models")
        folders = sorted(each for each in directory.iterdir() if each.is_dir())
        return cls(directory, {folder.name: cards_of(folder) for folder in folders})

    def topics(self) -> tuple[Topic, ...]:
        """Every topic that has a model, by name."""
        return tuple(
            Topic(topic, cards[0].full_name) for topic, cards in self.cards.items() if cards
        )

    def models(self, topic: str) -> tuple[ModelCard, ...]:
        """The models of a topic, newest version first.

        Raises `UnknownTopicError` if there is no such topic. Raises `NoModelsError` if it has no
        model.
        """
        if topic not in self.cards:
            raise UnknownTopicError(topic)
        if not self.cards[topic]:
            raise NoModelsError(topic)
        return self.cards[topic]

    def latest(self, topic: str) -> ModelCard:
        """The newest model of a topic; raises as `models` does."""
        return self.models(topic)[0]

    def model(self, topic: str, model_id: str) -> ModelCard:
        """The model of a topic with a GUID, in either case of letters.

        Raises `UnknownTopicError` if there is no such topic. Raises `UnknownModelError` if no topic
        has this model. Raises `ForeignModelError` if another topic has it.
        """
        if topic not in self.cards:
            raise UnknownTopicError(topic)
        card = self.find(model_id)
        if card is None:
            raise UnknownModelError(model_id)
        if card.topic != topic:
            raise ForeignModelError(model_id, topic)
        return card

    def find(self, model_id: str) -> ModelCard | None:
        """The model of any topic with a GUID, in either case of letters."""
        wanted = model_id.lower()
        every = (card for cards in self.cards.values() for card in cards)
        return next((card for card in every if card.model_id == wanted), None)

    def load(self, card: ModelCard) -> "TrainedModel":
        """The model of a card, with its weights.

        Raises `ModelError` if its directory is damaged.
        """
        # Numpy comes with it, which the functions that only list models can do without.
        from coding_service.coder.model import TrainedModel  # noqa: PLC0415

        return TrainedModel.load(self.directory / card.topic / card.model_id)


def readable_cards(directory: Path, topic: str) -> tuple[ModelCard, ...]:
    """The models of one topic in a directory, newest first; none where either is missing.

    For a directory that this machine trains into, where models of another format are left from
    before: what can't be read or lies in the wrong place is passed over, and so are other topics.
    """
    cards = []
    for path in (directory / topic).glob(f"*/{CARD}"):
        try:
            card = read_card(path.parent)
        except ModelError:
            continue
        if (card.topic, card.model_id) == (topic, path.parent.name):
            cards.append(card)
    return tuple(sorted(cards, key=lambda card: card.model_version, reverse=True))


def cards_of(folder: Path) -> tuple[ModelCard, ...]:
    """The models of the topic whose folder it is, newest first.

    Raises `ModelError` as `Catalogue.read` does.
    """
    cards: dict[int, ModelCard] = {}
    for directory in sorted(each for each in folder.iterdir() if each.is_dir()):
        card = read_card(directory)
        if (card.topic, card.model_id) != (folder.name, directory.name):
            place = f"{card.topic}/{card.model_id}"
            raise ModelError(directory / CARD, f"the model in it is {place}")
        twin = cards.setdefault(card.model_version, card)
        if twin is not card:
            raise ModelError(
                directory / CARD,
                f"{twin.model_id} has the same version, {card.model_version}; remove one",
            )
    return tuple(cards[version] for version in sorted(cards, reverse=True))
