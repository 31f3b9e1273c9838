"""The requests' shapes against botocore's service model."""

import re
from typing import Any

import pytest
from botocore.model import Shape, StringShape, StructureShape

from coding_service.amazon_ml.api.request_shapes import INPUTS, Flag, Structure, Text, WholeNumber
from coding_service.amazon_ml.errors import ApiError
from tests.support.coding_service.amazon_ml_model import service_model


def refusal_of(operation: str, request: Any) -> ApiError:
    with pytest.raises(ApiError) as refused:
        INPUTS[operation].check("", request)
    return refused.value


def assert_same(ours: Any, theirs: Shape) -> None:
    limits = theirs.metadata
    if isinstance(theirs, StructureShape):
        assert isinstance(ours, Structure)
        assert set(ours.required) == set(theirs.required_members)
        assert set(ours.members) == set(theirs.members)
        for name, member in theirs.members.items():
            assert_same(ours.members[name], member)
    elif isinstance(theirs, StringShape):
        assert isinstance(ours, Text)
        assert set(ours.among) == set(theirs.enum)
        assert (ours.least, ours.most) == (limits.get("min", 0), limits.get("max"))
        assert ours.pattern == limits.get("pattern")
    elif theirs.type_name == "boolean":
        assert isinstance(ours, Flag)
    else:
        assert theirs.type_name == "integer"
        assert isinstance(ours, WholeNumber)
        assert (ours.least, ours.most) == (limits["min"], limits["max"])


@pytest.mark.parametrize("operation", sorted(INPUTS))
def should_have_the_shape_of_the_service_model(operation: str) -> None:
    theirs = service_model().operation_model(operation).input_shape
    assert theirs is not None
    assert_same(INPUTS[operation], theirs)


@pytest.mark.parametrize(
    ("changed", "constraint"),
    [
        ({"BatchPredictionId": None}, "must not be null"),
        ({"BatchPredictionId": ""}, "length greater than or equal to 1"),
        ({"BatchPredictionId": "x" * 65}, "length less than or equal to 64"),
        ({"BatchPredictionId": "ä"}, "regular expression pattern"),
        ({"BatchPredictionId": "a\n"}, "regular expression pattern"),
        ({"BatchPredictionName": "   "}, "regular expression pattern"),
        ({"BatchPredictionName": "x" * 1025}, "less than or equal to 1024"),
        ({"OutputUri": "http://bucket/key"}, "regular expression pattern"),
        ({"OutputUri": "s3://b/" + "x" * 2048}, "less than or equal to 2048"),
    ],
)
def should_name_the_member_and_the_constraint_when_a_value_is_refused(
    changed: dict[str, Any], constraint: str
) -> None:
    request = {
        "BatchPredictionId": "a",
        "MLModelId": "b",
        "BatchPredictionDataSourceId": "c",
        "OutputUri": "s3://bucket",
    }
    INPUTS["CreateBatchPrediction"].check("", request)
    refused = refusal_of("CreateBatchPrediction", {**request, **changed})
    (member,) = changed
    assert refused.name == "InvalidInputException"
    assert re.search(f"at '{member[0].lower()}{member[1:]}' failed to satisfy", refused.message)
    assert constraint in refused.message


def should_allow_an_empty_name_when_the_pattern_does() -> None:
    INPUTS["UpdateBatchPrediction"].check("", {"BatchPredictionId": "a", "BatchPredictionName": ""})


@pytest.mark.parametrize(
    "request_", [{"Limit": "5"}, {"Limit": True}, {"SortOrder": 1}, [], "text", None]
)
def should_not_convert_when_a_type_is_wrong(request_: Any) -> None:
    assert refusal_of("DescribeMLModels", request_).name == "SerializationException"


def should_ignore_a_member_that_the_model_does_not_have() -> None:
    INPUTS["GetMLModel"].check("", {"MLModelId": "x", "More": 1})
