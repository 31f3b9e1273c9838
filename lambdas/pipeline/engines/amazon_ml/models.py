"""Which model codes a topic, and which fields it takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.clock import iso
from pipeline.engines.amazon_ml.api import AmazonMlClient, NotFound
from pipeline.errors import ModelUnknown, ServiceRefused, TopicUnknown
from protocol.messages import Model
from shared.received_json import read_object

MULTICLASS = "MULTICLASS"
COMPLETED = "COMPLETED"
NOT_PREDICTED_BY = (
    *("targetAttributeName", "targetFieldName", "rowId"),
    *("recordAnnotationFieldName", "recordWeightFieldName"),
)
"""Under these names a schema has attributes that say something else."""
TEXT_TYPES = ("TEXT", "CATEGORICAL")  # of the four types of attributes, those that hold text

NEXT_STEP_TOPIC = (
    "Use a folder that is named like a topic with a model, and drop it again; or ask the operator "
    "to give Amazon ML a model of that name."
)
NEXT_STEP_MODEL = (
    "Drop the file below <topic>/models/<id of a model that has the topic's name>/, or directly "
    "below <topic>/ for its latest model."
)


@dataclass(frozen=True, slots=True)
class AmazonMlModels:
    """A topic's models are those that have its name."""

    api: AmazonMlClient
    chosen: Mapping[str, str]
    """By topic, the MLModelId that codes it whatever newer ones there are."""

    def of(self, topic: str, model_id: str | None) -> Model:
        """A model of the topic, None for the chosen or newest one.

        Raises `TopicUnknown`, `ModelUnknown`, `ServiceRefused`, and as `AmazonMlClient` does."""
        wanted = model_id or self.chosen.get(topic) or self._newest(topic)
        try:
            record = self.api.model(wanted)
        except NotFound:
            raise ModelUnknown(
                f"Amazon ML has no model {wanted}", next_step=NEXT_STEP_MODEL
            ) from None
        if record.get("Name") != topic and wanted != self.chosen.get(topic):
            raise ModelUnknown(
                f"the model {wanted} has another name than the topic", next_step=NEXT_STEP_MODEL
            )
        if record.get("Status") != COMPLETED:
            raise ModelUnknown(
                f"the model {wanted} can't be used; its status is {record.get('Status')}",
                next_step=NEXT_STEP_MODEL,
            )
        return _model(topic, wanted, record)

    def _newest(self, topic: str) -> str:
        ready = [
            (each["CreatedAt"], str(each["MLModelId"]))
            for each in self.api.models_named(topic)
            if each.get("Status") == COMPLETED and each.get("Name") == topic
        ]
        if not ready:
            raise TopicUnknown(
                f"the topic {topic} has no trained model in Amazon ML", next_step=NEXT_STEP_TOPIC
            )
        return max(ready)[1]


def _model(topic: str, model_id: str, record: Mapping[str, Any]) -> Model:
    if record.get("MLModelType") != MULTICLASS:
        raise ServiceRefused(
            f"the model {model_id} is {record.get('MLModelType')}; only a {MULTICLASS} model, "
            "whose classes are codes, can code"
        )
    created = record.get("CreatedAt")
    return Model(
        model_id=model_id,
        model_version=1,
        model_release_date=iso(created) if isinstance(created, datetime) else "",
        model_type=MULTICLASS.lower(),
        input_format=fields_of(str(record.get("Schema") or "{}"), model_id),
        topic_standard=topic,
        topic_version="",
    )


def fields_of(schema: str, model_id: str) -> tuple[str, ...]:
    """The text fields that a model takes, in the order of its schema.

    Reads both spellings of the documentation: `attributes` with `attributeName` (developer guide)
    and `fieldName` (API reference). Raises `ServiceRefused`."""
    try:
        read = read_object(schema)
        left_out = {read.get(name) for name in NOT_PREDICTED_BY}
        for name in ("excludedAttributeNames", "excludedVariableNames"):
            left_out.update(read.get(name) or ())
        listed = read.get("attributes") or read.get("variables") or ()
        types = {
            each.get("attributeName", each.get("fieldName")): each.get(
                "attributeType", each.get("fieldType")
            )
            for each in listed
        }
    except (ValueError, AttributeError, TypeError):
        types, left_out = {}, set()
    fields = tuple(name for name in types if isinstance(name, str) and name not in left_out)
    if not fields:
        raise ServiceRefused(f"the schema of the model {model_id} names no attribute to predict by")
    if other := [name for name in fields if types[name] not in TEXT_TYPES]:
        raise ServiceRefused(
            f"the model {model_id} wants {other[0]} as {types[other[0]]}; records hold text alone"
        )
    return fields
