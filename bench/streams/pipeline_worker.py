"""Submit and Collect of Pipeline, as its functions compose them, between two addresses.

    python -m bench.streams.pipeline_worker submit|bare|collect '{"endpoint_url": …}'

`submit` validates and uploads a drop, `bare` uploads it with no look at its lines, `collect`
copies results to the results bucket. The rooms of `lambdas/pipeline` do the work; what asks the
coding service and the ledger is left out, as its waiting says nothing of the bytes.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import boto3

from pipeline.aws import S3
from pipeline.clock import Clock
from pipeline.collect.copy_output import OutputCopy
from pipeline.domain.part import Segment
from pipeline.engines.base import StorageOutcome, UploadBody
from pipeline.engines.coding_service.presigned import (
    Downloader,
    PresignedHosts,
    Uploader,
    presigned_pool,
)
from pipeline.engines.coding_service.results import ServiceResults
from pipeline.ledger.parts import PartLease
from pipeline.storage.block_reader import BlockReader
from pipeline.storage.multipart import MultipartFiles
from pipeline.submit.input_stream import ValidatedFile
from protocol.messages import CreatedOperation, OperationState
from protocol.statuses import OperationStatus

INPUT_FORMAT = ("occp_text", "tasks_text")


@dataclass(frozen=True, slots=True)
class Places:
    """What a competitor gets: addresses and an object."""

    endpoint_url: str
    bucket: str
    key: str
    etag: str
    length: int
    presigned_url: str
    ca_bundle: str | None

    @property
    def s3(self) -> Any:
        return boto3.client("s3", endpoint_url=self.endpoint_url, config=S3)

    @property
    def hosts(self) -> PresignedHosts:
        return PresignedHosts((urlsplit(self.presigned_url).netloc,), allow_plain_http=True)

    @property
    def segment(self) -> Segment:
        return Segment(
            drop_id="bench",
            bucket=self.bucket,
            key=self.key,
            version_id="null",
            etag=self.etag,
            first_byte=0,
            last_byte=self.length - 1,
            results_prefix="",
        )


def submit(places: Places) -> None:
    reader = BlockReader(places.s3, sleep=Clock().sleep)
    file = ValidatedFile(reader, places.segment, INPUT_FORMAT, has_time=lambda: True)
    file.check_head()
    _upload(places, file.valid_blocks)
    if file.facts().bytes != places.length:
        raise SystemExit("not all of the drop was read")


def bare(places: Places) -> None:
    _upload(places, BlockReader(places.s3, sleep=Clock().sleep).blocks(places.segment))


def _upload(places: Places, blocks: Iterator[bytes]) -> None:
    body = UploadBody(
        blocks=blocks, length=places.length, before_last=lambda: None, has_time=lambda: True
    )
    uploader = Uploader(presigned_pool(places.ca_bundle), places.hosts)
    answer = uploader.put(CreatedOperation("bench", places.presigned_url, "arn:aws:kms:key"), body)
    if answer.outcome is not StorageOutcome.DONE:
        raise SystemExit(f"the upload was refused: {answer.code}")


@dataclass
class Checkpoints:
    """Stands for the lease on the part: keeps its checkpoint."""

    record: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(collection=None))

    def checkpoint(self, collection: dict[str, Any]) -> None:
        self.record.collection = collection

    def forget_collection(self) -> None:
        self.record.collection = None


def collect(places: Places) -> None:
    pool = presigned_pool(places.ca_bundle)
    url = places.presigned_url
    copy = OutputCopy(
        lease=cast(PartLease, Checkpoints()),
        results=ServiceResults(
            operation_id="operation",
            state=lambda: OperationState(OperationStatus.COMPLETE, url, url),
            downloader=Downloader(pool, places.hosts, Clock()),
        ),
        files=MultipartFiles(places.s3, places.bucket),
        key=places.key,
        has_time=lambda: True,
    )
    facts = copy.run()
    if facts is None or facts.bytes != places.length:
        raise SystemExit("not all of the results were copied")


if __name__ == "__main__":
    {"submit": submit, "bare": bare, "collect": collect}[sys.argv[1]](
        Places(**json.loads(sys.argv[2]))
    )
