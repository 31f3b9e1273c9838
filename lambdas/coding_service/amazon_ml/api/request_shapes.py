"""The requests' shapes, limits and patterns, as Amazon ML's service model has them.

Kept as data of our own, because reading botocore's model would double a cold start; a test holds
every member, limit and pattern to that model. Refusals have the form of AWS's validation
messages.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from coding_service.amazon_ml.errors import ApiError, invalid_input

MOST_SHOWN = 64  # characters of a refused value that are quoted back


@dataclass(frozen=True, slots=True)
class Text:
    """A string. Its pattern must match all of it."""

    least: int = 0
    most: int | None = None
    pattern: str | None = None
    among: tuple[str, ...] = ()

    def check(self, name: str, value: Any) -> None:
        if not isinstance(value, str):
            raise _wrong_type(value, "String")
        if self.among and value not in self.among:
            raise _unsatisfied(
                name, value, f"satisfy enum value set: [{', '.join(sorted(self.among))}]"
            )
        if len(value) < self.least:
            raise _unsatisfied(name, value, f"have length greater than or equal to {self.least}")
        if self.most is not None and len(value) > self.most:
            raise _unsatisfied(name, value, f"have length less than or equal to {self.most}")
        if self.pattern and re.fullmatch(self.pattern, value, re.DOTALL) is None:
            raise _unsatisfied(name, value, f"satisfy regular expression pattern: {self.pattern}")


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A whole number."""

    least: int
    most: int

    def check(self, name: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise _wrong_type(value, "Integer")
        if value < self.least:
            raise _unsatisfied(name, value, f"have value greater than or equal to {self.least}")
        if value > self.most:
            raise _unsatisfied(name, value, f"have value less than or equal to {self.most}")


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def check(self, name: str, value: Any) -> None:  # noqa: ARG002  the form of every shape
        if not isinstance(value, bool):
            raise _wrong_type(value, "Boolean")


@dataclass(frozen=True, slots=True)
class Structure:
    """An object with named members; what has no name here is ignored, as AWS does."""

    required: tuple[str, ...] = ()
    members: "Mapping[str, Shape]" = field(default_factory=dict)

    def check(self, name: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise _wrong_type(value, "structure")
        for member in self.required:
            if value.get(member) is None:
                raise _unsatisfied(_joined(name, member), None, "not be null")
        for member, shape in self.members.items():
            if (given := value.get(member)) is not None:
                shape.check(_joined(name, member), given)


Shape = Text | WholeNumber | Flag | Structure

ID: Final = Text(1, 64, r"[a-zA-Z0-9_.-]+")
NAME: Final = Text(most=1024, pattern=r".*\S.*|^$")
S3_URL: Final = Text(most=2048, pattern=r"s3://([^/]+)(/.*)?")
SCHEMA: Final = Text(most=131_071)
STATUSES: Final = ("PENDING", "INPROGRESS", "FAILED", "COMPLETED", "DELETED")
COMPARATORS: Final = ("EQ", "GT", "LT", "GE", "LE", "NE", "Prefix")

_DATA_SPEC = Structure(
    ("DataLocationS3",),
    {
        "DataLocationS3": S3_URL,
        "DataRearrangement": Text(),
        "DataSchema": SCHEMA,
        "DataSchemaLocationS3": S3_URL,
    },
)


def _described_by(*variables: str) -> Structure:
    return Structure(
        members={
            "FilterVariable": Text(among=variables),
            **dict.fromkeys(COMPARATORS, NAME),
            "SortOrder": Text(among=("asc", "dsc")),
            "NextToken": Text(),
            "Limit": WholeNumber(1, 100),
        }
    )


INPUTS: Final[Mapping[str, Structure]] = {
    "CreateDataSourceFromS3": Structure(
        ("DataSourceId", "DataSpec"),
        {
            "DataSourceId": ID,
            "DataSourceName": NAME,
            "DataSpec": _DATA_SPEC,
            "ComputeStatistics": Flag(),
        },
    ),
    "GetDataSource": Structure(("DataSourceId",), {"DataSourceId": ID, "Verbose": Flag()}),
    "DescribeDataSources": _described_by(
        "CreatedAt", "LastUpdatedAt", "Status", "Name", "DataLocationS3", "IAMUser"
    ),
    "DeleteDataSource": Structure(("DataSourceId",), {"DataSourceId": ID}),
    "GetMLModel": Structure(("MLModelId",), {"MLModelId": ID, "Verbose": Flag()}),
    "DescribeMLModels": _described_by(
        *("CreatedAt", "LastUpdatedAt", "Status", "Name", "IAMUser", "TrainingDataSourceId"),
        *("RealtimeEndpointStatus", "MLModelType", "Algorithm", "TrainingDataURI"),
    ),
    "CreateBatchPrediction": Structure(
        ("BatchPredictionId", "MLModelId", "BatchPredictionDataSourceId", "OutputUri"),
        {
            "BatchPredictionId": ID,
            "BatchPredictionName": NAME,
            "MLModelId": ID,
            "BatchPredictionDataSourceId": ID,
            "OutputUri": S3_URL,
        },
    ),
    "GetBatchPrediction": Structure(("BatchPredictionId",), {"BatchPredictionId": ID}),
    "DescribeBatchPredictions": _described_by(
        *("CreatedAt", "LastUpdatedAt", "Status", "Name", "IAMUser", "MLModelId"),
        *("DataSourceId", "DataURI"),
    ),
    "UpdateBatchPrediction": Structure(
        ("BatchPredictionId", "BatchPredictionName"),
        {"BatchPredictionId": ID, "BatchPredictionName": NAME},
    ),
    "DeleteBatchPrediction": Structure(("BatchPredictionId",), {"BatchPredictionId": ID}),
}
"""The input of each operation that the service speaks."""


def _joined(name: str, member: str) -> str:
    lower = member[0].lower() + member[1:]
    return f"{name}.{lower}" if name else lower


def _unsatisfied(name: str, value: object, constraint: str) -> ApiError:
    shown = "null" if value is None else f"'{str(value)[:MOST_SHOWN]}'"
    at = f"Value {shown} at '{name}'"
    return invalid_input(
        f"1 validation error detected: {at} failed to satisfy constraint: Member must {constraint}"
    )


def _wrong_type(value: object, wanted: str) -> ApiError:
    kinds = {str: "STRING_VALUE", bool: "TRUE_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE"}
    found = kinds.get(type(value), "an object or a list")
    return ApiError("SerializationException", f"{found} can not be converted to {wanted}")
