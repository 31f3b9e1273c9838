"""The trained models on this machine: found where they are kept, trained where there is none."""

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from coding_service.coder.catalogue import readable_cards
from coding_service.coder.errors import CoderError, ModelError
from coding_service.coder.model import TrainedModel
from coding_service.coder.model_card import CARD, ModelCard, read_card
from dropcoder.errors import CommandError, UsageError
from training.errors import TopicError
from training.topic.files import SETTINGS, fingerprint_of, read_topic
from training.topic.settings_yaml import read_settings
from training.topic.topic import TopicSettings

ROOT = Path(__file__).parents[2]
"""The folder of a checkout, or that of installed packages: topics lie in both."""

Busy = Callable[[str], AbstractContextManager[object]]
"""Shows that something takes its time."""


@dataclass(frozen=True, slots=True)
class TopicFolder:
    """A topic that models are trained from: one that is shipped, or the user's own."""

    path: Path
    settings: TopicSettings

    @classmethod
    def named(cls, topic: str) -> "TopicFolder":
        """The shipped topic of this name, or the topic in the folder of this path.

        Raises `UsageError` where there is none, or it can't be read.
        """
        shipped = _shipped()
        path = shipped.get(topic, Path(topic))
        if not (path / SETTINGS).is_file():
            raise UsageError(
                f"There is no topic {topic}.",
                next_step=f"Known are {', '.join(shipped)}; or name the folder of a topic of your "
                f"own, which has a {SETTINGS}.",
            )
        try:
            return cls(path, read_settings(path / SETTINGS))
        except TopicError as error:
            raise UsageError(str(error)) from None

    def kept_card(self) -> ModelCard | None:
        """The card of the model that was trained from these very files; None where none was."""
        try:
            cards = readable_cards(kept_models(), self.settings.name)
            fingerprint = fingerprint_of(self.path)
        except OSError:
            return None
        return next((card for card in cards if card.fingerprint == fingerprint), None)


def model_of(topic: TopicFolder, busy: Busy) -> TrainedModel:
    """The topic's model, trained and kept where that has not been done. Raises `CommandError`."""
    card = topic.kept_card()
    try:
        if card is not None:
            with busy("Loading the model"):
                return TrainedModel.load(_folder_of(card))
        from training.fit.train import train_into  # noqa: PLC0415  scikit-learn takes a second

        with busy(f"Training the coder on {topic.settings.name}, once"):
            directory, _ = train_into(read_topic(topic.path), kept_models())
            return TrainedModel.load(directory)
    except CoderError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(
            f"The model can't be kept in {kept_models()}: {error.strerror}.",
            next_step="Make room there, or name a folder with a trained model: --model DIR",
        ) from None


def model_in(directory: Path) -> TrainedModel:
    """The trained model in a folder, as `python -m training train` made it. Raises `UsageError`."""
    if not (directory / CARD).is_file():
        raise UsageError(
            f"There is no trained model in {directory}.",
            next_step=f"Name the folder that has its {CARD}: <models>/<topic>/<model id>",
        )
    try:
        return TrainedModel.load(directory)
    except ModelError as error:
        raise UsageError(str(error)) from None


def card_in(directory: Path) -> ModelCard:
    """The card of the same, without its weights. Raises `UsageError`."""
    try:
        return read_card(directory)
    except ModelError as error:
        raise UsageError(str(error)) from None


def kept_models() -> Path:
    """Where models are kept: `build/models` of a checkout, else the user's folder of caches."""
    if (ROOT / "Makefile").is_file():
        return ROOT / "build" / "models"
    return _caches() / "dropcoder" / "models"


def _folder_of(card: ModelCard) -> Path:
    return kept_models() / card.topic / card.model_id


def _caches() -> Path:
    """As the platforms have it (XDG Base Directory; Apple's and Microsoft's folders)."""
    if own := os.environ.get("XDG_CACHE_HOME"):
        return Path(own)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home()))
    return Path.home() / ".cache"


def _shipped() -> dict[str, Path]:
    """The topics that come with the project, by name."""
    root = ROOT / "topics"
    return {path.parent.name: path.parent for path in sorted(root.glob(f"*/{SETTINGS}"))}
