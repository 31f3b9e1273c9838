"""Schemas: what is one, and where a model's fields stand in it."""

import json
from typing import Any

import pytest

from coding_service.amazon_ml.errors import SchemaFault
from coding_service.amazon_ml.schema import Schema, schema_of_fields
from tests.support.coding_service.amazon_ml import SCHEMA

# As the API reference's S3DataSpec names things.
OTHER_NAMES = {
    "version": "1.0",
    "recordAnnotationFieldName": "F1",
    "targetFieldName": "F3",
    "dataFormat": "CSV",
    "dataFileContainsHeader": True,
    "attributes": [
        {"fieldName": "F1", "fieldType": "TEXT"},
        {"fieldName": "F2", "fieldType": "NUMERIC"},
        {"fieldName": "F3", "fieldType": "CATEGORICAL"},
    ],
    "excludedVariableNames": ["F2"],
}


def changed(**changes: Any) -> str:
    return json.dumps({**SCHEMA, **changes})


def should_read_the_developer_guides_form() -> None:
    schema = Schema.parse(json.dumps(SCHEMA))
    assert schema.attributes == ("id", "occp_text", "tasks_text")
    assert (schema.row_id_column, schema.has_header) == (0, True)
    assert schema.columns(("tasks_text", "occp_text")) == (2, 1)


def should_read_the_api_references_form() -> None:
    schema = Schema.parse(json.dumps(OTHER_NAMES))
    assert (schema.row_id, schema.target) == ("F1", "F3")
    assert schema.attributes == ("F1", "F2", "F3")


def should_have_no_header_and_no_row_id_unless_it_says_so() -> None:
    schema = Schema.parse(schema_of_fields(("a", "b")))
    assert (schema.has_header, schema.row_id_column, schema.target) == (False, None, None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("[]", "not an object"),
        (changed(version="2.0"), "version"),
        (changed(dataFormat=None), "dataFormat"),
        (changed(dataFileContainsHeader="yes"), "dataFileContainsHeader"),
        (changed(attributes=[]), "at least one"),
        (changed(attributes=["a"]), "an object with a name"),
        (changed(attributes=[{"attributeType": "TEXT"}]), "no attributeName"),
        (changed(attributes=[{"attributeName": "a", "attributeType": "DATE"}]), "attributeType"),
        (changed(attributes=SCHEMA["attributes"] * 2), "same name"),
        (changed(rowId="nothing"), "rowId"),
        (changed(targetAttributeName="nothing"), "targetAttributeName"),
        (changed(excludedAttributeNames=["nothing"]), "excludes"),
    ],
)
def should_say_what_is_wrong_with_a_schema(text: str, why: str) -> None:
    with pytest.raises(SchemaFault, match=why):
        Schema.parse(text)


@pytest.mark.parametrize("schema", [changed(excludedAttributeNames=["tasks_text"]), changed()])
def should_name_the_field_that_the_model_needs(schema: str) -> None:
    with pytest.raises(SchemaFault, match=r"'tasks_text'|'more'"):
        Schema.parse(schema).columns(("occp_text", "tasks_text", "more"))
