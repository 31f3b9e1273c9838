"""What the API codes while its caller waits: one record, or a small batch.

By the same models as files are coded with, and with the same answers to the last digit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from coding_service.api.code_request import CodeRequest
from coding_service.api.named_models import model_of
from coding_service.errors import ModelGone, Refusal
from coding_service.models.registry import DeployedModels
from coding_service.observability import logger, metrics
from protocol.errors import ServiceAnswer
from protocol.real_time import batch_answer, single_answer

if TYPE_CHECKING:
    from coding_service.coder.model import Coding, TrainedModel


@dataclass(frozen=True, slots=True)
class RealTimeApi:
    """The service's coding of single records and small batches."""

    models: DeployedModels

    def code(self, *, topic: str, model_id: str | None, body: str | None) -> Any:
        """The answer for a record, or the list of those for a batch's records, in their order.

        `model_id` None takes the latest model. Raises `Refusal`; one bad record refuses its batch.
        """
        asked = CodeRequest.of(body)
        card = model_of(self.models.registry, topic, model_id)
        records = asked.checked(card.input_format)
        try:
            model = self.models.model(topic, card.model_id)
        except ModelGone:
            raise Refusal(ServiceAnswer.MODEL_UNKNOWN) from None
        codings = model.code(records)
        metrics.add_metric("RecordsInferred", MetricUnit.Count, len(records))
        logger.info("coded at once", topic=topic, records=len(records))
        if not asked.is_batch:
            return single_answer(
                records[0], _codes(model, records[0], codings[0], asked.most_codes)
            )
        return [
            batch_answer(record, _shortened(coding.to_json(), asked.most_codes))
            for record, coding in zip(records, codings, strict=True)
        ]


def _codes(
    model: "TrainedModel", record: Mapping[str, str], coding: "Coding", most: int
) -> list[dict[str, Any]]:
    """The record's code, and behind it the likeliest of the same category; none without a code."""
    if coding.result is None:
        return []
    others = model.others_of_category(record, coding.result.category)
    return [each.to_json() for each in (coding.result, *others)][:most]


def _shortened(coded: dict[str, Any], most: int) -> dict[str, Any]:
    if "suggestions" not in coded:
        return coded
    return {**coded, "suggestions": coded["suggestions"][:most]}
