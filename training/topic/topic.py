"""A topic: one version of a classification and the examples that teach it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coding_service.coder.code_tree import Hierarchy
from coding_service.coder.text.phrases import Phrases

WITH_SENTENCES = "linear+sentence"
READERS = ("linear", WITH_SENTENCES)
"""What can read a topic's texts; the first unless the topic says otherwise."""


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """The settings in a topic's `topic.yaml`."""

    name: str
    """The topic's uriName, as it stands in URLs and keys."""
    full_name: str
    """The name for people."""
    standard: str
    """The classification, e.g. ANZSCO."""
    topic_version: str
    """The classification's version, e.g. "2022 Australian Update"."""
    version: int
    """The model's version number; a higher one is newer."""
    released: str
    """The model's release date, ISO 8601."""
    levels: tuple[int, ...]
    """The characters of a code at each level, from the top down."""
    threshold: float
    """The least confidence at which a code is asserted, above 0 and at most 1."""
    temperature_factors: tuple[float, ...]
    """For each level what its fitted temperature is multiplied by: above 1, less is asserted."""
    other_occupations: str | None
    """The folder, from the topic's own, of a topic whose other occupations are of no code here."""
    fields: Mapping[str, float]
    """The text fields of a record in order, each with its weight."""
    readers: str = READERS[0]
    """One of `READERS`."""
    sentence_model: Path | None = None
    """The folder of the sentence model; None for that of `make sentence-model`."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text whose code is known."""

    texts: Mapping[str, str]
    """The text of each field."""
    code: str | None
    """A code of the topic; None for a text that no code of the topic fits."""
    is_drawn: bool = False
    """Whether it comes from the folder that `otherOccupations` names."""


@dataclass(frozen=True, slots=True)
class Question:
    """A record of the evaluation file."""

    texts: Mapping[str, str]
    code: str | None
    """The deepest code that the text supports; None where it supports none."""
    kind: str
    """One of "clear", "ambiguous" and "out_of_scope"."""
    also: tuple[str, ...] = ()
    """Other codes that are right as well."""

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code that is right."""
        return () if self.code is None else (self.code, *self.also)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic folder, read and checked."""

    settings: TopicSettings
    hierarchy: Hierarchy
    examples: tuple[Example, ...]
    fingerprint: str
    """SHA-256 of the files that a model is trained from, as hex."""
    phrases: Phrases = Phrases()  # noqa: RUF009  frozen
    """What people write in place of an occupation, and between two."""
    added: Mapping[str, Any] | None = None
    """What reviewed files have added to the examples, as the model's card tells it."""
