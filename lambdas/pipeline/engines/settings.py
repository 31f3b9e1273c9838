"""Which engine codes which topic, and what the engines were deployed with."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from pipeline.domain.identity import guid
from pipeline.errors import SettingInvalid
from shared.codelist import CODELISTS

_AMAZON_ML_ID = re.compile(r"[a-zA-Z0-9_.-]{1,64}")  # Amazon ML API reference, EntityId


class EngineName(StrEnum):
    """The engines, as the setting `engines` names them."""

    CODING_SERVICE = "coding-service"
    SMALL_BATCHES = "coding-service-small"
    AMAZON_ML = "amazon-ml"


@dataclass(frozen=True, slots=True, kw_only=True)
class AmazonMlSettings:
    """What the engine Amazon ML is deployed with: names and addresses, no secret."""

    exchange_bucket: str
    url: str | None
    """None: AWS's own Amazon ML in the function's region."""
    key_secret_arn: str | None
    """The secret with an access key that the service has issued; None: the function's role."""
    models: tuple[tuple[str, str], ...]
    """Topics and the MLModelIds that code them; others have the newest of their name."""
    threshold: float
    codelists: Path = CODELISTS
    """The folder of `<topic>.csv`."""

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Self | None:
        """Reads the environment variables of a function; None where no topic uses Amazon ML.

        Raises `SettingInvalid`."""
        bucket = variables.get("EXCHANGE_BUCKET")
        if not bucket:
            return None
        return cls(
            exchange_bucket=bucket,
            url=variables.get("AMAZON_ML_URL") or None,
            key_secret_arn=variables.get("AMAZON_ML_KEY_SECRET_ARN") or None,
            models=_pairs(variables, "AMAZON_ML_MODELS"),
            threshold=_share(variables, "AMAZON_ML_THRESHOLD"),
            codelists=Path(variables.get("CODELISTS_FOLDER") or CODELISTS),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """The settings of all engines but the Coding Service, whose settings are Pipeline's own."""

    engines: tuple[tuple[str, EngineName], ...]
    amazon_ml: AmazonMlSettings | None

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Self:
        """Reads the environment variables of a function. Raises `SettingInvalid`."""
        try:
            engines = tuple((t, EngineName(name)) for t, name in _pairs(variables, "ENGINES"))
        except ValueError as error:
            raise SettingInvalid(
                f"the environment variable ENGINES: {error}; deploy again"
            ) from None
        return cls(engines=engines, amazon_ml=AmazonMlSettings.read(variables))

    def name_of(self, topic: str) -> EngineName:
        """The engine that codes a topic."""
        return dict(self.engines).get(topic, EngineName.CODING_SERVICE)

    def model_id(self, topic: str, folder: str) -> str | None:
        """The id of a model of the topic that a folder is named by; None where it is no id."""
        if self.name_of(topic) is EngineName.AMAZON_ML:
            return folder if _AMAZON_ML_ID.fullmatch(folder) else None
        return guid(topic, folder)


def _pairs(variables: Mapping[str, str], name: str) -> tuple[tuple[str, str], ...]:
    """`a=b,c=d`"""
    listed = [each.partition("=") for each in variables.get(name, "").split(",") if each]
    if not all(equals and first and second for first, equals, second in listed):
        raise SettingInvalid(
            f"the environment variable {name} must list pairs like topic=value; deploy again"
        )
    return tuple((first, second) for first, _, second in listed)


def _share(variables: Mapping[str, str], name: str) -> float:
    try:
        share = float(variables.get(name, ""))
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise SettingInvalid(
            f"the environment variable {name} must be a number above 0 and up to 1; deploy again"
        )
    return share
