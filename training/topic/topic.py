"""A topic: one version of a classification and the examples that teach it."""

from collections.abc import Mapping
from dataclasses import dataclass

from coding_service.coder.code_tree import Hierarchy


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """What `topic.yaml` says.

    :param name: the topic's uriName, as it stands in URLs and keys.
    :param full_name: the name for people.
    :param standard: the classification, e.g. ANZSCO.
    :param topic_version: the classification's version, e.g. "2022 Australian Update".
    :param version: the model's version number; a higher one is newer.
    :param released: the model's release date, ISO 8601.
    :param levels: the characters of a code at each level, from the top down.
    :param threshold: the least confidence at which a code is asserted, above 0 and at most 1.
    :param fields: the text fields of a record in order, each with its weight.
    """

    name: str
    full_name: str
    standard: str
    topic_version: str
    version: int
    released: str
    levels: tuple[int, ...]
    threshold: float
    fields: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Example:
    """A text whose code is known.

    :param texts: the text of each field.
    :param code: a code of the topic; None for a text that no code of the topic fits.
    """

    texts: Mapping[str, str]
    code: str | None


@dataclass(frozen=True, slots=True)
class Question:
    """A record of the evaluation file.

    :param kind: "clear", "ambiguous" or "out_of_scope".
    :param code: the deepest code that the text supports; None where it supports none.
    :param also: other codes that are right as well.
    """

    texts: Mapping[str, str]
    code: str | None
    kind: str
    also: tuple[str, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code that is right."""
        return () if self.code is None else (self.code, *self.also)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic folder, read and checked.

    :param fingerprint: SHA-256 of the files that a model is trained from, as hex.
    """

    settings: TopicSettings
    hierarchy: Hierarchy
    examples: tuple[Example, ...]
    fingerprint: str
