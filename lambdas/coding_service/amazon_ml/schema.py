"""A data source's schema: which attributes its lines have, in their order.

The developer guide ("Creating a Data Schema for Amazon ML") and the API reference (S3DataSpec) name
the same things differently; both forms are read.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from coding_service.amazon_ml.errors import SchemaFault
from shared.received_json import JsonFault, read_object

ATTRIBUTE_TYPES = frozenset(
    {"BINARY", "CATEGORICAL", "NUMERIC", "TEXT"}
    | {"WEIGHTED_INT_SEQUENCE", "WEIGHTED_STRING_SEQUENCE"}
)
VERSION, CSV = "1.0", "CSV"
MOST_SCHEMA_BYTES = 131_071  # the service model has as many characters; an item holds 409,600 bytes
MOST_ATTRIBUTES = 1_000  # Amazon ML system limits: attributes (variables) of a data file


@dataclass(frozen=True, slots=True)
class Schema:
    """The attributes of a line, in order."""

    attributes: tuple[str, ...]
    row_id: str | None
    """The attribute that identifies a line, or None."""
    target: str | None
    """The attribute that a prediction is compared with; its values are ignored."""
    has_header: bool
    excluded: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Self:
        """The schema in a JSON text. Raises `SchemaFault`."""
        if len(text.encode()) > MOST_SCHEMA_BYTES:
            raise SchemaFault(f"The schema is longer than {MOST_SCHEMA_BYTES:,} bytes")
        content = _object(text)
        if str(content.get("version")) != VERSION:
            raise SchemaFault(f'The schema\'s version must be "{VERSION}"')
        if content.get("dataFormat") != CSV:
            raise SchemaFault(f'The schema\'s dataFormat must be "{CSV}"')
        has_header = content.get("dataFileContainsHeader", False)
        if not isinstance(has_header, bool):
            raise SchemaFault("The schema's dataFileContainsHeader must be true or false")
        names = _names(content.get("attributes"))
        found = cls(
            attributes=names,
            row_id=_one_of(content, names, "rowId", "recordAnnotationFieldName"),
            target=_one_of(content, names, "targetAttributeName", "targetFieldName"),
            has_header=has_header,
            excluded=_excluded(content),
        )
        if unknown := sorted(found.excluded - set(names)):
            raise SchemaFault(
                f"The schema excludes {unknown[0]!r}, which is none of its attributes"
            )
        return found

    def columns(self, fields: Sequence[str]) -> tuple[int, ...]:
        """Where a model's fields stand in a line. Raises `SchemaFault` where one does not."""
        for name in fields:
            if name not in self.attributes or name in self.excluded:
                raise SchemaFault(
                    f"The schema lacks the attribute {name!r}, which the MLModel needs; "
                    f"it needs: {', '.join(fields)}"
                )
        return tuple(self.attributes.index(name) for name in fields)

    @property
    def row_id_column(self) -> int | None:
        return None if self.row_id is None else self.attributes.index(self.row_id)


def schema_of_fields(fields: Sequence[str]) -> str:
    """A model's own schema, as GetMLModel shows it: its fields, all of them text."""
    return json.dumps(
        {
            "version": VERSION,
            "dataFormat": CSV,
            "dataFileContainsHeader": False,
            "attributes": [{"attributeName": name, "attributeType": "TEXT"} for name in fields],
        }
    )


def _object(text: str) -> dict[str, Any]:
    try:
        return read_object(text)
    except JsonFault as fault:
        raise SchemaFault(f"The schema {fault}") from None


def _names(attributes: Any) -> tuple[str, ...]:
    if not isinstance(attributes, list) or not attributes:
        raise SchemaFault("The schema's attributes must be a list with at least one attribute")
    if len(attributes) > MOST_ATTRIBUTES:
        raise SchemaFault(f"The schema has {len(attributes)} attributes; at most {MOST_ATTRIBUTES}")
    names = tuple(_name(each) for each in attributes)
    if len(set(names)) < len(names):
        raise SchemaFault("Two attributes of the schema have the same name")
    return names


def _excluded(content: Mapping[str, Any]) -> frozenset[str]:
    listed = content.get("excludedAttributeNames") or content.get("excludedVariableNames") or []
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise SchemaFault("The schema's excludedAttributeNames must be a list of names")
    return frozenset(listed)


def _name(attribute: Any) -> str:
    if not isinstance(attribute, dict):
        raise SchemaFault("Each attribute of the schema must be an object with a name and a type")
    name = attribute.get("attributeName", attribute.get("fieldName"))
    kind = attribute.get("attributeType", attribute.get("fieldType"))
    if not isinstance(name, str) or not name:
        raise SchemaFault("An attribute of the schema has no attributeName")
    if not isinstance(kind, str) or kind not in ATTRIBUTE_TYPES:
        known = ", ".join(sorted(ATTRIBUTE_TYPES))
        raise SchemaFault(f"The attributeType of {name[:64]!r} must be one of {known}")
    return name


def _one_of(content: Mapping[str, Any], names: Sequence[str], *keys: str) -> str | None:
    for key in keys:
        if (name := content.get(key)) is not None:
            if name not in names:
                raise SchemaFault(f"The schema's {key} is none of its attributes")
            return str(name)
    return None
