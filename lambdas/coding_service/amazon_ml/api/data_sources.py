"""CreateDataSourceFromS3, GetDataSource, DescribeDataSources, DeleteDataSource."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coding_service.amazon_ml.api.entity_calls import EntityCalls
from coding_service.amazon_ml.entities import DataSource, Status
from coding_service.amazon_ml.errors import (
    SchemaFault,
    invalid_input,
    parameter_mismatch,
)
from coding_service.amazon_ml.s3_uris import check_foreign
from coding_service.amazon_ml.schema import Schema
from coding_service.amazon_ml.start_execution import Starter


@dataclass(frozen=True, kw_only=True)
class DataSources(EntityCalls[DataSource]):
    """A client's data sources."""

    kind: type[DataSource] = DataSource
    starter: Starter
    own_buckets: frozenset[str]
    """The service's buckets, which hold no client's data."""

    def create(self, client: str, request: Mapping[str, Any]) -> dict[str, Any]:
        source = self._asked_for(client, request)
        if not self.store.create(source):
            source = self._same(source)
        if source.status is Status.PENDING:
            self.starter.start(source)
        return {"DataSourceId": source.entity_id}

    def get(self, client: str, request: Mapping[str, Any]) -> dict[str, Any]:
        source, verbose = self.known(client, request), request.get("Verbose", False)
        if verbose:
            source = self.store.with_schema(source)
        return source.shown(self.account, verbose=verbose)

    def _asked_for(self, client: str, request: Mapping[str, Any]) -> DataSource:
        spec, now = request["DataSpec"], self.now_ms()
        if spec.get("DataRearrangement"):
            raise invalid_input(
                "DataRearrangement is not supported: this service codes all of the data. "
                "Leave it out, and split the data before"
            )
        for name in ("DataLocationS3", "DataSchemaLocationS3"):
            check_foreign(name, spec.get(name), self.own_buckets)
        schema, schema_location = spec.get("DataSchema"), spec.get("DataSchemaLocationS3")
        if (schema is None) == (schema_location is None):
            raise invalid_input("Give either DataSchema or DataSchemaLocationS3, and not both")
        if schema is not None:
            try:
                Schema.parse(schema)
            except SchemaFault as fault:
                raise invalid_input(f"DataSchema cannot be used: {fault}") from None
        return DataSource(
            client=client,
            entity_id=request["DataSourceId"],
            name=request.get("DataSourceName"),
            created_ms=now,
            updated_ms=now,
            location=spec["DataLocationS3"],
            schema=schema,
            schema_location=schema_location,
            given_schema=schema is not None,
            compute_statistics=request.get("ComputeStatistics", False),
        )

    def _same(self, asked: DataSource) -> DataSource:
        """The one that is there, if it was asked for with the same parameters."""
        there = self.find(asked.client, asked.entity_id)
        if there is None or self.store.with_schema(there).parameters != asked.parameters:
            raise parameter_mismatch(DataSource.kind, asked.entity_id)
        return there
