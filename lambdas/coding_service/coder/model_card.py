"""What a model says about itself: `model.json`, readable without loading a weight."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from coding_service.coder.errors import ModelError
from coding_service.coder.text.phrases import Phrases
from shared.received_json import read_object

CARD, CODES, WEIGHTS = "model.json", "codes.json", "weights.npz"
FORMAT = 3  # of a model directory; a reader refuses another


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model's metadata."""

    topic: str
    """The topic's uriName."""
    full_name: str
    """The topic's name for people."""
    model_id: str
    """GUID; the same topic folder always trains to the same one."""
    model_version: int
    """A higher one is newer."""
    release_date: str
    """ISO 8601."""
    model_type: str
    """The kind of model."""
    field_weights: Mapping[str, float]
    """The model's input fields in order, each with its weight."""
    standard: str
    """The classification, e.g. ANZSCO."""
    topic_version: str
    """The classification's version."""
    levels: tuple[int, ...]
    """The characters of a code at each level, from the top down."""
    threshold: float
    """The least confidence that is asserted."""
    temperatures: tuple[float, ...]
    """What the scores of each level are divided by, from the top down, so that confidence is
    probability."""
    fingerprint: str
    """SHA-256 of the topic's files, as hex."""
    seed: int
    """The seed of the training's random choices."""
    libraries: Mapping[str, str]
    """Version by name of what trained it."""
    metrics: Mapping[str, float]
    """Figures measured on examples that the measured model had not seen."""
    phrases: Phrases = Phrases()  # noqa: RUF009  frozen
    """What people write in place of an occupation, and between two."""

    @property
    def input_format(self) -> tuple[str, ...]:
        """The names of the text fields that each record must have."""
        return tuple(self.field_weights)

    def metadata(self) -> dict[str, object]:
        """The model as the service shows it (user guide, "Topics and models")."""
        return {
            "modelId": self.model_id,
            "modelVersion": self.model_version,
            "modelReleaseDate": self.release_date,
            "modelType": self.model_type,
            "inputFormat": list(self.input_format),
            "topicStandard": self.standard,
            "topicVersion": self.topic_version,
        }

    def to_json(self) -> dict[str, object]:
        """Everything, as `model.json` holds it."""
        return {
            "format": FORMAT,
            "topic": {"uriName": self.topic, "fullName": self.full_name},
            **self.metadata(),
            "fieldWeights": dict(self.field_weights),
            "levels": list(self.levels),
            "threshold": self.threshold,
            "temperatures": list(self.temperatures),
            "dataHash": self.fingerprint,
            "seed": self.seed,
            "libraries": dict(self.libraries),
            "metrics": dict(self.metrics),
            "phrases": self.phrases.to_json(),
        }


def read_card(directory: Path) -> ModelCard:
    """The card of the model in a directory.

    Raises `ModelError` if there is none, or it is damaged or of another format.
    """
    path = directory / CARD
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(path, error.strerror or "cannot be read") from error
    return card_of(content, path)


def card_of(text: bytes, path: Path) -> ModelCard:
    """The card that a text is; `path` is where it came from.

    Raises `ModelError` if it is damaged or of another format.
    """
    try:
        content = read_object(text)
        if content["format"] != FORMAT:
            raise ModelError(
                path, f"format {content['format']!r} is not {FORMAT}, which this version reads"
            )
        return ModelCard(
            topic=content["topic"]["uriName"],
            full_name=content["topic"]["fullName"],
            model_id=content["modelId"],
            model_version=content["modelVersion"],
            release_date=content["modelReleaseDate"],
            model_type=content["modelType"],
            field_weights=content["fieldWeights"],
            standard=content["topicStandard"],
            topic_version=content["topicVersion"],
            levels=tuple(content["levels"]),
            threshold=float(content["threshold"]),
            temperatures=tuple(map(float, content["temperatures"])),
            fingerprint=content["dataHash"],
            seed=content["seed"],
            libraries=content["libraries"],
            metrics=content["metrics"],
            phrases=Phrases.of(content.get("phrases", {})),  # cards from before have none
        )
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise ModelError(path, f"damaged: {error!r}") from error
