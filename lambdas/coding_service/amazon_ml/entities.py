"""Data sources and batch predictions, as they are kept and as the API shows them.

Times are whole milliseconds since the epoch; the API shows seconds with a fraction.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, ClassVar, Self


class Status(StrEnum):
    """EntityStatus of the service model."""

    PENDING = "PENDING"
    INPROGRESS = "INPROGRESS"
    FAILED = "FAILED"
    COMPLETED = "COMPLETED"
    DELETED = "DELETED"


ENDED = frozenset({Status.FAILED, Status.COMPLETED})


@dataclass(frozen=True, kw_only=True)
class Entity:
    """What both kinds have. None stands for what is not known yet or not at all."""

    kind: ClassVar[str]
    id_name: ClassVar[str]

    client: str
    entity_id: str
    name: str | None = None
    status: Status = Status.PENDING
    created_ms: int
    updated_ms: int
    started_ms: int | None = None
    finished_ms: int | None = None
    compute_ms: int | None = None
    message: str | None = None

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        known = {each.name for each in fields(cls)}
        values: dict[str, Any] = {
            name: int(value) if name.endswith(("_ms", "_count", "_bytes")) else value
            for name, value in item.items()
            if name in known and value is not None
        }
        return cls(**{**values, "status": Status(values["status"])})

    def to_item(self) -> dict[str, Any]:
        values = {name: value for name, value in asdict(self).items() if value is not None}
        return {**values, "status": str(self.status)}

    def shown(self, account: str) -> dict[str, Any]:
        """The members that both kinds show."""
        members = {
            self.id_name: self.entity_id,
            # The service model takes no other partition than `aws`; nor is the stack for another.
            "CreatedByIamUser": f"arn:aws:iam::{account}:user/{self.client}",
            "CreatedAt": self.created_ms / 1000,
            "LastUpdatedAt": self.updated_ms / 1000,
            "Name": self.name,
            "Status": str(self.status),
            "Message": self.message,
            "StartedAt": None if self.started_ms is None else self.started_ms / 1000,
            "FinishedAt": None if self.finished_ms is None else self.finished_ms / 1000,
        }
        return {name: value for name, value in members.items() if value is not None}

    @property
    def parameters(self) -> tuple[Any, ...]:
        """What a repeated creation must agree in."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class DataSource(Entity):
    """Observations in S3 and the schema that describes them."""

    kind: ClassVar[str] = "DataSource"
    id_name: ClassVar[str] = "DataSourceId"

    location: str
    schema: str | None = None
    """The text; None where only its location was given and it was not read yet."""
    schema_location: str | None = None
    compute_statistics: bool = False
    given_schema: bool = True
    file_count: int | None = None
    data_bytes: int | None = None

    @property
    def parameters(self) -> tuple[Any, ...]:
        schema = self.schema if self.given_schema else None
        return (self.name, self.location, schema, self.schema_location, self.compute_statistics)

    def shown(self, account: str, *, verbose: bool = False) -> dict[str, Any]:
        members = {
            **super().shown(account),
            "DataLocationS3": self.location,
            "ComputeStatistics": self.compute_statistics,
            "NumberOfFiles": self.file_count,
            "DataSizeInBytes": self.data_bytes,
            # "only available if … COMPLETED … and the ComputeStatistics is set to true"
            "ComputeTime": self.compute_ms if self.compute_statistics else None,
            "DataSourceSchema": self.schema if verbose else None,
        }
        return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class BatchPrediction(Entity):
    """A request to code the observations of a data source."""

    kind: ClassVar[str] = "BatchPrediction"
    id_name: ClassVar[str] = "BatchPredictionId"

    model_id: str
    data_source_id: str
    output_uri: str
    input_location: str
    total_count: int | None = None
    invalid_count: int | None = None
    asked_name: str | None = None
    """The name that it was created with; `name` may change."""
    refusal: str | None = None
    """Why one of its ranges could not be coded; becomes the message."""
    upload: str | None = None
    """The upload of the result that is being joined, as JSON: its bucket, key and upload id."""

    @property
    def parameters(self) -> tuple[Any, ...]:
        return (self.asked_name, self.model_id, self.data_source_id, self.output_uri)

    def shown(self, account: str) -> dict[str, Any]:
        members = {
            **super().shown(account),
            "MLModelId": self.model_id,
            "BatchPredictionDataSourceId": self.data_source_id,
            "InputDataLocationS3": self.input_location,
            "OutputUri": self.output_uri,
            "ComputeTime": self.compute_ms,
            "TotalRecordCount": self.total_count,
            "InvalidRecordCount": self.invalid_count,
        }
        return {name: value for name, value in members.items() if value is not None}
