"""A topic's models as MLModels: the id is the model's GUID, the name is the topic's uriName."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from coding_service.amazon_ml.api.describe_filters import Entry, described
from coding_service.amazon_ml.entities import Status
from coding_service.amazon_ml.errors import not_found
from coding_service.amazon_ml.schema import schema_of_fields
from coding_service.coder.model_card import ModelCard
from coding_service.models.registry import ModelRegistry

KIND = "MLModel"
MULTICLASS = "MULTICLASS"


@dataclass(frozen=True, slots=True)
class MlModels:
    """The deployed models as the API shows them. All clients see the same."""

    catalogue: ModelRegistry
    account: str

    def get(self, request: Mapping[str, Any]) -> dict[str, Any]:
        card = self.card(request["MLModelId"])
        if card is None:
            raise not_found(KIND, request["MLModelId"])
        shown = self._shown(card)
        return (
            {**shown, "Schema": schema_of_fields(card.input_format)}
            if request.get("Verbose")
            else shown
        )

    def describe(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return described(self._entries(), request)

    def card(self, model_id: str) -> ModelCard | None:
        return self.catalogue.find(model_id)

    def _entries(self) -> Iterator[Entry]:
        for cards in self.catalogue.cards.values():
            for card in cards:
                yield Entry(card.model_id, self._shown(card), number=card.model_version)

    def _shown(self, card: ModelCard) -> dict[str, Any]:
        released = _released(card)
        return {
            "MLModelId": card.model_id,
            "CreatedByIamUser": f"arn:aws:iam::{self.account}:root",
            "CreatedAt": released,
            "LastUpdatedAt": released,
            "Name": card.topic,
            "Status": str(Status.COMPLETED),
            "MLModelType": MULTICLASS,
            "Message": f"{card.full_name}: {card.standard} {card.topic_version}, "
            f"model version {card.model_version}",
        }


def _released(card: ModelCard) -> float:
    moment = datetime.fromisoformat(card.release_date)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
