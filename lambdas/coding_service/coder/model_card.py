"""What a model says about itself: `model.json`, readable without loading a weight."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from coding_service.coder.errors import ModelError
from coding_service.coder.text.phrases import Phrases
from shared.received_json import read_object

CARD, CODES, WEIGHTS, SENTENCE = "model.json", "codes.json", "weights.npz", "sentence.npz"
TWO_READERS = "+sentence"  # at the end of a model's type: it has a second reader
FORMAT = 5  # of a model directory; a reader refuses another


class Powers(NamedTuple):
    """How two readers' probabilities become one."""

    linear: float
    """The power of the linear reader's probabilities."""
    sentence: float
    """The power of the sentence reader's."""


class ScopeWeights(NamedTuple):
    """What each sign adds to the logarithm of the odds that a text has a code."""

    always: float
    """Whatever the text."""
    verdict: float
    """Times that logarithm by the top's classifier."""
    head: float
    """Times the greatest share of their titles that words of the text end."""
    unseen: float
    """Times the share of the text's words that no example has."""
    untitled: float
    """Where the weightiest field holds no word."""
    beside: float
    """Where another field holds one."""


@dataclass(frozen=True, slots=True)
class SecondReader:
    """The sentence model beside the linear reader, and how their answers are combined."""

    name: str
    """The sentence model's name."""
    weights_hash: str
    """SHA-256 of the weights that it was made from, as hex."""
    file_hash: str
    """SHA-256 of `sentence.npz`, as hex."""
    alone: Powers
    """For records of which only the weightiest field has a text."""
    together: Powers
    """For all others."""
    runs_below: float
    """The linear reader's confidence in a code of the deepest level from which on the sentence
    reader is not asked."""

    def to_json(self) -> dict[str, object]:
        """As the card holds it."""
        return {
            "name": self.name,
            "weightsHash": self.weights_hash,
            "fileHash": self.file_hash,
            "alone": list(self.alone),
            "together": list(self.together),
            "runsBelow": self.runs_below,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "SecondReader":
        """From a card. Raises `KeyError`, `TypeError`, `ValueError` if it is damaged."""
        return cls(
            name=values["name"],
            weights_hash=values["weightsHash"],
            file_hash=values["fileHash"],
            alone=Powers(*map(float, values["alone"])),
            together=Powers(*map(float, values["together"])),
            runs_below=float(values["runsBelow"]),
        )


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
    scope: ScopeWeights | None = None
    """How likely a text is to have a code at all; None where the top's classifier alone says it."""
    second_reader: SecondReader | None = None
    """None for a model that reads linearly alone."""
    added: Mapping[str, Any] | None = None
    """Which decisions of people it was trained on beside its topic; None: on none."""

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the model's files beside the card."""
        return (CODES, WEIGHTS, SENTENCE) if self.second_reader else (CODES, WEIGHTS)

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
            **({"scope": self.scope._asdict()} if self.scope else {}),
            **({"secondReader": self.second_reader.to_json()} if self.second_reader else {}),
            **({"added": dict(self.added)} if self.added is not None else {}),
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
        second, scope = content.get("secondReader"), content.get("scope")
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
            phrases=Phrases.of(content["phrases"]),
            scope=ScopeWeights(**{name: float(each) for name, each in scope.items()})
            if scope
            else None,
            second_reader=SecondReader.from_json(second) if second else None,
            added=content.get("added"),
        )
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise ModelError(path, f"damaged: {error!r}") from error
