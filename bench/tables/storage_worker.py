"""Prepare and the join of finish, as their functions compose them, over S3's own client.

    python -m bench.tables.storage_worker prepare|join '{"endpoint_url": …}'

What asks the coding service, the ledger and the queues is left out.
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import boto3
import msgspec

from pipeline.aws import S3
from pipeline.clock import Clock
from pipeline.dependencies import TABLE_BLOCKS_AHEAD
from pipeline.domain.drop import StoredObject
from pipeline.finish.coded_tables import CODES_BYTES
from pipeline.finish.coded_tables import MOST_GROWTH as GROWTH_OF_JOIN
from pipeline.prepare.conversion import MOST_GROWTH as GROWTH_OF_PREPARED
from pipeline.storage.block_reader import BlockReader
from pipeline.storage.chunked_file import ChunkedFile, chunk_bytes_for
from pipeline.storage.multipart import MultipartFiles
from pipeline.storage.object_source import ObjectSource
from pipeline.storage.prepared_bucket import Checkpoint
from tables.join import CodedTable
from tables.open_table import open_table
from tables.plan import Chunk, TableFormat, TableOptions, TablePlan
from tables.prepare import Preparation

FIELDS = ("occp_text", "tasks_text")
MODEL = {"modelId": "11111111-2222-4333-8444-555555555555"}


@dataclass(frozen=True, slots=True)
class TablePlaces:
    """Where the table, the service's output and the plan are."""

    endpoint_url: str
    bucket: str
    table: str
    output: str
    plan: str
    """A file of this machine: prepare writes it, the join reads it."""

    @property
    def s3(self) -> Any:
        return boto3.client("s3", endpoint_url=self.endpoint_url, config=S3)

    def source(self, key: str) -> ObjectSource:
        head = self.s3.head_object(Bucket=self.bucket, Key=key)
        stored = StoredObject(
            bucket=self.bucket,
            key=key,
            version_id="null",
            etag=head["ETag"].strip('"'),
            size=head["ContentLength"],
        )
        reader = BlockReader(self.s3, sleep=Clock().sleep, ahead=TABLE_BLOCKS_AHEAD)
        return ObjectSource(reader, stored)

    def write(self, key: str, chunks: Callable[[dict[str, Any] | None], Iterator[Chunk]]) -> None:
        ChunkedFile(
            files=MultipartFiles(self.s3, self.bucket),
            checkpoint=cast(Checkpoint, KeptInMemory()),
            key=key,
            has_time=lambda: True,
        ).write(chunks)


class KeptInMemory:
    """Stands for a checkpoint in S3."""

    def load(self) -> None:
        """Nothing is resumed."""

    def keep(self, state: dict[str, Any]) -> None:
        """As long as it takes to make it what S3 would get."""
        json.dumps(state)

    def forget(self) -> None:
        """Nothing is kept."""


def prepare(places: TablePlaces) -> None:
    source = places.source(places.table)
    options = TableOptions(fields=FIELDS)
    _, plan = open_table(source, TableFormat.CSV, options)
    preparation = Preparation(source, plan, options)
    chunk_bytes = chunk_bytes_for(GROWTH_OF_PREPARED * source.size)
    places.write("input.jsonl", lambda _: preparation.chunks(chunk_bytes))
    Path(places.plan).write_bytes(msgspec.json.encode(preparation.finished_plan()))


def join(places: TablePlaces) -> None:
    plan = msgspec.json.decode(Path(places.plan).read_bytes(), type=TablePlan)
    source = places.source(places.table)
    table = CodedTable(source, plan, places.source(places.output), topic="anzsco", model=MODEL)
    chunk_bytes = chunk_bytes_for(GROWTH_OF_JOIN * source.size + CODES_BYTES * plan.counts.rows)
    places.write("results.csv", lambda _: table.stream(TableFormat.CSV, chunk_bytes=chunk_bytes))
    if table.tally.rows != plan.counts.rows:
        raise SystemExit("not all rows came back")


if __name__ == "__main__":
    {"prepare": prepare, "join": join}[sys.argv[1]](TablePlaces(**json.loads(sys.argv[2])))
